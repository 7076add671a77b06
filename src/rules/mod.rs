//! What would break or weaken a config: rules about one config, and rules about a change of one.
//!
//! A rule is a file of `config` or `change`: it says what it finds, what the service does then, and how to fix it, and holds
//! the causes it finds, as types with their words. [`check`] and [`compare`] run them; both are pure.

mod change;
mod comparison;
mod config;
mod config_moved;
mod ignore;
mod inspected;
mod policy;
mod rule;
mod unreadable;

pub(crate) use comparison::{ConfigDiff, NotCompared, not_compared};
pub(crate) use config_moved::{RULE as CONFIG_MOVED, config_moved};
pub(crate) use inspected::FileFacts;
pub use inspected::Inspected;
pub(crate) use policy::{PolicyChange, policy_changed, policy_unreadable};
pub(crate) use rule::Finding;
pub use rule::{Rule, Selection, Severity};
pub(crate) use unreadable::unreadable;

use std::collections::{HashMap, HashSet};

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{count, list};
use crate::explain::Standing;
use ignore::Base;
use rule::Look;

/// What rules found.
#[derive(Default)]
pub struct Found {
    /// What is told.
    pub findings: Vec<Finding>,
    /// What comments silence: it is counted.
    pub silenced: Vec<Finding>,
}

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
    &config::jwks_uri::RULE,
    &config::misplaced_login::RULE,
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
    &config::supabase::SECRET,
    &config::supabase::PROJECT,
    &config::supabase::OFF,
    &config::plain_http::RULE,
    &config::key_sets::SET,
    &config::key_sets::ALGORITHM,
    &config::key_sets::KID,
    &config::key_sets::SKIPPED,
    &config::ignored_member::ISSUER,
    &config::ignored_member::OTHERS,
    &config::current_key_retiring::RULE,
    &config::leaving_shared_secret::RULE,
    &config::stuck_standby::RULE,
    &config::missing_kid::RULE,
    &config::weak_secret::RULE,
    &config::duplicate_secret::RULE,
    &config::shared_secret::RULE,
    &config::padded_secret::RULE,
    &config::double_encoding::RULE,
    &config::short_rsa::RULE,
    &config::private_key::RULE,
    &config::placeholder::RULE,
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
    &change::login_added::RULE,
    &change::re_keyed::RULE,
    &change::overlap_cut::RULE,
    &change::before_nbf::RULE,
    &change::kid_added::RULE,
    &change::audience_added::RULE,
    &change::audience_removed::RULE,
    &change::secret_exposed::RULE,
    &change::wildcard::RULE,
    &change::new_variable::RULE,
    &change::key_added::RULE,
    &config_moved::RULE,
    &policy::CHANGED,
    &policy::UNREADABLE,
    &ignore::WITHOUT_REASON,
    &ignore::UNUSED,
    &ignore::ADDED,
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
    check(on, &Selection { only, ..Selection::default() }).findings
}

/// What the rules find in a config.
#[must_use]
pub fn check(on: &Inspected<'_>, selection: &Selection) -> Found {
    let running = RULES.iter().filter(|rule| selection.runs(rule));
    let found = running.flat_map(|rule| look(rule, on));
    let by_config = |rule: &Rule| !matches!(rule.look, Look::Change(_) | Look::File | Look::Branch);
    finish(found.collect(), on, None, &Asked { selection, looked: &by_config })
}

/// What the rules find in a change.
pub(crate) struct Introduced {
    /// What it brings.
    pub(crate) found: Vec<Finding>,
    /// What `check` finds in the new config, and found in the old one, too: how many of each severity.
    pub(crate) before: Before,
    /// What comments silence: it is counted.
    pub(crate) silenced: Vec<Finding>,
}

/// Findings that a change doesn't bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
}

impl Before {
    /// For people, if there are any.
    pub(crate) fn message(self) -> Option<Sentence> {
        let all = [(self.errors, "error"), (self.warnings, "warning")];
        let found: Vec<String> =
            all.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(*number, noun)).collect();
        (!found.is_empty()).then(|| {
            sentence!("not by this change: {} that the old file has, too (`check` lists them)", list(&found))
        })
    }
}

/// What the rules find in a change: those of changes, and of the others what the old config didn't have.
#[must_use]
pub(crate) fn compare(comparison: &ConfigDiff<'_>, selection: &Selection) -> Introduced {
    let change = |rule: &Rule| match rule.look {
        Look::Change(look) | Look::Both(_, look) => look(comparison),
        Look::Key(_) | Look::Config(_) | Look::New(_) | Look::File | Look::Branch => Vec::new(),
    };
    let running = || RULES.iter().filter(|rule| selection.runs(rule));
    let mut found: Vec<Finding> = running().flat_map(|rule| change(rule)).collect();
    let told = told(&found);
    let mut before = Before::default();
    for rule in running() {
        let is = if comparison.is_deleted() { Vec::new() } else { look(rule, comparison.new) };
        if is.is_empty() {
            continue;
        }
        let was = if comparison.is_new() { Vec::new() } else { look(rule, comparison.old) };
        let mut was = known(comparison, was);
        for one in is {
            let left = was.get_mut(&(place_of(&one), one.severity)).filter(|left| **left > 0);
            match (left, one.severity) {
                (Some(left), severity) => {
                    *left -= 1;
                    before.errors += usize::from(severity == Severity::Error);
                    before.warnings += usize::from(severity == Severity::Warning);
                }
                (None, _) if is_told(&one, &told) => {}
                (None, _) => found.push(one),
            }
        }
    }
    for one in &mut found {
        let is_new = |entry: usize| comparison.place_before(entry).is_none();
        one.is_of_new_key =
            OF_SECRETS.iter().any(|rule| rule.id == one.rule.id) && one.entry().is_some_and(is_new);
    }
    // What the old config had as well isn't found.
    let by_change = |rule: &Rule| matches!(rule.look, Look::Change(_) | Look::Both(..));
    let asked = Asked { selection, looked: &by_change };
    let Found { findings, silenced } = finish(found, comparison.new, Some(&Base(comparison)), &asked);
    Introduced { found: findings, before, silenced }
}

