//! What would break or weaken a config: rules about one config, and rules about a change of one.
//!
//! A rule is a file of `config` or `change`: it says what it finds, what the service does then, and how to fix it, and holds
//! the causes it finds, as types with their words. [`check`] and [`compare`] run them; both are pure.

mod change;
mod comparison;
mod config;
mod ignore;
mod inspected;
mod rule;
mod unreadable;

pub(crate) use comparison::{ConfigDiff, NotCompared, not_compared};
pub(crate) use inspected::FileFacts;
pub use inspected::Inspected;
pub(crate) use rule::Finding;
pub use rule::{Rule, Selection, Severity};
pub(crate) use unreadable::unreadable;

use rule::{About, Look};

/// All rules, in the order of their documentation.
pub static RULES: &[&Rule] = &[
    &unreadable::RULE,
    &config::invalid_shape::RULE,
    &config::missing_member::RULE,
    &config::non_string_member::RULE,
    &config::unknown_kty::RULE,
    &config::unknown_alg::RULE,
    &config::env_name::RULE,
    &config::bad_public_key::RULE,
    &config::empty_secret::RULE,
    &config::not_base64url::RULE,
    &config::guessable_secret::RULE,
    &config::empty_kid::RULE,
    &config::duplicate_kid::RULE,
    &config::duplicate_member::RULE,
    &config::same_variable::RULE,
    &config::merge_key::RULE,
    &config::template::RULE,
    &config::no_keys::RULE,
    &config::no_audience::RULE,
    &config::current_key_retiring::RULE,
    &config::stuck_standby::RULE,
    &config::missing_kid::RULE,
    &config::weak_secret::RULE,
    &config::duplicate_secret::RULE,
    &config::padded_secret::RULE,
    &config::double_encoding::RULE,
    &config::short_rsa::RULE,
    &config::private_key::RULE,
    &config::short_overlap::RULE,
    &config::overdue::RULE,
    &config::unreadable_date::RULE,
    &config::unset_variable::RULE,
    &config::cloud_schema::RULE,
    &config::file_mode::RULE,
    &config::inline_secret::RULE,
    &config::no_schedule::RULE,
    &change::removed_early::RULE,
    &change::current_key_removed::RULE,
    &change::last_key_removed::RULE,
    &change::login_removed::RULE,
    &change::re_keyed::RULE,
    &change::overlap_cut::RULE,
    &change::before_nbf::RULE,
    &change::kid_added::RULE,
    &change::audience_removed::RULE,
    &change::secret_exposed::RULE,
    &change::wildcard::RULE,
    &change::new_variable::RULE,
    &ignore::WITHOUT_REASON,
    &ignore::UNUSED,
];

/// The rule of this id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// The warnings that `status` shows, and every command that writes. They show all errors.
const SHOWN: [&Rule; 6] = [
    &config::template::RULE,
    &config::duplicate_member::RULE,
    &config::duplicate_secret::RULE,
    &config::stuck_standby::RULE,
    &config::private_key::RULE,
    &config::unreadable_date::RULE,
];

/// What `status` shows of a config, and every command that writes.
#[must_use]
pub(crate) fn warnings(on: &Inspected<'_>) -> Vec<Finding> {
    let is_shown =
        |rule: &&Rule| rule.severity == Severity::Error || SHOWN.iter().any(|shown| shown.id == rule.id);
    let only = RULES.iter().copied().filter(is_shown).map(|rule| rule.id).collect();
    check(on, &Selection { only, ..Selection::default() })
}

/// What the rules find in a config.
#[must_use]
pub fn check(on: &Inspected<'_>, selection: &Selection) -> Vec<Finding> {
    let running = RULES.iter().filter(|rule| selection.runs(rule));
    let found = running.flat_map(|rule| match rule.look {
        Look::Key(look) => on.keys.keys().iter().filter_map(|key| look(on, key)).collect(),
        Look::Config(look) | Look::New(look) | Look::Both(look, _) => look(on),
        Look::Change(_) | Look::File => Vec::new(),
    });
    let by_config = |rule: &Rule| !matches!(rule.look, Look::Change(_) | Look::File);
    finish(found.collect(), on, selection, &by_config)
}

/// What the rules find in a change.
#[must_use]
pub(crate) fn compare(comparison: &ConfigDiff<'_>, selection: &Selection) -> Vec<Finding> {
    let running = RULES.iter().filter(|rule| selection.runs(rule));
    let found = running.flat_map(|rule| match rule.look {
        Look::Change(look) | Look::Both(_, look) => look(comparison),
        Look::New(look) => only_new(comparison, look),
        Look::Key(_) | Look::Config(_) | Look::File => Vec::new(),
    });
    // Of the others, what the old config had as well isn't found.
    let by_change = |rule: &Rule| matches!(rule.look, Look::Change(_) | Look::Both(..));
    finish(found.collect(), comparison.new, selection, &by_change)
}

/// What a rule finds in the new config and didn't find in the old one.
fn only_new(comparison: &ConfigDiff<'_>, look: fn(&Inspected<'_>) -> Vec<Finding>) -> Vec<Finding> {
    let mut found = if comparison.is_deleted() { Vec::new() } else { look(comparison.new) };
    if !found.is_empty() {
        let before = look(comparison.old);
        found.retain(|one| match &one.about {
            About::Key(key) => {
                let entry = comparison.place_before(key.index());
                entry.is_none() || !before.iter().any(|old| old.entry() == entry)
            }
            about => !before.iter().any(|old| old.about == *about),
        });
    }
    found
}

/// Takes out what comments silence, and sorts by place.
fn finish(
    mut found: Vec<Finding>,
    on: &Inspected<'_>,
    selection: &Selection,
    looked: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    for one in &mut found {
        one.fix = one.fix.take().filter(|fix| on.can_rewrite(fix.entry, fix.member));
    }
    let mut found = ignore::apply(found, on, selection, &|id| rule(id).map(|rule| (rule, looked(rule))));
    found.sort_by_key(|one| (one.span.as_ref().map(|span| span.start), one.severity));
    found
}
