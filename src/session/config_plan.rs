//! What a run would do to one config: read, decided, edited, and compared with what was there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::changeset::{Content, FileAction, FileWrite, WriteRole};
use super::drop_env::{Left, unused};
use super::env_files::EnvFiles;
use super::facts::Facts;
use super::findings;
use super::operation::{Decided, Operation, Outlook, Task};
use super::secret_write::SecretWrite;
use super::two_steps::WhyTwoSteps;
use super::used_by::Uses;
use crate::base::sentence::sentence;
use crate::base::text::Printable;
use crate::base::time::NumericDate;
use crate::config::placeholder::Template;
use crate::config::{Config, edit};
use crate::explain::{self, Action, Done, KeyEvent, Means, Situation, Step, Steps, ValuesFrom, Variables};
use crate::keyset::KeySet;
use crate::redact::{DiffLine, LineKind, Redactor, text_diff};
use crate::report::change_json::Note;
use crate::schedule::{Change, Effect, Outcome, Waits, plan};
use crate::session::source::Opened;
use crate::session::{Error, NoPlace, Source, Usage, World};
use crate::store::{ObjectFile, Platform};
use crate::wrap::envelope::{AroundKind, Envelope, ObjectKind, WriterKind};

/// What the configs of a run have in common while they are planned.
#[derive(Default)]
pub(crate) struct Board {
    /// What they do to env files.
    pub(crate) env_files: EnvFiles,
    /// Numbers the secrets of all that is shown.
    pub(crate) redactor: Redactor,
}

/// What would be done to one config, and all that is said about it.
pub(crate) struct ConfigPlan {
    /// The config, as it was named.
    pub(crate) name: String,
    path: Option<PathBuf>,
    pub(crate) bytes: Content,
    /// `None`: nothing to do.
    pub(crate) text: Option<Content>,
    /// The Kubernetes object that it is an entry of.
    pub(crate) object: Option<ObjectKind>,
    pub(crate) review: Review,
    pub(crate) outlook: Option<Outlook>,
    pub(crate) left: Left,
    /// A secret that goes elsewhere than into an env file.
    pub(crate) beside: Option<FileWrite>,
}

/// What a person sees of a change.
pub(crate) struct Review {
    pub(crate) events: Vec<KeyEvent>,
    pub(crate) diff: Vec<DiffLine>,
    pub(crate) notes: Vec<Note>,
    pub(crate) warnings: Vec<String>,
    pub(crate) steps: Steps,
    pub(crate) waits: Waits,
}

impl ConfigPlan {
    /// Reads these bytes, decides, and edits. `number`: that of the config in the run.
    pub(crate) fn make(
        (operation, task, number): (&Operation<'_>, &mut Task<'_>, usize),
        bytes: Content,
        now: NumericDate,
        board: &mut Board,
        world: &World<'_>,
    ) -> Result<Self, Error> {
        let (mut plan, set) = Self::read(operation, task, (&bytes, now), board, world)?;
        plan.beside = set.map(|set| set.note(number, &mut board.env_files)).transpose()?.flatten();
        Ok(Self { bytes, ..plan })
    }

