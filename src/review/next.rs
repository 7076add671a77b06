//! What to do after a change, in plain words, with times.

use super::platform::Platform;
use crate::config::Audience;
use crate::keyset::{Key, KeySet, Material, Phase};
use crate::lifecycle::Policy;
use crate::time::NumericDate;

/// What was done, as far as the next steps depend on it.
#[derive(Clone, Copy, Debug)]
pub enum Done<'k> {
    /// A new key stands first. `outgoing`: the one that was current.
    Rotated {
        /// The new key.
        new: &'k Key,
        /// The key it replaces.
        outgoing: Option<&'k Key>,
        /// Whether the outgoing key was removed in the same write.
        revoked: bool,
    },
    /// A key was appended.
    Added {
        /// The new key.
        new: &'k Key,
        /// Whether it is the current one.
        current: bool,
    },
    /// Keys got an `exp`. The latest of them is given.
    Retired(NumericDate),
    /// Keys lost their `exp`.
    Unretired,
    /// Keys are gone. `live`: they might still have verified tokens.
    Removed {
        /// Whether tokens are rejected by it.
        live: bool,
    },
}

/// Numbered steps: a sentence and the commands that go with it.
pub type Steps = Vec<(String, Vec<String>)>;

/// Everything that the wording of the steps depends on.
pub struct Situation<'a> {
    /// The moment of the change.
    pub now: NumericDate,
    /// How long things take.
    pub policy: &'a Policy,
    /// What restarts the service.
    pub platform: &'a Platform,
    /// The tool with the options that name this config: `powersync-jwks -c PATH`.
    pub tool: &'a str,
    /// The keys after the change.
    pub keys: &'a KeySet,
}

/// What a person does next.
#[must_use]
pub fn next_steps(done: Done<'_>, situation: &Situation<'_>) -> Steps {
    let Situation { now, policy, platform, tool, keys } = *situation;
    let deployed = now + policy.deploy_within;
    let restart = |why: &str| (format!("Restart every replica of the PowerSync Service with this file{why}"), platform.restart());
    match done {
        Done::Rotated { new, outgoing, revoked: true } => {
            let old = outgoing.map_or_else(String::new, Key::name);
            vec![
                restart(&format!(
                    " now, one right after the other. Until the last one has restarted, {old} still lets people in"
                )),
                hand_over(new, Some(&old), "At the same time, hand"),
                (
                    format!(
                        "Expect rejections: tokens signed with {old} fail from the restart on, until their users get \
                         new ones. The last of them would have expired by {}",
                        now + policy.least_overlap()
                    ),
                    Vec::new(),
                ),
            ]
        }
        Done::Rotated { new, outgoing, revoked: false } => {
            let mut steps = vec![
                restart(&format!(" by {deployed}. It reads the file only at start")),
                hand_over(new, outgoing.map(Key::name).as_deref(), "Only then, hand"),
            ];
            if let Some(outgoing) = outgoing {
                let old = outgoing.name();
                let exp = keys.keys().iter().find(|key| key.name() == old).and_then(|key| key.exp.value().copied());
                let exp = exp.unwrap_or(now + policy.overlap());
                steps[1].0 += &format!(", and be done by {}", deployed + policy.rollout);
                steps.push((
                    format!("Wait until {exp}. Until then tokens signed with {old} go on working. Then remove it, and restart again"),
                    vec![format!("{tool} prune")],
                ));
                steps.push((
                    "If a restart or a backend comes later than that, count anew from that moment".to_owned(),
                    vec![format!("{tool} retire {}", argument(keys, &old))],
                ));
            }
            steps
        }
        Done::Added { new, current: true } => vec![
            restart(". It reads the file only at start"),
            hand_over(new, None, "Only then, hand"),
        ],
        Done::Added { new, current: false } => vec![
            restart(". It reads the file only at start"),
            (format!("Only then, let whoever is to sign with {} do so: kid and secret go together", new.name()), Vec::new()),
        ],
        Done::Retired(exp) => vec![
            ("No restart is needed: the service doesn't read `exp`, it is our note".to_owned(), Vec::new()),
            ("Make sure that nobody signs with it any more".to_owned(), Vec::new()),
            (format!("From {exp}, remove it, and restart every replica then"), vec![format!("{tool} prune")]),
        ],
        Done::Unretired => vec![("No restart is needed: the service has accepted it all the time".to_owned(), Vec::new())],
        Done::Removed { live: false } => {
            vec![restart(". Until then it goes on accepting what was removed")]
        }
        Done::Removed { live: true } => vec![
            restart(" now. Until the last one has restarted, the removed secret still lets people in"),
            (
                format!(
                    "Expect rejections: tokens signed with it fail from the restart on. The last of them would have \
                     expired by {}",
                    now + policy.least_overlap()
                ),
                Vec::new(),
            ),
        ],
    }
}

fn argument(keys: &KeySet, name: &str) -> String {
    keys.keys().iter().find(|key| key.name() == name).map_or_else(|| name.to_owned(), Key::argument)
}

fn hand_over(new: &Key, old: Option<&str>, begin: &str) -> (String, Vec<String>) {
    let until = old.map_or_else(String::new, |old| format!(". Until it has both, it goes on signing with {old}"));
    (
        format!(
            "{begin} your backend the new kid and secret together: kid {}, and that entry's `k` (base64url). Its tokens \
             must carry this kid{until}",
            new.name()
        ),
        Vec::new(),
    )
}

/// What a person should know about the keys as they are now, whatever was done.
#[must_use]
pub fn warnings(keys: &KeySet, tool: &str, now: NumericDate, line_of: &dyn Fn(usize) -> usize) -> Vec<String> {
    let mut warnings = Vec::new();
    let shared = keys.shared_kids();
    for key in keys.keys() {
        let name = key.name();
        let place = format!("{name} (line {})", line_of(key.at));
        if let Material::Unusable(why) = key.material {
            warnings.push(format!("the service does not start with {place}: {why}"));
        }
        if let Some(weakness) = key.weakness() {
            let revoke = if keys.is_current(key) { format!(". `{tool} rotate --revoke` replaces it at once") } else { String::new() };
            warnings.push(format!(
                "anyone can forge tokens with {place} until it is gone from every replica: {weakness}{revoke}"
            ));
        }
        if key.kid.value().is_none() && key.kid.is_unreadable() && key.variable().is_none() && matches!(key.kid, crate::keyset::Member::Unreadable(_)) && !matches!(key.material, Material::Unusable(_)) {
            warnings.push(format!("{place} is never used: its kid is empty, and no token matches that"));
        }
        if key.kid.value().is_some_and(|kid| shared.contains(kid)) {
            warnings.push(format!("@{} shares the kid {name} with another key: the service uses only the first of them", key.number()));
        }
        if matches!(key.phase(now), Phase::Unknown) {
            warnings.push(format!("the schedule of {place} can't be read: `iat`, `nbf` and `exp` must be whole numbers of seconds"));
        }
    }
    if keys.audience == Audience::Missing && keys.keys().iter().any(|key| !matches!(key.material, Material::Unusable(_))) {
        warnings.push(
            "`client_auth.audience` is missing: the service rejects every token of these keys (PSYNC_S2105). Add \
             `audience: ['…']` with the `aud` your backend signs"
                .to_owned(),
        );
    }
    warnings
}
