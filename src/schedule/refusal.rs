//! What is refused as unsafe, and how to override it.

use clap::ValueEnum;

use super::leaving::Leaving;
use super::live::{NotLiveAt, not_known};
use super::policy::{CLOCK_SKEW, TOLERANCE};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Named, list};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::strength::Weakness;
use crate::keyset::{Fault, HmacAlg, KeyName, KeyRef, Kid, Undecidable};

/// The name of a refusal, as `--allow` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum RefusalId {
    /// A key that may still verify tokens would go
    LiveKey,
    /// No key would be left
    LastKey,
    /// The current key would go without another in its place
    CurrentKey,
    /// A key would go before the last token signed with it has expired
    ShortOverlap,
    /// A key would sign before every replica knows it
    BeforeNbf,
    /// A key would sign that a running service doesn't know
    NotLive,
    /// A key would be replaced by one that is not newer
    OlderKey,
    /// An imported secret is that of another key already
    SameSecret,
    /// The secret can be guessed
    WeakSecret,
    /// A chosen kid, beside a key without kid, may reject tokens that carry it
    Wildcard,
    /// This machine's clock is behind a key's `iat`
    Clock,
    /// Users log in with keys from elsewhere
    OtherLogin,
    /// An existing file would be replaced
    Overwrite,
}

impl RefusalId {
    /// The id, as `--allow` takes it.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What is done although it would be refused.
pub type Allowed = [RefusalId];

/// Something refused, and why.
#[derive(Clone, Debug)]
pub struct Refusal(pub(crate) Hazard);

/// What would happen, in one case.
#[derive(Clone, Debug)]
pub(crate) enum Hazard {
    KeysStillVerify { keys: Vec<KeyRef>, advice: Advice },
    NoKeyLeft,
    NoKeyStays,
    CurrentRemoved { key: KeyRef, advice: Advice },
    CurrentRetired { key: KeyRef },
    CurrentDisplaced { key: KeyRef },
    ShortOverlap { overlap: Seconds, least: Seconds, token_ttl: Seconds },
    EndsNow { key: KeyRef, exp: NumericDate },
    EndsSooner { key: KeyRef, had: NumericDate, exp: NumericDate, overlap: Seconds },
    BeforeNbf { key: KeyRef, nbf: NumericDate },
    JustAdded { key: KeyRef, from: NumericDate },
    ShortStandby { wait: Seconds, deploy_within: Seconds },
    NotLive { key: KeyRef, at: Vec<NotLiveAt> },
    // It may be gone from running services.
    PastExp { key: KeyRef, exp: NumericDate },
    OlderKey { key: KeyRef, current: KeyRef },
    SameSecret { key: KeyRef },
    WeakSecret(Weakness),
    ShortSecret { bits: usize, alg: HmacAlg },
    // A variable that is there already, whose value a new config would use.
    WeakValue { variable: &'static str, weakness: Weakness },
    Wildcard { kid: Kid },
    UnreadableIat { key: KeyRef },
    ClockBehind { now: NumericDate, key: KeyRef, iat: NumericDate },
    // The member that the keys come from; without one, public keys in the file.
    OtherLogin { member: Option<&'static str> },
    UnknownLogin { key: KeyRef },
    // The last shared secret was retired.
    Leaving(Leaving),
    Overwrite,
}

/// What can be done instead of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// PowerSync Cloud has no schedule.
    Cloud,
    /// The current key is replaced.
    Replace,
    /// Any other key is retired first.
    Retire,
}

impl Refusal {
    /// Which rule refuses it.
    #[must_use]
    pub fn id(&self) -> RefusalId {
        match self.0 {
            Hazard::KeysStillVerify { .. } => RefusalId::LiveKey,
            Hazard::NoKeyLeft | Hazard::NoKeyStays => RefusalId::LastKey,
            Hazard::CurrentRemoved { .. }
            | Hazard::CurrentRetired { .. }
            | Hazard::CurrentDisplaced { .. } => RefusalId::CurrentKey,
            Hazard::ShortOverlap { .. } | Hazard::EndsNow { .. } | Hazard::EndsSooner { .. } => {
                RefusalId::ShortOverlap
            }
            Hazard::BeforeNbf { .. } | Hazard::JustAdded { .. } | Hazard::ShortStandby { .. } => {
                RefusalId::BeforeNbf
            }
            Hazard::NotLive { .. } | Hazard::PastExp { .. } => RefusalId::NotLive,
            Hazard::OlderKey { .. } => RefusalId::OlderKey,
            Hazard::SameSecret { .. } => RefusalId::SameSecret,
            Hazard::WeakSecret(_) | Hazard::ShortSecret { .. } | Hazard::WeakValue { .. } => {
                RefusalId::WeakSecret
            }
            Hazard::Wildcard { .. } => RefusalId::Wildcard,
            Hazard::UnreadableIat { .. } | Hazard::ClockBehind { .. } => RefusalId::Clock,
            Hazard::OtherLogin { .. } | Hazard::UnknownLogin { .. } | Hazard::Leaving(_) => {
                RefusalId::OtherLogin
            }
            Hazard::Overwrite => RefusalId::Overwrite,
        }
    }

