//! How every changing command ends: the diff, the question, the write, and what to do next.

use std::cell::RefCell;
use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::Answer;
use super::draft::Draft;
use super::drop_env::{DropEnv, Dropping, unused};
use super::secret_write::{OwnWrites, SecretWrite};
use super::values::KnownValues;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::config::Config;
use crate::config::edit;
use crate::explain::{self, Action, Done, Means, Situation, Step, Steps, Variables};
use crate::keyset::KeySet;
use crate::redact::{DiffLine, LineKind, Redactor};
use crate::report::paint::{self, diff_line, event_line};
use crate::rules::{self, FileFacts, Selection, Subject};
use crate::schedule::{Change, Effect, Outcome, Policy, plan};
use crate::session::World;
use crate::session::arguments::{Ending, Global};
use crate::session::{Error, Source};
use crate::store::Platform;
use crate::store::{Locked, StoreError};

pub(crate) const NO_TERMINAL: &str = "nothing was written: there is no terminal to ask on. Add `--yes` to write without \
    asking, or `--dry-run` to only look";

/// What to decide from the keys at a moment.
pub(crate) type Decide<'a> = dyn Fn(&Config<'_>, &KeySet, NumericDate) -> Result<Decided, Error> + 'a;

/// What was decided, and what else there is to say.
#[derive(Default)]
pub(crate) struct Decided {
    pub(crate) outcome: Outcome,
    pub(crate) notes: Vec<Sentence>,
    /// Where running services were asked for the key that is promoted, and know it.
    pub(crate) live_at: Vec<String>,
}

impl From<Outcome> for Decided {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }
}

/// One change of one config.
pub(crate) struct Run<'a> {
    pub(crate) global: &'a Global,
    pub(crate) source: &'a Source,
    pub(crate) ending: &'a Ending,
    pub(crate) policy: &'a Policy,
    /// What is known of variables.
    pub(crate) values: &'a KnownValues<'a>,
    pub(crate) decide: &'a Decide<'a>,
    /// What a decision needs written beside the config.
    pub(crate) beside: Option<&'a RefCell<Option<SecretWrite>>>,
    /// Variables to drop.
    pub(crate) drop_env: Option<DropEnv<'a>>,
    /// Numbers the secrets of all that is shown, where this is one of several runs with one output.
    pub(crate) redactor: Option<&'a RefCell<Redactor>>,
    /// Whether PowerSync Cloud's schema takes what this command writes.
    pub(crate) on_cloud: bool,
    /// Said where there is nothing to do.
    pub(crate) nothing: &'a str,
    /// The flags that later commands need to count as this one does.
    pub(crate) flags: Vec<String>,
}

