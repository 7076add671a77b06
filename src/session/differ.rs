//! How `diff` compares two configs.

use std::collections::HashSet;

use super::arguments::{Deny, Global};
use super::policy_file::PolicyFile;
use super::shared::SharedSecrets;
use super::sides::Sides;
use super::source::Opened;
use super::values::KnownValues;
use super::{Error, Source, World, findings};
use crate::base::sentence::sentence;
use crate::base::text::Printable;
use crate::base::time::NumericDate;
use crate::config::{Config, Input};
use crate::explain::{
    self, Action, Around, Assumed, KeyEvent, Means, Merge, Scope, Side, Situation, Step, Steps, Subject,
    ValuesFrom, Variables, Verdict,
};
use crate::keyset::{Key, KeySet, Values};
use crate::redact::{Redactor, secret_values, text_diff};
use crate::report::findings::{ChangeReport, FileReport, Reported, shown};
use crate::rules::{
    self, CONFIG_MOVED, ConfigDiff, Finding, Found, Inspected, Introduced, NotCompared, Selection,
    config_moved, not_compared,
};
use crate::schedule::Policy;
use crate::store::{self, Platform, Snapshot};

/// The text of a file that isn't there.
pub(crate) const ABSENT: &str = "{}";

/// Why two texts can't be compared.
pub(crate) struct SideError {
    /// Whether it is the old one's.
    pub(crate) of_old: bool,
    pub(crate) error: Box<Error>,
}

impl From<Error> for SideError {
    fn from(error: Error) -> Self {
        Self { of_old: false, error: Box::new(error) }
    }
}

impl SideError {
    fn of_old(error: Error) -> Self {
        Self { of_old: true, error: Box::new(error) }
    }
}

/// The config of one side. `input`: how it is read where it isn't wrapped.
fn open<'o>(
    source: &Source,
    global: &Global,
    text: Option<&'o Snapshot>,
    input: Input,
    name: &str,
) -> Result<Option<Opened<'o>>, Error> {
    let Some(text) = text else { return Ok(None) };
    let opened = source.unwrap(global, text)?;
    let input = if opened.envelope.is_wrapped() { opened.input } else { input };
    Ok(Some(Opened { input, name: name.to_owned(), ..opened }))
}

/// Hides values of settings that are secret elsewhere in one of the files.
fn hide_values(events: &mut [KeyEvent], configs: [&Config<'_>; 2]) {
    if events.iter().all(KeyEvent::is_about_keys) {
        return;
    }
    let values: Vec<_> = configs.into_iter().flat_map(secret_values).collect();
    let secrets: HashSet<&str> = values.iter().map(|secret| secret.as_str()).collect();
    for event in events {
        event.hide_values(|text| secrets.contains(text));
    }
}

/// What stands before and after the config in its file, where both are wrapped in one.
fn around<'b>(opened: &Opened<'_>, bytes: Option<&'b Snapshot>) -> Option<(&'b [u8], &'b [u8])> {
    let (bytes, place) = (bytes.filter(|_| opened.envelope.is_wrapped())?, opened.envelope.place());
    Some((bytes.get(..place.start)?, bytes.get(place.end..)?))
}

/// What the comparison of two texts comes to.
struct Judged {
    subject: Subject,
    found: Vec<Finding>,
    /// What `--skip` leaves out.
    accepted: Vec<Finding>,
    unseen: Vec<String>,
    silenced: Vec<Finding>,
    kids: Vec<String>,
    change: Option<ChangeReport>,
}

impl Judged {
    /// Of a new text alone.
    fn alone(found: Vec<Finding>) -> Self {
        let subject = Subject::NewAlone;
        let none = Vec::new;
        Self {
            subject,
            found,
            accepted: none(),
            unseen: Vec::new(),
            silenced: none(),
            kids: Vec::new(),
            change: None,
        }
    }

    /// Of a new text that can't be read.
    fn unreadable(finding: Finding) -> Self {
        Self::alone(vec![finding])
    }
}

fn scope(events: &[KeyEvent]) -> Scope {
    if events.is_empty() {
        Scope::Nothing
    } else if events.iter().any(KeyEvent::is_about_keys) {
        Scope::Keys
    } else {
        Scope::Around
    }
}

fn assumed(policy: &Policy, file: Option<String>, now: NumericDate) -> Assumed {
    let Policy { token_ttl, deploy_within, rollout, .. } = *policy;
    Assumed { now, token_ttl, deploy_within, rollout, policy: file }
}