/// What a rule of configs finds in one.
fn look(rule: &Rule, on: &Inspected<'_>) -> Vec<Finding> {
    match rule.look {
        Look::Key(look) => on.keys.keys().iter().filter_map(|key| look(on, key)).collect(),
        Look::Config(look) | Look::New(look) | Look::Both(look, _) => look(on),
        Look::Change(_) | Look::File | Look::Branch => Vec::new(),
    }
}

/// Where a finding of the new config is, whatever its line.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    Entry(usize),
    Elsewhere(String),
}

fn place_of(finding: &Finding) -> Place {
    finding.entry().map_or_else(|| Place::Elsewhere(finding.about.to_string()), Place::Entry)
}

/// How many findings of the old config are at each place of the new one.
fn known(comparison: &ConfigDiff<'_>, was: Vec<Finding>) -> HashMap<(Place, Severity), usize> {
    let mut all = HashMap::new();
    for one in was {
        let place = match place_of(&one) {
            Place::Entry(old) => comparison.place_after(old).map(Place::Entry),
            Place::Elsewhere(about) => Some(Place::Elsewhere(about)),
        };
        if let Some(place) = place {
            *all.entry((place, one.severity)).or_insert(0) += 1;
        }
    }
    all
}

/// Rules of configs, each with the rules of changes that say the same of a change, and more.
const SAME: [(&Rule, &[&Rule]); 8] = [
    (&config::plain_http::RULE, &[&change::login_added::RULE]),
    (&config::no_keys::RULE, &[&change::last_key_removed::RULE, &change::current_key_removed::RULE]),
    (&config::no_audience::RULE, &[&change::audience_removed::RULE]),
    (&config::inline_secret::RULE, &[&change::secret_exposed::RULE]),
    (&config::short_overlap::RULE, &[&change::overlap_cut::RULE]),
    (&config::unset_variable::RULE, &[&change::new_variable::RULE]),
    (&config::overdue::RULE, &[&change::overlap_cut::RULE]),
    (&config::current_key_retiring::RULE, &[&change::overlap_cut::RULE]),
];

/// Rules that a fresh secret satisfies.
const OF_SECRETS: [&Rule; 4] = [
    &config::empty_secret::RULE,
    &config::guessable_secret::RULE,
    &config::weak_secret::RULE,
    &config::placeholder::RULE,
];

/// What the findings about the change say, by rule and entry; without an entry, anywhere.
type Told = HashSet<(&'static str, Option<usize>)>;

fn told(of_change: &[Finding]) -> Told {
    of_change.iter().flat_map(|one| [(one.rule.id, None), (one.rule.id, one.entry())]).collect()
}

/// Whether a finding about the change says it already.
fn is_told(one: &Finding, told: &Told) -> bool {
    let same = SAME.iter().find(|(rule, _)| rule.id == one.rule.id).map_or(&[][..], |(_, rules)| rules);
    same.iter().any(|rule| told.contains(&(rule.id, one.entry())))
}

/// What `--skip` leaves out of a change, although it would be found.
#[must_use]
pub(crate) fn accepted(comparison: &ConfigDiff<'_>, selection: &Selection) -> Vec<Finding> {
    if selection.skip.is_empty() {
        return Vec::new();
    }
    let only = Selection { only: selection.skip.clone(), ..Selection::default() };
    let mut found = compare(comparison, &only).found;
    for one in &mut found {
        one.standing = Standing::Accepted;
    }
    found
}

/// Takes out what comments silence, and sorts by place.
fn finish(mut found: Vec<Finding>, on: &Inspected<'_>, base: Option<&Base<'_>>, asked: &Asked<'_>) -> Found {
    for one in &mut found {
        one.fix = one.fix.take().filter(|fix| on.can_rewrite(fix.entry, fix.member));
    }
    let mut found = ignore::apply(found, on, base, asked);
    found.findings.sort_by_key(|one| (one.span.as_ref().map(|span| span.start), one.severity));
    found
}

/// Which rules ran.
struct Asked<'a> {
    selection: &'a Selection,
    /// Whether a rule was one of those that were asked here, so that silence about it means something.
    looked: &'a dyn Fn(&Rule) -> bool,
}