    fn read(
        operation: &Operation<'_>,
        task: &mut Task<'_>,
        (bytes, now): (&[u8], NumericDate),
        board: &mut Board,
        world: &World<'_>,
    ) -> Result<(Self, Option<SecretWrite>), Error> {
        let opened = task.source.unwrap(operation.global, bytes)?;
        let config_error = Error::config(&opened.name);
        let config = opened.config()?;
        operation.cloud.check(&config, &opened.name)?;
        let keys = KeySet::read_to_show(&config, &task.values.values());
        task.values.check(&keys)?;
        let (policy, values, env_files) = (&task.policy, &task.values, &board.env_files);
        let seen = Facts { config: &config, keys: &keys, now, policy, values, env_files };
        let decided = (task.decide)(&seen).map_err(|error| error.named(&opened.name))?;
        let Decided { outcome, notes, live_at, set, outlook, waits } = decided;
        let text = edited(&config, &keys, &outcome.changes, now).map_err(&config_error)?;
        let after = text.as_ref().map_or(config.text(), |text| text);
        let after = Config::parse_str(after, opened.input).map_err(&config_error)?;
        let left = Left { uses: Uses::of(&after), unused: unused((&config, &keys), &after) };
        let set = set.filter(|_| text.is_some());
        let object = object_around(&opened.envelope);
        let notes = outcome.messages().chain(notes).map(|text| Note::new("note", None, text)).collect();
        let steps = Steps { now, list: Vec::new() };
        let waits = Waits { now, tool: task.source.command(operation.global, world), list: waits };
        let (events, diff, warnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut review = Review { events, diff, notes, warnings, steps, waits };
        if text.is_some() {
            check_writable(&config, object, &outcome.changes, &task.source)?;
            let comparison = ConfigChange {
                operation,
                task,
                now,
                live_at: &live_at,
                outcome: &outcome,
                config: &config,
                after: &after,
                set: set.as_ref(),
                platform: platform(&task.source, &opened.envelope, &config, world),
            };
            comparison.review((&keys, &left.unused), &mut review, &mut board.redactor, world);
            review.warnings.extend(opened.envelope.notes().iter().map(|note| note.message().to_string()));
        }
        let text = text.as_ref().map(|text| wrapped(&opened, text)).transpose()?;
        let (name, path, bytes) = (task.source.name(), task.source.path(world), Content::default());
        let plan = Self { name, path, bytes, text, object, review, outlook, left, beside: None };
        Ok((plan, set))
    }

    /// Whether something is due by its schedule.
    pub(crate) fn is_due(&self) -> bool {
        self.outlook.as_ref().is_some_and(|outlook| outlook.due.is_some())
    }

    /// The writes of the config itself, and of a secret beside it.
    pub(crate) fn writes(&mut self, number: usize) -> impl Iterator<Item = FileWrite> {
        let config = self.text.clone().map(|content| {
            let action = match self.path {
                Some(_) => FileAction::Replace { old: self.bytes.clone(), content },
                None => FileAction::Print(content),
            };
            let path = self.path.clone().unwrap_or_default();
            FileWrite { name: self.name.clone(), path, action, role: WriteRole::Config(number) }
        });
        self.beside.take().into_iter().chain(config)
    }
}

/// The text with these changes. `None` where there are none.
fn edited(
    config: &Config<'_>,
    keys: &KeySet,
    changes: &[Change],
    now: NumericDate,
) -> Result<Option<Zeroizing<String>>, crate::config::ConfigError> {
    if changes.is_empty() {
        return Ok(None);
    }
    // A key that takes another's place is written as that one is; one at the end as its neighbour.
    let last = keys.keys().len();
    let like = changes.iter().find_map(|change| match change {
        Change::Add { at: 0, .. } if last > 0 => keys.current().ok().flatten().map(|key| key.index),
        Change::Add { at, .. } if *at < last => Some(*at),
        _ => None,
    });
    edit::apply(config, &plan(changes, now, like)).map(Some)
}

/// The config as it is written into what it came in.
fn wrapped(opened: &Opened<'_>, text: &str) -> Result<Content, Error> {
    let outer = opened.envelope.wrap(text.as_bytes());
    outer.map(Content::new).map_err(|source| Error::Envelope { name: opened.name.clone(), source })
}

fn object_around(envelope: &Envelope<'_>) -> Option<ObjectKind> {
    match envelope.around()?.kind {
        AroundKind::Object(kind) => Some(kind),
        AroundKind::Member | AroundKind::EnvFile => None,
    }
}

/// Fails where what is read may not be edited: a template, and a `ConfigMap` that would get a secret.
fn check_writable(
    config: &Config<'_>,
    object: Option<ObjectKind>,
    changes: &[Change],
    source: &Source,
) -> Result<(), Error> {
    if let Some(template) = Template::of(config.document()) {
        return Err(Error::Envelope { name: source.name(), source: template.into() });
    }
    let is_inline = |change: &Change| match change {
        Change::Add { key, .. } => key.form.variable().is_none(),
        Change::MoveSecret { to, .. } => to.variable().is_none(),
        _ => false,
    };
    if object == Some(ObjectKind::ConfigMap) && changes.iter().any(is_inline) {
        return Err(Usage::NoPlace { config: source.name(), why: NoPlace::ConfigMap }.into());
    }
    Ok(())
}

fn platform(source: &Source, envelope: &Envelope<'_>, config: &Config<'_>, world: &World<'_>) -> Platform {
    let path = source.path(world);
    if config.is_cloud() {
        return Platform::Cloud;
    }
    let near = path.as_ref().map_or(Platform::Unknown, |path| crate::store::detect(path));
    if object_around(envelope).is_none() {
        return near;
    }
    let workload = if let Platform::Kubernetes { workload, .. } = near { workload } else { None };
    let forced = envelope.notes().iter().any(|note| note.kind == WriterKind::Immutable);
    let file = path.map(|_| source.name());
    Platform::Kubernetes { workload, object: Some(ObjectFile { file, forced }) }
}

/// A config before and after its change.
struct ConfigChange<'a> {
    operation: &'a Operation<'a>,
    task: &'a Task<'a>,
    now: NumericDate,
    live_at: &'a [String],
    outcome: &'a Outcome,
    config: &'a Config<'a>,
    after: &'a Config<'a>,
    set: Option<&'a SecretWrite>,
    platform: Platform,
}