/// What all texts are compared with.
pub(crate) struct Differ<'a> {
    pub(crate) global: &'a Global,
    /// The policy that was named; else each config has that of its base.
    pub(crate) policy: Option<&'a PolicyFile>,
    pub(crate) deny: &'a [Deny],
    /// The values of variables on both sides, as far as they are known.
    pub(crate) old_values: Option<KnownValues<'a>>,
    pub(crate) new_values: Option<KnownValues<'a>>,
    pub(crate) selection: Selection,
    /// The secrets of all configs, before and after.
    pub(crate) shared: [SharedSecrets; 2],
}

impl Differ<'_> {
    /// What the change of one config means.
    pub(crate) fn compare(
        &self,
        sides: &Sides,
        redactor: &mut Redactor,
        world: &mut World<'_>,
    ) -> Result<FileReport, SideError> {
        let (source, global) = (&sides.source, self.global);
        let is_file = sides.from == sides.old_name;
        let old_name = if is_file { sides.from.clone() } else { format!("{} ({})", sides.name, sides.from) };
        let old = open(source, global, sides.old.as_ref(), sides.input_old, &old_name);
        let old = old.map_err(SideError::of_old)?;
        let new = open(source, global, sides.new.as_ref(), sides.input_new, &sides.name)?;
        let absent = || Config::parse_str(ABSENT, Input::Yaml).map_err(Error::config(&sides.name));
        let wrapped = new.as_ref().zip(sides.new.as_ref());
        let wrapped = wrapped.and_then(|(new, bytes)| findings::wrapped(&new.envelope, bytes));
        let is = match new.as_ref().map_or_else(absent, Opened::config) {
            Err(Error::Config { source, .. }) => {
                let text = new.as_ref().and_then(|new| std::str::from_utf8(new.envelope.inner()).ok());
                let found = rules::unreadable(&source, text);
                let report = self.report(
                    sides,
                    Judged::unreadable(found),
                    (text.unwrap_or_default(), None),
                    redactor,
                    world,
                );
                return Ok(FileReport { wrapped, ..report });
            }
            is => is?,
        };
        let was = match old.as_ref().map_or_else(absent, Opened::config) {
            // A repair is judged by what it comes to.
            Err(Error::Config { .. }) => None,
            was => Some(was.map_err(SideError::of_old)?),
        };
        let is = match &was {
            Some(was) if sides.old.is_some() => is.of_kind_of(was),
            _ => is,
        };
        let mut report = self.judge(sides, (was.as_ref(), &is), redactor, world);
        if let (Some(old), Some(new)) = (&old, &new)
            && around(old, sides.old.as_ref()) != around(new, sides.new.as_ref())
        {
            let what = sentence!("what is around the config in {} changed", Printable(&sides.name));
            if let Some(change) = &mut report.change {
                change.not_compared.push(what.clone());
            }
            report.verdict.leave_unjudged(what);
        }
        Ok(FileReport { wrapped, ..report })
    }

    fn judge(
        &self,
        sides: &Sides,
        (old, new): (Option<&Config<'_>>, &Config<'_>),
        redactor: &mut Redactor,
        world: &mut World<'_>,
    ) -> FileReport {
        let now = world.clock.now();
        let found = self.policy.unwrap_or(&sides.policy);
        let policy = &found.policy;
        let new_known = self.new_values.as_ref();
        let new_value = |name: &str| new_known.and_then(|known| known.get(name));
        let new_keys = KeySet::read_to_show(new, &new_value);
        let values = new_known.map(|_| &new_value as &Values<'_>);
        let path = sides.source.path(world);
        let facts = findings::file_facts(path.as_deref(), &sides.name, &new_keys, &self.selection);
        let [were_shared, are_shared] = &self.shared;
        let elsewhere = |key: &Key| are_shared.elsewhere(&sides.name, key);
        let after = Inspected::new(new, &new_keys, policy, now);
        let after = Inspected { values, file: facts.clone(), elsewhere: &elsewhere, ..after };
        let Some(old) = old else {
            let Found { findings: found, silenced } = rules::check(&after, &self.selection);
            let unseen = findings::unseen(&new_keys);
            let judged = Judged { unseen, silenced, kids: new_keys.kids(), ..Judged::alone(found) };
            return self.report(sides, judged, (after.config.text(), Some(new)), redactor, world);
        };
        let old_known = self.old_values.as_ref();
        let old_value = |name: &str| old_known.and_then(|known| known.get(name));
        let old_keys = KeySet::read_to_show(old, &old_value);
        let values = old_known.map(|_| &old_value as &Values<'_>);
        let elsewhere = |key: &Key| were_shared.elsewhere(&sides.name, key);
        let before = Inspected::new(old, &old_keys, policy, now);
        let before = Inspected { values, file: facts, elsewhere: &elsewhere, ..before };
        let comparison = ConfigDiff::new(&before, &after);
        let introduced = rules::compare(&comparison, &self.selection);
        let mut events = explain::events(&old_keys, &new_keys, now);
        let (was, is) = (Side { config: old, keys: &old_keys }, Side { config: new, keys: &new_keys });
        // All of a config that comes or goes does.
        if !comparison.is_new() && !comparison.is_deleted() {
            events.extend(explain::other_events(was, is, &events));
            hide_values(&mut events, [old, new]);
        }
        let subject = Subject::Change {
            scope: scope(&events),
            news: events.iter().map(|event| event.brief(now)).collect(),
            was_broken: !comparison.is_deleted() && new_keys.check_start().is_err(),
        };
        let [old, shown] =
            [(&sides.old, old), (&sides.new, new)].map(|(text, config)| text.is_some().then_some(config));
        let change = ChangeReport {
            from: sides.from.clone(),
            to: sides.to.clone(),
            events,
            not_compared: not_compared(&comparison).iter().map(NotCompared::message).collect(),
            diff: text_diff(redactor, old, shown, &sides.name),
            steps: self.steps(sides, &comparison, policy, world),
            before: introduced.before,
            assumed: assumed(policy, found.path.as_ref().map(|path| path.display().to_string()), now),
        };
        let mut unseen = findings::unseen(&old_keys);
        unseen.extend(findings::unseen(&new_keys));
        unseen.sort();
        unseen.dedup();
        let accepted = rules::accepted(&comparison, &self.selection);
        let Introduced { found, silenced, .. } = introduced;
        let kids = [old_keys.kids(), new_keys.kids()].concat();
        let judged = Judged { subject, found, accepted, unseen, silenced, kids, change: Some(change) };
        self.report(sides, judged, (after.config.text(), shown), redactor, world)
    }

    /// What was judged, as it is shown.
    fn report(
        &self,
        sides: &Sides,
        mut judged: Judged,
        text: (&str, Option<&Config<'_>>),
        redactor: &mut Redactor,
        world: &World<'_>,
    ) -> FileReport {
        if let Some(from) = sides.moved_from.as_ref().filter(|_| self.selection.runs(&CONFIG_MOVED)) {
            judged.found.push(config_moved(from, &sides.name));
        }
        findings::deny(&mut judged.found, self.deny);
        let tool = sides.source.command(self.global, world);
        let mut grounds = findings::grounds(&judged.found, &tool);
        grounds.extend(findings::grounds(&judged.accepted, &tool));
        let path = sides.source.path(world).as_deref().and_then(store::git::path_in_repository);
        let path = path.unwrap_or_else(|| sides.name.clone());
        FileReport {
            verdict: Verdict::of(judged.subject, &grounds, Vec::new()),
            findings: shown(judged.found, &tool, text, redactor),
            silenced: shown(judged.silenced, &tool, text, redactor),
            unseen: judged.unseen,
            kids: judged.kids,
            change: judged.change,
            ..FileReport::new(sides.name.clone(), path, Reported::Config)
        }
    }

    fn steps(&self, sides: &Sides, comparison: &ConfigDiff<'_>, policy: &Policy, world: &World<'_>) -> Steps {
        let (old, new) = comparison.sides();
        let command = sides.source.command(self.global, world);
        let now = world.clock.now();
        let plan = |list| Steps { now, list };
        if sides.new.is_none() {
            return plan(vec![Step::new(Action::ConfigDeleted, Vec::new())]);
        }
        if old.config.text() == new.config.text() && explain::events(old.keys, new.keys, now).is_empty() {
            return plan(Vec::new());
        }
        let platform = match sides.source.path(world) {
            _ if new.keys.is_cloud => Platform::Cloud,
            Some(path) => store::detect(&path),
            None => Platform::Unknown,
        };
        if comparison.breaks_the_start() {
            return plan(vec![Step::fix_first(None, &platform, &command)]);
        }
        let situation = Situation {
            now,
            policy,
            keys: new.keys,
            means: Means { platform: &platform, tool: &command, timing: &[], values: ValuesFrom::Nowhere },
            variables: Variables::default(),
            live_at: &[],
        };
        let same = old.config.same_around_the_list(new.config);
        let around = if same { Around::Same } else { Around::Changed };
        let merge = Merge { old: old.keys, around, variables: &comparison.new_variables() };
        explain::deploy_steps(&merge, &situation)
    }
}