    /// What would happen.
    #[allow(clippy::too_many_lines, reason = "a line or two for each refusal, and nothing else")]
    pub(crate) fn message(&self) -> Sentence {
        match &self.0 {
            Hazard::KeysStillVerify { keys, advice } => still_verify(keys, *advice),
            Hazard::NoKeyLeft => sentence!("no key would be left, and every token would be rejected"),
            Hazard::NoKeyStays => sentence!("no key would be left that is not on its way out"),
            Hazard::CurrentRemoved { key, advice } => {
                let instead = match advice {
                    Advice::Cloud => "`add` another first",
                    _ => "`rotate --revoke` replaces and removes it in one write",
                };
                sentence!("{key} is the current key, and no other could take its place. {instead}")
            }
            Hazard::CurrentRetired { key } => sentence!(
                "{key} is the current key: PowerSync's tools would still sign with it although it is on its way out. \
                 `rotate` puts a new key in its place and retires it"
            ),
            Hazard::CurrentDisplaced { key } => sentence!(
                "as the first HS256 key it would be the current one in place of {key}, before any replica knows it. \
                 Leave `--alg` out, or rotate"
            ),
            Hazard::ShortOverlap { overlap, least, token_ttl } => sentence!(
                "an overlap of {} s is shorter than {} s: a token signed now lives {} s, the service accepts it for {} s \
                 more, and clocks may differ by {} s. Its users would be locked out",
                overlap.get(),
                least.get(),
                token_ttl.get(),
                TOLERANCE.get(),
                CLOCK_SKEW.get()
            ),
            Hazard::EndsNow { key, exp } => sentence!(
                "{exp} is not in the future: {key} could be removed at once, with tokens still valid",
                exp = exp.to_the_minute()
            ),
            Hazard::EndsSooner { key, had, exp, overlap } => sentence!(
                "{key} was to stay until {had}. {exp} is earlier, and sooner than the overlap of {overlap} from now: a \
                 backend that hasn't switched yet would be locked out",
                exp = exp.to_the_minute(),
                had = had.to_the_minute()
            ),
            Hazard::BeforeNbf { key, nbf } => sentence!(
                "{key} is not to be promoted before {nbf}: a replica that hasn't restarted since it was added doesn't \
                 know it, and would reject its tokens",
                nbf = nbf.to_the_minute()
            ),
            Hazard::JustAdded { key, from } => sentence!(
                "{key} was added too recently: a replica may not know it yet, and would reject its tokens. From {from} \
                 every replica should",
                from = from.to_the_minute()
            ),
            Hazard::ShortStandby { wait, deploy_within } => sentence!(
                "a standby of {wait} is shorter than the {deploy_within} until every replica has restarted: one that \
                 hasn't would reject the new key's tokens"
            ),
            Hazard::NotLive { key, at } => sentence!(
                "{key} would sign, and its tokens would be rejected: {}. Restart it with this file first; `probe --wait \
                 10m` says when it is live",
                not_known(at)
            ),
            Hazard::PastExp { key, exp } => sentence!(
                "{key} could be removed from {exp}, so a replica may have started without it, and would reject its tokens. \
                 `--probe URL` asks whether every replica still knows it",
                exp = exp.to_the_minute()
            ),
            Hazard::OlderKey { key, current } => sentence!(
                "{key} is not newer than the current key, {current}, by their `iat`. Going back to an older key is for \
                 emergencies"
            ),
            Hazard::SameSecret { key } => sentence!(
                "this is the secret of {key}: anyone who has it has both keys, and retiring one takes it from nobody"
            ),
            Hazard::WeakSecret(why) => sentence!("this secret is too weak to sign tokens with: {why}"),
            Hazard::ShortSecret { bits, alg } => sentence!(
                "this secret is too weak to sign tokens with: it has {bits} bits, and {alg} needs {} (RFC 7518, section \
                 3.2)",
                alg.hash_length() * 8
            ),
            Hazard::WeakValue { variable, weakness } => sentence!(
                "the value of {variable} would be the key's secret, and {weakness}. Remove that line to get a fresh one"
            ),
            Hazard::Wildcard { kid } => sentence!(
                "a key without kid verifies tokens of any kid until a key has exactly that kid. Tokens that carry `{kid}` \
                 today would be rejected. Leave `--kid` out to get a fresh one"
            ),
            Hazard::UnreadableIat { key } => sentence!(
                "the `iat` of {key} can't be read, so it can't be determined whether this machine's clock went back"
            ),
            Hazard::ClockBehind { now, key, iat } => sentence!(
                "it is {now}, and key {key} says it was made later, at {iat}. Set this machine's clock right, or correct \
                 that `iat`"
            ),
            Hazard::OtherLogin { member } => sentence!(
                "users of this config log in with {}, and there is no shared secret. A new one would be a second way in: \
                 anyone who has it can sign in as anyone",
                member.map_or_else(
                    || "the public keys in this file".to_owned(),
                    |name| format!("keys from `{name}`")
                )
            ),
            Hazard::UnknownLogin { key } => sentence!(
                "what {key} is, only its variables tell, and users may log in with it. A new secret would be a second way in: \
                 anyone who has it can sign in as anyone"
            ),
            Hazard::Leaving(leaving) => leaving.refusal(),
            Hazard::Overwrite => sentence!(
                "there is a config of this name, and a new one would take its place (a copy would be kept). \
                 `powersync-jwks init --fill` generates the missing secrets"
            ),
        }
    }
}

fn still_verify(keys: &[KeyRef], advice: Advice) -> Sentence {
    let (it, verb) = if keys.len() == 1 { ("it", "verifies") } else { ("them", "verify") };
    let keys = KeyRef::list(keys);
    let how = match advice {
        Advice::Cloud => {
            "with the next deploy. Once your backend has left it, the last of them has expired after a day; a leaked secret \
             is the reason not to wait"
        }
        Advice::Replace => {
            "after the restart. `retire` first and `prune` later is the safe way; a leaked secret is the reason not to \
             wait, and for the key in use `rotate --revoke` puts a new one in its place"
        }
        Advice::Retire => {
            "after the restart. `retire` first and `prune` later is the safe way; a leaked secret is the reason not to \
             wait"
        }
    };
    sentence!("{keys} still {verb} tokens; anyone who holds one signed with {it} would be locked out {how}")
}

/// Why there is no decision.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Unsafe.
    #[error("{}", refused(.0))]
    Refused(Vec<Refusal>),
    /// A member that can't be read decides.
    #[error(transparent)]
    Undecidable(#[from] Undecidable),
    /// No key has that name. What there is instead.
    #[error("there is no key `{}` in this file. {}", Named(&.0.to_string()), it_has(.1))]
    UnknownKey(KeyName, Vec<KeyRef>),
    /// Several keys have that kid: their numbers, from 1.
    #[error("the kid `{0}` is duplicated: {list}. Name one by its number; the service uses the first", list = places(.1))]
    AmbiguousKid(KeyName, Vec<usize>),
    /// A new key's kid is there already.
    #[error(
        "the kid `{0}` is in this file already. Leave `--kid` out to get a fresh one: a kid used twice hides the second key \
         from the service"
    )]
    KidTaken(Kid),
    /// The secret that is to be revoked would come back.
    #[error("this is the secret of {0}, which is to be revoked. Import another, or let the tool make one")]
    SecretRevoked(KeyRef),
    /// Nothing to rotate away from.
    #[error("there is no shared secret to revoke in this file")]
    NothingToRevoke,
    /// A rotation is under way: its key, and from when that may be promoted.
    #[error(
        "{key} is waiting to be promoted, from {from} on. `promote {key}` finishes that rotation; `rollback {key}` gives it up, if \
         nobody signs with it",
        key = .0.argument(),
        from = .1.to_the_minute()
    )]
    StandbyWaits(KeyRef, NumericDate),
    /// No key is on its way out.
    #[error("no key is retiring, so there is none to go back to. `promote KEY` takes another key")]
    NothingToRollBack,
    /// This key isn't on its way out.
    #[error("{0} is not retiring, so there is no rotation from it to take back. `promote {key}` takes it", key = .0.argument())]
    NotRetired(KeyRef),
    /// Several keys have the latest `exp`.
    #[error(
        "several keys retire at the same moment: {}. Name the one to go back to",
        list(&.0.iter().map(KeyRef::argument).collect::<Vec<_>>())
    )]
    SeveralRetiring(Vec<KeyRef>),
    /// No key waits.
    #[error("no key waits to be promoted. `rotate --standby` adds one; `promote KEY` takes another key")]
    NoStandby,
    /// More than one waits.
    #[error(
        "several keys wait to be promoted: {}. Name one",
        list(&.0.iter().map(KeyRef::argument).collect::<Vec<_>>())
    )]
    SeveralStandbys(Vec<KeyRef>),
    /// A standby key comes after a current one.
    #[error("there is no current key for a new one to follow. `rotate` without `--standby` makes the first")]
    NothingToFollow,
    /// Tokens are not signed with it.
    #[error("{0} is a public key: it verifies tokens signed elsewhere, and can't be the one to sign with")]
    NotSymmetric(KeyRef),
    /// The service uses the first key of a kid.
    #[error(
        "the kid {0} is duplicated, so moving this key would change which of them the service uses. Give it a kid of its \
         own first"
    )]
    SharedKid(KeyRef),
    /// HS256 comes first, whatever the order.
    #[error(
        "{0} would not be the current key in first place: PowerSync's tools sign with the first HS256 key, and its algorithm \
         isn't HS256"
    )]
    NotCurrentByAlg(KeyRef),
    /// Nobody signs with it.
    #[error(
        "{0} is not in use: it waits, or is on its way out. `rotate --key` replaces a key that a backend signs with"
    )]
    NotInUse(KeyRef),
    /// A public key has none.
    #[error("{0} is a public key: it has no secret")]
    NoSecret(KeyRef),
    /// A secret of no bytes.
    #[error(
        "the secret of {0} is empty as the service reads it, so anyone can sign with it, and a variable without a value can't \
         hold it. Put another key in its place"
    )]
    EmptySecret(KeyRef),
    /// The value of a variable that holds a secret is needed.
    #[error(
        "the secret of {0} is the value of {1}, which is not known here. Name the file that has it: `--env-file \
         PATH`, or set the variable for this run"
    )]
    ValueUnknown(KeyRef, String),
    /// The current key would count as newer than the one that is to take its place.
    #[error(
        "--assume-age: {current} would count as made at {assumed}, and {waiting}, which waits to take its place, was made at \
         {made}. A key is never promoted over a newer one, so that rotation would be given up. Assume a greater age",
        assumed = .assumed.to_the_minute(),
        made = .made.to_the_minute()
    )]
    AssumedNewer {
        /// The current key.
        current: KeyRef,
        /// Its assumed `iat`.
        assumed: NumericDate,
        /// The key that waits.
        waiting: KeyRef,
        /// Its `iat`.
        made: NumericDate,
    },
    /// A key that stops the service has no schedule.
    #[error("the service does not start with {0}: {1}. Fix it, or `remove` it")]
    Unusable(KeyRef, Fault),
}

fn refused(refusals: &[Refusal]) -> String {
    let reason = |refusal: &Refusal| format!("refused as {}: {}", refusal.id().name(), refusal.message());
    let reasons: Vec<String> = refusals.iter().map(reason).collect();
    let ids: Vec<String> =
        refusals.iter().map(|refusal| format!("--allow {}", refusal.id().name())).collect();
    format!("{}. If you mean it, add `{}`", reasons.join(".\n       "), ids.join(" "))
}

fn it_has(keys: &[KeyRef]) -> String {
    match keys {
        [] => "It has none at all".to_owned(),
        some => format!("It has {}", KeyRef::list(some)),
    }
}

fn places(numbers: &[usize]) -> String {
    list(&numbers.iter().map(|number| format!("@{number}")).collect::<Vec<_>>())
}
