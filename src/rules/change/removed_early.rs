//! `removed-early`: a key is gone while its tokens live.

use super::Comparison;
use crate::keyset::Member;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::schedule::{CLOCK_SKEW, TOLERANCE};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "removed-early",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key is gone, or has another kid, while tokens signed with it may still be valid.",
    why: "From the restart on, the service rejects every token that the key would have verified (`PSYNC_S2101`): those \
          users are locked out until their app fetches a new token. A key may go once its `exp` has come; one without `exp` \
          was never retired.",
    mend: "Put the key back, retire it with `powersync-jwks retire KEY`, and `prune` when its time has come. If its secret \
           leaked and the lock-out is meant, say so: `# powersync-jwks: ignore[removed-early] secret leaked`.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let current = comparison.old.current().map(|key| key.index);
    let gone = comparison.removed().filter(|key| comparison.had_tokens(key) && current != Some(key.index));
    // A wildcard that got a kid is `kid-added`.
    let rejected = gone.filter(|key| {
        comparison.still_verified(key) != Some(true) && !(key.is_wildcard() && comparison.heir(key).is_some())
    });
    rejected
        .map(|key| {
            let (name, until) = (key.name(), comparison.needed_until(key));
            let message = match (&key.exp, comparison.heir(key)) {
                (_, Some(heir)) => format!(
                    "{name} has another kid now, {}: tokens carry the old one, and are rejected from the restart on",
                    heir.name()
                ),
                (Member::Value(exp), _) => format!(
                    "{name} is removed {} too soon: it was to stay until {exp}, and tokens signed with it are rejected \
                     from the restart on",
                    exp.since(comparison.now()).rounded()
                ),
                (Member::Absent, _) => format!(
                    "{name} is removed and was never retired: tokens signed with it are rejected from the restart on"
                ),
                _ => format!(
                    "{name} is removed, and its `exp` can't be read: tokens signed with it may be rejected from the restart on"
                ),
            };
            let help = match key.exp {
                Member::Value(_) => format!("Put it back, and remove it from {until} on: `{} prune`", comparison.new.tool),
                _ => format!(
                    "Put it back and retire it: `{} retire {}`. A token signed now lives at most until {}; with the time to \
                     deploy and to switch the backend, it is needed until {until}",
                    comparison.new.tool,
                    key.argument(),
                    comparison.now() + comparison.new.policy.token_ttl + TOLERANCE + CLOCK_SKEW
                ),
            };
            Found::new(comparison.new.place_of_list(), message).help(help).named(key)
        })
        .collect()
}
