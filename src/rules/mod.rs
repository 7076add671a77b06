//! What would break or weaken a config: rules about one config, and rules about a change of one.
//!
//! A rule is a file of `rules` or `changes`: it says what it finds, what the service does then, and how to mend it.
//! [`check`] and [`compare`] run them; both are pure.

mod change;
mod config;
mod finding;
mod ignore;
mod rule;
mod subject;
mod unreadable;

pub use change::{Comparison, not_compared};
pub use finding::{Finding, Fix};
pub use rule::{Rule, Selection, Severity};

use rule::Look;
pub use subject::{FileFacts, Subject};
pub use unreadable::unreadable;

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
    &config::same_variable::RULE,
    &config::merge_key::RULE,
    &config::no_keys::RULE,
    &config::no_audience::RULE,
    &config::current_key_retiring::RULE,
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

/// What the rules find in a config.
#[must_use]
pub fn check(subject: &Subject<'_>, selection: &Selection) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES.iter().filter(|rule| selection.runs(rule)) {
        if let Look::Config(look) | Look::Both(look, _) | Look::Start(look) | Look::New(look) = rule.look {
            found.extend(look(subject).into_iter().map(|one| one.of_rule(rule)));
        }
    }
    let by_config = |rule: &Rule| !matches!(rule.look, Look::Change(_) | Look::File);
    finish(found, subject, selection, &by_config)
}

/// What the rules find in a change.
#[must_use]
pub fn compare(comparison: &Comparison<'_>, selection: &Selection) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES.iter().filter(|rule| selection.runs(rule)) {
        let new = match rule.look {
            Look::Change(look) | Look::Both(_, look) => look(comparison),
            Look::Start(look) | Look::New(look) => comparison.only_new(look),
            Look::Config(_) | Look::File => Vec::new(),
        };
        found.extend(new.into_iter().map(|one| one.of_rule(rule)));
    }
    // Of the others, what the old config had as well isn't found.
    let by_change = |rule: &Rule| matches!(rule.look, Look::Change(_) | Look::Both(..));
    finish(found, comparison.new, selection, &by_change)
}

/// Whether the service doesn't start with the new config: with one of its keys, or for another reason that the old one
/// hadn't.
#[must_use]
pub fn breaks_the_start(comparison: &Comparison<'_>) -> bool {
    let is_new =
        |rule: &&Rule| matches!(rule.look, Look::Start(look) if !comparison.only_new(look).is_empty());
    !comparison.new.keys.keys().iter().all(subject::is_usable) || RULES.iter().any(is_new)
}

/// Takes out what comments silence, and sorts by place.
fn finish(
    mut found: Vec<Finding>,
    subject: &Subject<'_>,
    selection: &Selection,
    looked: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    for one in &mut found {
        one.fix = one.fix.take().filter(|fix| subject.can_rewrite(fix.entry, fix.member));
    }
    let mut found = ignore::apply(found, subject, selection, looked);
    found.sort_by_key(|one| (one.span.as_ref().map(|span| span.start), one.severity));
    found
}