impl ConfigChange<'_> {
    /// Fills in events, diff, warnings and next steps. `unused`: the variables that the config no longer refers to.
    fn review(
        &self,
        (keys, unused): (&KeySet, &BTreeSet<String>),
        review: &mut Review,
        redactor: &mut Redactor,
        world: &World<'_>,
    ) {
        let value = |name: &str| {
            let set = self.set.and_then(|set| set.value(name));
            set.or_else(|| moved(&self.outcome.changes, keys, name)).or_else(|| self.task.values.get(name))
        };
        let keys = &KeySet::read_to_show(self.config, &value);
        let new_keys = &KeySet::read_to_show(self.after, &value);
        let tool = self.task.source.command(self.operation.global, world);
        // Of a key that is written in another way, the notes tell all.
        if self.outcome.effect != Some(Effect::Rewritten) {
            review.events = explain::events(keys, new_keys, self.now);
        }
        review.diff = self.diff(redactor);
        let warnings = findings::warnings(self.after, new_keys, &tool.to_string(), self.now);
        review.warnings = warnings.iter().map(ToString::to_string).collect();
        review.warnings.extend(self.set.and_then(SecretWrite::warning));
        review
            .warnings
            .extend(self.outcome.changes.iter().filter_map(|change| still_in_plaintext(change, self.after)));
        review.notes.extend(self.git_notes(world));
        let unused: Vec<String> = match &self.task.drop_env {
            None => unused.iter().cloned().collect(),
            // What becomes of the others is shown as well.
            Some(drop) if drop.names.is_empty() => Vec::new(),
            Some(drop) => unused.iter().filter(|name| !drop.names.contains(name)).cloned().collect(),
        };
        let situation = Situation {
            now: self.now,
            policy: &self.task.policy,
            keys: new_keys,
            means: Means {
                platform: &self.platform,
                tool: &tool,
                timing: &self.operation.flags,
                values: self.task.values.flag().map_or(ValuesFrom::Places, ValuesFrom::File),
            },
            variables: Variables { new: self.set.map(SecretWrite::new_variable), unused: &unused },
            live_at: self.live_at,
        };
        if let Some(done) = self.outcome.effect.and_then(|effect| Done::of(effect, keys, new_keys)) {
            review.notes.extend(self.rotation_notes(done, keys, &situation, world));
            review.steps = self.steps(done, &situation);
        }
    }

    fn diff(&self, redactor: &mut Redactor) -> Vec<DiffLine> {
        let name = self.task.source.name();
        let mut lines = text_diff(redactor, Some(self.config), Some(self.after), &name);
        let beside = self.set.map(|set| set.diff(redactor)).unwrap_or_default();
        if !(lines.is_empty() || beside.is_empty()) {
            lines.push(DiffLine { kind: LineKind::Same, text: String::new() });
        }
        lines.extend(beside);
        lines
    }

    /// What git keeps, or is not to get.
    fn git_notes(&self, world: &World<'_>) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Some(file) = self.set.and_then(SecretWrite::new_env_file) {
            let text = sentence!("{} is new, for you alone, and git ignores it", Printable(file));
            notes.push(Note::new("new-secret-file", None, text));
        }
        if !self.task.source.path(world).is_some_and(|path| crate::store::in_git(&path)) {
            return notes;
        }
        let moves_out =
            |change: &Change| matches!(change, Change::MoveSecret { to, .. } if to.variable().is_some());
        if self.outcome.changes.iter().any(moves_out) {
            let how = if self.config.is_cloud() {
                "`add` another key, and remove this one once your backend has left it"
            } else {
                "`rotate` puts a new one in its place"
            };
            let text = sentence!("the secret stays in git history: if it must not be there, {how}");
            notes.push(Note::new("git-history", None, text));
        }
        if let Some(file) = self.set.and_then(SecretWrite::new_file) {
            let text = sentence!("{} is new, and holds a secret: keep it out of git", Printable(file));
            notes.push(Note::new("new-secret-file", None, text));
        }
        notes
    }

    fn rotation_notes(
        &self,
        done: Done<'_>,
        keys: &KeySet,
        situation: &Situation<'_>,
        world: &World<'_>,
    ) -> Vec<Note> {
        let mut notes = Vec::new();
        if matches!(done, Done::Rotated { outgoing: Some(_), .. })
            && let Some(path) = self.task.source.path(world)
        {
            let why = WhyTwoSteps::of(&path, &self.platform, keys);
            notes.extend(why.map(|why| Note::new("two-steps", None, why.message())));
        }
        if matches!(done, Done::Rotated { .. } | Done::Promoted { .. } | Done::RolledBack { .. }) {
            let earlier = explain::earlier_rotations(situation, keys);
            notes.extend(earlier.iter().map(|rotation| Note::earlier(rotation, self.now)));
        }
        notes
    }

    fn steps(&self, done: Done<'_>, situation: &Situation<'_>) -> Steps {
        let Means { platform, tool, .. } = situation.means;
        let mut steps = explain::next_steps(done, situation);
        match (situation.keys.check_start(), done) {
            (Ok(()), _) | (_, Done::Noted) => {}
            (Err(_), Done::Rewritten) => {
                steps.list = vec![Step::new(Action::StillBroken, vec![tool.clone().arg("check")])];
            }
            (Err(why), _) => {
                // A replica that restarts with a file that the service doesn't start with stays down.
                let what = sentence!("{}", why.places());
                steps.list.insert(0, Step::fix_first(Some(what), platform, tool));
            }
        }
        if !matches!(self.task.source, Source::File(_)) {
            // Only of a config in place it can be told that it no longer needs them.
            let drops = |step: &&mut Step| matches!(step.action, Action::DropVariables { .. });
            steps.list.iter_mut().filter(drops).for_each(|step| step.commands.clear());
        }
        steps
    }
}

/// The value of a variable whose secret is moved into the config.
fn moved(changes: &[Change], keys: &KeySet, name: &str) -> Option<Zeroizing<String>> {
    changes.iter().find_map(|change| match change {
        Change::MoveSecret { index, k, .. } if keys.keys()[*index].variable() == Some(name) => {
            Some(k.0.clone())
        }
        _ => None,
    })
}

/// A secret that was moved into a variable, and is elsewhere in the config as well: at an anchor, in a comment, in another
/// key.
fn still_in_plaintext(change: &Change, after: &Config<'_>) -> Option<String> {
    let Change::MoveSecret { to, k, .. } = change else { return None };
    to.variable().filter(|_| !k.0.is_empty())?;
    let at = after.text().find(k.0.as_str())?;
    let line = after.text()[..at].matches('\n').count() + 1;
    Some(format!("the secret is still in plaintext on line {line} of this file. Remove it there, too"))
}
