//! How `diff` compares two configs.

use std::path::Path;

use super::arguments::{Deny, Global, PolicyArgs};
use super::compared::Sides;
use super::source::Opened;
use super::values::KnownValues;
use super::{Error, Source, World, findings, policy};
use crate::config::{Config, Input};
use crate::explain::{self, Action, Around, Means, Merge, Situation, Step, Steps, ValuesFrom, Variables};
use crate::keyset::{KeySet, Values};
use crate::redact::{Redactor, text_diff};
use crate::report::findings::{ChangeReport, FileReport, shown};
use crate::rules::{ConfigDiff, Inspected, NotCompared, Selection, compare, not_compared};
use crate::schedule::Policy;
use crate::store::{self, Platform, Snapshot};

/// The text of a file that isn't there.
const ABSENT: &str = "{}";

/// Why two texts can't be compared.
pub(crate) struct SideError {
    /// Whether it is the old one's.
    pub(crate) of_old: bool,
    pub(crate) error: Error,
}

impl From<Error> for SideError {
    fn from(error: Error) -> Self {
        Self { of_old: false, error }
    }
}

impl SideError {
    fn of_old(error: Error) -> Self {
        Self { of_old: true, error }
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

/// What all texts are compared with.
pub(crate) struct Differ<'a> {
    pub(crate) global: &'a Global,
    pub(crate) policy: Option<&'a Path>,
    pub(crate) deny: &'a [Deny],
    /// The values of variables on both sides, as far as they are known.
    pub(crate) old_values: Option<KnownValues<'a>>,
    pub(crate) new_values: Option<KnownValues<'a>>,
    pub(crate) selection: Selection,
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
        let old = old.as_ref().map_or_else(absent, Opened::config).map_err(SideError::of_old)?;
        let wrapped = new.as_ref().zip(sides.new.as_ref());
        let wrapped = wrapped.and_then(|(new, bytes)| findings::wrapped(&new.envelope, bytes));
        let new = new.as_ref().map_or_else(absent, Opened::config)?;
        let report = self.judge(sides, (&old, &new), redactor, world)?;
        Ok(FileReport { wrapped, ..report })
    }

    fn judge(
        &self,
        sides: &Sides,
        (old, new): (&Config<'_>, &Config<'_>),
        redactor: &mut Redactor,
        world: &mut World<'_>,
    ) -> Result<FileReport, Error> {
        let now = world.clock.now();
        let times = PolicyArgs { policy: self.policy.map(Path::to_owned) }.times();
        let policy = policy::of(&times, &sides.source, world)?;
        let known = self.old_values.as_ref();
        let value = |name: &str| known.and_then(|known| known.get(name));
        let values = known.map(|_| &value as &Values<'_>);
        let old_keys = KeySet::read_with(old, &value);
        let before = Inspected { values, ..Inspected::new(old, &old_keys, &policy, now) };
        let known = self.new_values.as_ref();
        let value = |name: &str| known.and_then(|known| known.get(name));
        let values = known.map(|_| &value as &Values<'_>);
        let new_keys = KeySet::read_with(new, &value);
        let after = Inspected { values, ..Inspected::new(new, &new_keys, &policy, now) };
        let comparison = ConfigDiff::new(&before, &after);
        let mut found = compare(&comparison, &self.selection);
        findings::deny(&mut found, self.deny);
        let tool = sides.source.tool(self.global, world);
        let steps = self.steps(sides, &comparison, &policy, world);
        let [old, new] =
            [(&sides.old, old), (&sides.new, new)].map(|(text, config)| text.is_some().then_some(config));
        let change = ChangeReport {
            from: sides.from.clone(),
            to: sides.to.clone(),
            events: explain::events(&old_keys, &new_keys, now),
            not_compared: not_compared(&comparison).iter().map(NotCompared::message).collect(),
            diff: text_diff(redactor, old, new, &sides.name),
            steps,
        };
        let mut unseen = findings::unseen(&old_keys);
        unseen.extend(findings::unseen(&new_keys));
        unseen.sort();
        unseen.dedup();
        let path = sides.source.path(world).as_deref().and_then(store::git::path_in_repository);
        Ok(FileReport {
            path: path.unwrap_or_else(|| sides.name.clone()),
            name: sides.name.clone(),
            wrapped: None,
            findings: shown(found, &tool, (after.config.text(), new), redactor),
            unseen,
            change: Some(change),
            failure: None,
        })
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
        let platform = sides.source.path(world).map_or(Platform::Unknown, |path| store::detect(&path));
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
