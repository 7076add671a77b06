//! What the answers to three questions say of a key, together.

use std::fmt;

use super::answer::Reading;

/// What a service knows of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It verifies tokens with this key.
    Live,
    /// It doesn't know the key's kid, and verifies its tokens all the same: a key without kid has the same secret.
    Wildcard,
    /// It doesn't know the key.
    Absent,
    /// It knows the kid, with another secret.
    OtherSecret,
    /// It knows the kid, with another algorithm.
    OtherAlgorithm,
    /// One service doesn't give these answers; several that differ do.
    Differs,
    /// Whatever was asked, it says the same: it is not the service that answers.
    SameToAll,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Live => "live",
            Self::Wildcard => "absent; a key without kid has its secret",
            Self::Absent => "absent",
            Self::OtherSecret => "other secret",
            Self::OtherAlgorithm => "other algorithm",
            Self::Differs => "answers differ",
            Self::SameToAll => "can't be determined",
        })
    }
}

impl Standing {
    /// Its name in reports for programs.
    #[must_use]
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Wildcard => "wildcard",
            Self::Absent => "absent",
            Self::OtherSecret => "other-secret",
            Self::OtherAlgorithm => "other-algorithm",
            Self::Differs => "differs",
            Self::SameToAll => "unknown",
        }
    }
}

/// Which tokens a key is asked for with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    WithItsKid,
    /// The key has none.
    WithoutKid,
}

/// What three answers mean: to the key's own token, to one with its secret under a kid that nobody has, and to one with
/// its kid and a secret that nobody has.
#[must_use]
pub(crate) fn judge(asked: Asked, own: Reading, other_kid: Reading, other_secret: Reading) -> Standing {
    use Asked::WithItsKid;
    use Reading::{NoKey, OtherAlgorithm, OtherSecret};
    let [own, other_kid, other_secret] = [own, other_kid, other_secret].map(|reading| match reading {
        Reading::NoKeyFetchFails => NoKey,
        other => other,
    });
    // A secret that nobody has verifies nothing, and a kid that nobody has belongs to no key.
    if other_secret.is_verified() || matches!(other_kid, OtherSecret | OtherAlgorithm) {
        return Standing::SameToAll;
    }
    match (own, other_secret) {
        // The kid is there: with another secret, its key says no.
        (own, OtherSecret) if own.is_verified() && asked == WithItsKid => Standing::Live,
        (own, NoKey) if own.is_verified() && other_kid.is_verified() => match asked {
            WithItsKid => Standing::Wildcard,
            Asked::WithoutKid => Standing::Live,
        },
        (NoKey, NoKey) if other_kid == NoKey => Standing::Absent,
        (OtherSecret, OtherSecret) if asked == WithItsKid => Standing::OtherSecret,
        (OtherAlgorithm, OtherAlgorithm) if asked == WithItsKid => Standing::OtherAlgorithm,
        _ => Standing::Differs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Asked::{WithItsKid, WithoutKid};
    use Reading::{Expired, NoKey, NoKeyFetchFails, OtherAlgorithm, OtherSecret, Verified};

    #[test]
    fn the_answers_of_one_service() {
        for (asked, own, other_kid, other_secret, standing) in [
            (WithItsKid, Verified, NoKey, OtherSecret, Standing::Live),
            (WithItsKid, Expired, NoKey, OtherSecret, Standing::Live),
            // It has the key, and a wildcard with the same secret.
            (WithItsKid, Verified, Verified, OtherSecret, Standing::Live),
            // It has only the wildcard.
            (WithItsKid, Verified, Verified, NoKey, Standing::Wildcard),
            (WithItsKid, NoKey, NoKey, NoKey, Standing::Absent),
            (WithItsKid, OtherSecret, NoKey, OtherSecret, Standing::OtherSecret),
            (WithItsKid, OtherSecret, Verified, OtherSecret, Standing::OtherSecret),
            (WithItsKid, OtherAlgorithm, NoKey, OtherAlgorithm, Standing::OtherAlgorithm),
            (WithoutKid, Verified, Verified, NoKey, Standing::Live),
            // The keys of a `jwks_uri` can't be fetched: those of the file are found all the same.
            (WithItsKid, Verified, NoKeyFetchFails, OtherSecret, Standing::Live),
            (WithItsKid, NoKeyFetchFails, NoKeyFetchFails, NoKeyFetchFails, Standing::Absent),
            (WithoutKid, Verified, Verified, NoKeyFetchFails, Standing::Live),
            (WithoutKid, NoKey, NoKey, NoKey, Standing::Absent),
        ] {
            assert_eq!(
                judge(asked, own, other_kid, other_secret),
                standing,
                "{own:?} {other_kid:?} {other_secret:?}"
            );
        }
    }

    #[test]
    fn something_that_says_the_same_to_all_is_never_taken_for_a_live_key() {
        for (same, standing) in [
            (Verified, Standing::SameToAll),
            (Expired, Standing::SameToAll),
            (OtherSecret, Standing::SameToAll),
            (OtherAlgorithm, Standing::SameToAll),
            // As a service without any of these keys does.
            (NoKey, Standing::Absent),
        ] {
            assert_eq!(judge(WithItsKid, same, same, same), standing);
            assert_eq!(judge(WithoutKid, same, same, same), standing);
        }
    }

    #[test]
    fn answers_of_replicas_that_differ_are_not_taken_for_those_of_one() {
        // The replica that knew the key, then two that don't; and the other way round.
        assert_eq!(judge(WithItsKid, Verified, NoKey, NoKey), Standing::Differs);
        assert_eq!(judge(WithItsKid, NoKey, NoKey, OtherSecret), Standing::Differs);
        assert_eq!(judge(WithItsKid, NoKey, Verified, NoKey), Standing::Differs);
        assert_eq!(judge(WithoutKid, Verified, NoKey, NoKey), Standing::Differs);
    }
}
