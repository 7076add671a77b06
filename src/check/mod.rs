//! What would break or weaken a config: rules about one config, and rules about a change of one.
//!
//! A rule is a file of `rules` or `changes`: it says what it finds, what the service does then, and how to mend it.
//! [`check`] and [`compare`] run them; both are pure.

mod changes;
mod finding;
mod ignore;
mod rule;
mod rules;
mod subject;
mod unreadable;

pub use changes::{Comparison, not_compared};
pub use finding::{Finding, Fix};
pub use rule::{Rule, Selection, Severity};

use rule::Look;
pub use subject::{FileFacts, Subject};
pub use unreadable::unreadable;

/// All rules, in the order of their documentation.
pub static RULES: &[&Rule] = &[
    &unreadable::RULE,
    &rules::invalid_shape::RULE,
    &rules::missing_member::RULE,
    &rules::non_string_member::RULE,
    &rules::unknown_kty::RULE,
    &rules::unknown_alg::RULE,
    &rules::env_name::RULE,
    &rules::bad_public_key::RULE,
    &rules::empty_secret::RULE,
    &rules::not_base64url::RULE,
    &rules::guessable_secret::RULE,
    &rules::empty_kid::RULE,
    &rules::duplicate_kid::RULE,
    &rules::same_variable::RULE,
    &rules::merge_key::RULE,
    &rules::no_keys::RULE,
    &rules::no_audience::RULE,
    &rules::current_key_retiring::RULE,
    &rules::missing_kid::RULE,
    &rules::weak_secret::RULE,
    &rules::duplicate_secret::RULE,
    &rules::padded_secret::RULE,
    &rules::double_encoding::RULE,
    &rules::short_rsa::RULE,
    &rules::private_key::RULE,
    &rules::short_overlap::RULE,
    &rules::overdue::RULE,
    &rules::unreadable_date::RULE,
    &rules::unset_variable::RULE,
    &rules::cloud_schema::RULE,
    &rules::file_mode::RULE,
    &rules::inline_secret::RULE,
    &rules::no_schedule::RULE,
    &changes::removed_early::RULE,
    &changes::current_key_removed::RULE,
    &changes::last_key_removed::RULE,
    &changes::login_removed::RULE,
    &changes::re_keyed::RULE,
    &changes::overlap_cut::RULE,
    &changes::before_nbf::RULE,
    &changes::kid_added::RULE,
    &changes::audience_removed::RULE,
    &changes::secret_exposed::RULE,
    &changes::wildcard::RULE,
    &changes::new_variable::RULE,
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