impl Run<'_> {
    /// Carries the change out, as far as the person and the options let it.
    pub(crate) fn run(&self, world: &mut World<'_>) -> Result<Answer, Error> {
        match self.source {
            Source::Stdin | Source::Variable => self.filter(world),
            Source::File(path) => {
                let path = world.path(path);
                if self.ending.dry_run {
                    return self.dry_run(world);
                }
                if self.global.now.is_some() {
                    let text = "`--now` pretends it is another time, so no file is written with it. Add `--dry-run`, \
                                or use `-c -`";
                    return Err(Error::Usage(text.to_owned()));
                }
                if self.ending.yes {
                    return self.write_at_once(&path, world);
                }
                self.ask_and_write(&path, world)
            }
        }
    }

    /// From stdin to stdout. All talk goes to stderr.
    fn filter(&self, world: &mut World<'_>) -> Result<Answer, Error> {
        if self.drop_env.is_some() {
            let text = "`--drop-env` works on a config that is a file: here, the new one goes to stdout, and until it is in \
                        place, the service that starts with the old one needs the variables. Leave `--drop-env` out, put \
                        the new config in place, restart every replica, and then take the variables away where they are \
                        kept; for an env file: `-c PATH prune --drop-env=NAME`";
            return Err(Error::Usage(text.to_owned()));
        }
        let bytes = self.source.read(world)?;
        let draft = self.draft(&bytes, world)?;
        if !self.ending.dry_run {
            draft.check_now(self.global)?;
        }
        world.stderr.write_all(draft.review.as_bytes())?;
        draft.put_out(&bytes, !self.ending.dry_run, world)?;
        draft.tell_notes(world)?;
        match (&draft.text, self.ending.dry_run) {
            (None, _) if draft.beside.is_some() => {}
            (None, _) => writeln!(world.stderr, "{}", self.nothing)?,
            (_, true) => writeln!(world.stderr, "\nDry run: the config on stdout is the old one.")?,
            (_, false) => {
                let what = if draft.in_secret {
                    "The new Secret is on stdout. Read the diff above, then: kubectl replace -f FILE"
                } else {
                    "The new config is on stdout. Put it in place of the old one."
                };
                writeln!(world.stderr, "\n{what}")?;
                tell_steps(&draft.steps, "What to do next", world)?;
            }
        }
        Ok(Answer::Done)
    }

    fn dry_run(&self, world: &mut World<'_>) -> Result<Answer, Error> {
        let bytes = self.source.read(world)?;
        let draft = self.draft(&bytes, world)?;
        self.show(&draft, world)?;
        if !draft.is_empty() {
            writeln!(world.stderr, "\nDry run: nothing was written.")?;
            tell_steps(&draft.steps, "What to do once it is written", world)?;
        }
        Ok(Answer::Done)
    }

    /// With `--yes`: everything under one lock.
    fn write_at_once(&self, path: &std::path::Path, world: &mut World<'_>) -> Result<Answer, Error> {
        let locked = self.lock(path, world)?;
        let bytes = locked.snapshot().map_err(Error::store(&self.source.name()))?;
        let (draft, beside) = self.draft_locked(&bytes, world)?;
        self.show(&draft, world)?;
        self.write(&locked, &bytes, &draft, beside.as_ref(), world)
    }

    /// A draft, and the lock of what is written beside the config. Another run may write that meanwhile: then it is drafted
    /// anew.
    pub(crate) fn draft_locked(
        &self,
        bytes: &[u8],
        world: &mut World<'_>,
    ) -> Result<(Draft, Option<Locked>), Error> {
        loop {
            let draft = self.draft(bytes, world);
            match draft.and_then(|draft| draft.lock(world).map(|lock| (draft, lock))) {
                Err(Error::Store { source: StoreError::Changed, .. }) => {}
                done => return done,
            }
        }
    }

    fn ask_and_write(&self, path: &std::path::Path, world: &mut World<'_>) -> Result<Answer, Error> {
        let name = self.source.name();
        loop {
            let bytes = self.source.read(world)?;
            let shown = self.draft(&bytes, world)?;
            self.show(&shown, world)?;
            if shown.is_empty() {
                return Ok(Answer::Done);
            }
            if !(world.terminal.stdin && world.terminal.stderr) {
                return Err(Error::Usage(NO_TERMINAL.to_owned()));
            }
            if !ask(&format!("Write this to {}?", list(&shown.files(&name))), world)? {
                writeln!(world.stderr, "Nothing was written.")?;
                return Ok(Answer::No);
            }
            let locked = self.lock(path, world)?;
            if *locked.snapshot().map_err(Error::store(&name))? != *bytes {
                return Err(Error::store(&name)(StoreError::Changed));
            }
            let (draft, beside) = self.draft_locked(&bytes, world)?;
            draft.check_beside(&shown, &OwnWrites::default())?;
            if shown.is_stale(draft.now) {
                drop((locked, beside));
                writeln!(
                    world.stderr,
                    "\nThe times above have moved while the question waited. Here they are anew.\n"
                )?;
                continue;
            }
            return self.write(&locked, &bytes, &draft, beside.as_ref(), world);
        }
    }

    pub(crate) fn lock(&self, path: &std::path::Path, world: &mut World<'_>) -> Result<Locked, Error> {
        let name = self.source.name();
        let stderr = &mut *world.stderr;
        let waiting = || {
            // Only a courtesy: a run without stderr waits all the same.
            let _ = writeln!(stderr, "Another run is writing {}; waiting for it.", Printable(&name));
        };
        Locked::open(path, waiting).map_err(Error::store(&self.source.name()))
    }

    /// Replaces the file, if there is anything to write.
    pub(crate) fn write(
        &self,
        locked: &Locked,
        old: &[u8],
        draft: &Draft,
        beside: Option<&Locked>,
        world: &mut World<'_>,
    ) -> Result<Answer, Error> {
        if draft.is_empty() {
            return Ok(Answer::Done);
        }
        let name = self.source.name();
        draft.write_around(beside, world, |_| match &draft.text {
            Some(text) => locked.replace(old, text).map_err(Error::store(&name)),
            None => Ok(()),
        })?;
        writeln!(world.stderr, "\nWritten: {}", list(&draft.files(&name)))?;
        tell_steps(&draft.steps, "What to do next", world)?;
        Ok(Answer::Done)
    }

    fn show(&self, draft: &Draft, world: &mut World<'_>) -> Result<(), Error> {
        world.stdout.write_all(draft.review.as_bytes())?;
        world.stdout.flush()?;
        draft.tell_notes(world)?;
        if draft.is_empty() {
            writeln!(world.stderr, "{}", self.nothing)?;
        }
        Ok(())
    }

    /// Reads, decides, edits, and words it.
    pub(crate) fn draft(&self, bytes: &[u8], world: &World<'_>) -> Result<Draft, Error> {
        let opened = self.source.unwrap(self.global, bytes)?;
        let name = opened.name.clone();
        let config_error = Error::config(&name);
        let now = world.clock.now();
        let config = opened.config()?;
        if config.is_cloud() && !self.on_cloud {
            return Err(Error::Usage(format!("{}: {NOT_ON_CLOUD}", Printable(&name))));
        }
        let keys = KeySet::read_with(&config, &self.values.values());
        self.values.check(&keys)?;
        let decided = (self.decide)(&config, &keys, now).map_err(|error| error.named(&name))?;
        let set = self.beside.and_then(RefCell::take);
        let Decided { outcome, notes: also, live_at } = decided;
        let mut notes: Vec<Sentence> = outcome.messages().chain(also).collect();
        let changes = &outcome.changes;
        let text = if changes.is_empty() {
            None
        } else {
            // A key that takes another's place is written as that one is; one at the end as its neighbour.
            let last = keys.keys().len();
            let replaces =
                changes.iter().any(|change| matches!(change, Change::Add { at, .. } if *at < last));
            let like = keys.current().ok().flatten().map(|key| key.index).filter(|_| replaces);
            Some(edit::apply(&config, &plan(changes, now, like)).map_err(&config_error)?)
        };
        let after = text.as_ref().map_or(config.text(), |text| text);
        let after = Config::parse_str(after, opened.input).map_err(&config_error)?;
        let mut unused = unused((&config, &keys), &after);
        let Dropping { write, kept } = match (&set, &self.drop_env) {
            (None, Some(drop)) => drop.write(&after, &unused)?,
            _ => Dropping::default(),
        };
        for (name, why) in &kept {
            notes.push(sentence!("{} stays: {why}", Printable(name)));
            unused.remove(name);
        }
        let beside = set.filter(|_| text.is_some()).or(write);
        if self.drop_env.as_ref().is_some_and(|drop| drop.later.is_some()) {
            // What becomes of them is told once all configs are written.
            unused.clear();
        }
        let mut draft = Draft {
            now,
            text: None,
            in_secret: opened.envelope.entry().is_some(),
            beside,
            review: String::new(),
            notes,
            warnings: Vec::new(),
            steps: Steps { now, list: Vec::new() },
        };
        if text.is_some() || draft.beside.is_some() {
            self.review(&mut draft, (&outcome, &live_at), (&config, &keys), &after, &unused, world);
        }
        drop(after);
        draft.text = text.map(|text| opened.envelope.wrap(text.as_bytes()));
        if draft.text.is_some() {
            draft.warnings.extend(opened.envelope.notes().iter().map(|note| note.message().to_string()));
        }
        Ok(draft)
    }

    fn platform(&self, draft: &Draft, config: &Config<'_>, world: &World<'_>) -> Platform {
        match self.source {
            _ if config.is_cloud() => Platform::Cloud,
            _ if draft.in_secret => Platform::Kubernetes { workload: None },
            Source::File(path) => crate::store::detect(&world.path(path)),
            Source::Stdin | Source::Variable => Platform::Unknown,
        }
    }

    /// Words what is written: events, diff, warnings and next steps.
    fn review(
        &self,
        draft: &mut Draft,
        (outcome, live_at): (&Outcome, &[String]),
        (config, keys): (&Config<'_>, &KeySet),
        after: &Config<'_>,
        unused: &BTreeSet<String>,
        world: &World<'_>,
    ) {
        let (name, now, changes) = (self.source.name(), draft.now, outcome.changes.as_slice());
        let beside = draft.beside.as_ref();
        let value = |name: &str| {
            let set = beside.and_then(|set| set.value(name));
            set.or_else(|| moved(changes, keys, name)).or_else(|| self.values.get(name))
        };
        let keys = &KeySet::read_with(config, &value);
        let new_keys = KeySet::read_with(after, &value);
        // Of a key that is written in another way, the notes tell all.
        let events = if outcome.effect == Some(Effect::Rewritten) {
            Vec::new()
        } else {
            explain::events(keys, &new_keys, now)
        };
        for event in &events {
            draft.review.push_str(&event_line(event.kind.sign(), event.message(now)));
            draft.review.push('\n');
        }
        if !events.is_empty() {
            draft.review.push('\n');
        }
        let own = RefCell::default();
        let mut redactor = self.redactor.unwrap_or(&own).borrow_mut();
        let mut lines = crate::redact::text_diff(&mut redactor, Some(config), Some(after), &name);
        if let Some(diff) = beside.map(|beside| beside.diff(&mut redactor)).filter(|diff| !diff.is_empty()) {
            if !lines.is_empty() {
                lines.push(DiffLine { kind: LineKind::Same, text: String::new() });
            }
            lines.extend(diff);
        }
        for line in lines {
            draft.review.push_str(&diff_line(&line));
            draft.review.push('\n');
        }
        let tool = self.source.command(self.global, world);
        let dropped = beside.map(SecretWrite::dropped).unwrap_or_default();
        let left: Vec<String> = unused.iter().filter(|name| !dropped.contains(name)).cloned().collect();
        if changes.is_empty() {
            draft.steps.list = vec![Step::new(Action::NothingElse, Vec::new())];
            return;
        }
        draft.warnings = explain::warnings(&new_keys, &tool.to_string(), now);
        draft.warnings.extend(beside.and_then(SecretWrite::warning));
        draft.warnings.extend(changes.iter().filter_map(|change| still_in_clear(change, after)));
        let platform = self.platform(draft, config, world);
        if let Source::File(path) = self.source
            && changes
                .iter()
                .any(|change| matches!(change, Change::MoveSecret { to, .. } if to.variable().is_some()))
            && crate::store::in_git(&world.path(path))
        {
            let how = if config.is_cloud() {
                "`add` another key, and remove this one once your backend has left it"
            } else {
                "`rotate` puts a new one in its place"
            };
            draft
                .notes
                .push(sentence!("the secret stays in the history of git: if that is no place for it, {how}"));
        }
        if let (Some(file), Source::File(path)) = (beside.and_then(SecretWrite::new_file), self.source)
            && crate::store::in_git(&world.path(path))
        {
            draft.notes.push(sentence!("{} is new, and holds a secret: keep it out of git", Printable(file)));
        }
        let situation = Situation {
            now,
            policy: self.policy,
            keys: &new_keys,
            means: Means { platform: &platform, tool: &tool, timing: &self.flags },
            variables: Variables { new: beside.and_then(SecretWrite::new_variable), unused: &left },
            live_at,
        };
        let done = outcome.effect.and_then(|effect| Done::of(effect, keys, &new_keys));
        let Some(done) = done else { return };
        if matches!(done, Done::Rotated { outgoing: Some(_), .. })
            && let Source::File(path) = self.source
        {
            draft.notes.extend(two_steps(&world.path(path), &platform, keys));
        }
        if matches!(done, Done::Rotated { .. } | Done::Promoted { .. }) {
            let earlier = explain::earlier_rotations(&situation, keys);
            draft.notes.extend(earlier.iter().map(|rotation| rotation.message(now)));
        }
        draft.steps = explain::next_steps(done, &situation);
        if matches!(done, Done::Respelled) {
            if !self.may_start(after, &new_keys, &tool.to_string(), now) {
                draft.steps.list = vec![Step::new(Action::StillBroken, vec![tool.arg("check")])];
            }
        } else if !matches!(done, Done::Noted) {
            // A replica that restarts with a file that the service doesn't start with stays down.
            let what = explain::not_starting(&new_keys).map(|what| sentence!("{what}"));
            let fix = |what| Step::fix_first(Some(what), &platform, &tool);
            draft.steps.list.splice(..0, what.map(fix));
        }
        if !matches!(self.source, Source::File(_)) {
            // Only of a config in place it can be told that it no longer needs them.
            let drops = |step: &&mut Step| matches!(step.action, Action::DropVariables { .. });
            draft.steps.list.iter_mut().filter(drops).for_each(|step| step.commands.clear());
        }
    }
}

impl Run<'_> {
    /// Whether no rule says that the service does not start, whichever rules this run is about.
    fn may_start(&self, config: &Config<'_>, keys: &KeySet, tool: &str, now: NumericDate) -> bool {
        let (policy, file) = (self.policy, FileFacts::default());
        let subject = Subject { config, keys, values: None, policy, now, file, tool };
        let findings = rules::check(&subject, &Selection::default());
        findings.iter().all(|finding| !finding.message.contains("does not start"))
    }
}

const NOT_ON_CLOUD: &str = "this is a PowerSync Cloud config (`_type: cloud`), whose schema refuses the members that this \
    tool writes (`iat`, `exp`), so there is no schedule. Nothing was changed. Replace a key by hand: `add` one, deploy, \
    let your backend sign with it, and once the last token of the old key has expired (a day at most), \
    `remove KEY --allow live-key` and deploy again";

/// The value of a variable whose secret is moved into the config.
fn moved(changes: &[Change], keys: &KeySet, name: &str) -> Option<Zeroizing<String>> {
    changes.iter().find_map(|change| match change {
        Change::MoveSecret { index, k, .. } if keys.keys()[*index].variable() == Some(name) => {
            Some(k.0.clone())
        }
        _ => None,
    })
}

/// A secret that was moved into a variable, and stands elsewhere in the config as well: at an anchor, in a comment, in
/// another key.
fn still_in_clear(change: &Change, after: &Config<'_>) -> Option<String> {
    let Change::MoveSecret { to, k, .. } = change else { return None };
    to.variable().filter(|_| !k.0.is_empty())?;
    let at = after.text().find(k.0.as_str())?;
    let line = after.text()[..at].matches('\n').count() + 1;
    Some(format!("the secret still stands in clear on line {line} of this file. Remove it there, too"))
}

/// Why two steps would be safer here, if they would.
fn two_steps(path: &std::path::Path, platform: &Platform, keys: &KeySet) -> Option<Sentence> {
    let variables = keys.keys().iter().any(|key| key.variable().is_some());
    let why = match platform {
        _ if crate::store::in_git(path) => "is kept in git",
        Platform::Kubernetes { .. } => "is read by several replicas",
        _ if variables => "keeps secrets in variables",
        _ => return None,
    };
    Some(sentence!(
        "this config {why}, so replicas may get it at different times. `rotate --standby` makes the new key known to all \
         of them before anyone signs with it"
    ))
}

/// Asks a question that only yes answers with yes.
pub(crate) fn ask(question: &str, world: &mut World<'_>) -> Result<bool, Error> {
    write!(world.stderr, "\n{question} [y/N] ")?;
    world.stderr.flush()?;
    let answer = world.read_line()?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

pub(crate) fn tell_steps(steps: &Steps, title: &str, world: &mut World<'_>) -> Result<(), Error> {
    let text = paint::steps(steps, title, world.terminal.width);
    Ok(world.stderr.write_all(text.as_bytes())?)
}
