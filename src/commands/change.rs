//! How every changing command ends: the diff, the question, the write, and what to do next.

use std::collections::HashSet;
use std::io::Write;

use zeroize::Zeroizing;

use super::Answer;
use super::values::KnownValues;
use crate::World;
use crate::cli::{Ending, Global};
use crate::config::Config;
use crate::config::edit;
use crate::display::Printable;
use crate::error::{Error, Source};
use crate::keyset::KeySet;
use crate::lifecycle::{Change, Decision, Policy, is_live, plan};
use crate::report::paint::{BOLD, DIM, diff_line, event_line, paint, warning_line};
use crate::review::{self, Done, Platform, Situation, Step};
use crate::store::{Locked, StoreError};
use crate::time::{NumericDate, Seconds};

/// Planned times that moved by more than this while a question waited are shown again.
const STALE: Seconds = Seconds::new(60);

/// What to decide from the keys at a moment.
pub(super) type Decide<'a> = dyn Fn(&KeySet, NumericDate) -> Result<Decision, Error> + 'a;

/// One change of one config.
pub(super) struct Run<'a> {
    pub(super) global: &'a Global,
    pub(super) source: &'a Source,
    pub(super) ending: &'a Ending,
    pub(super) policy: &'a Policy,
    pub(super) decide: &'a Decide<'a>,
    /// The values of variables, where the decision needs them.
    pub(super) values: Option<&'a KnownValues<'a>>,
    /// Said where there is nothing to do.
    pub(super) nothing: &'a str,
    /// The flags that later commands need to count as this one does.
    pub(super) flags: String,
}

/// A change as it would be written, and all that is said about it.
pub(super) struct Draft {
    now: NumericDate,
    /// `None`: nothing to do.
    pub(super) text: Option<Zeroizing<String>>,
    /// Key events and diff, coloured.
    pub(super) review: String,
    notes: Vec<String>,
    warnings: Vec<String>,
    pub(super) steps: Vec<Step>,
}

impl Run<'_> {
    /// Carries the change out, as far as the person and the options let it.
    pub(super) fn run(&self, world: &mut World<'_>) -> Result<Answer, Error> {
        match self.source {
            Source::Stdin => self.filter(world),
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
        let bytes = self.source.read(world)?;
        let draft = self.draft(&bytes, world)?;
        world.stderr.write_all(draft.review.as_bytes())?;
        match draft.text.as_ref().filter(|_| !self.ending.dry_run) {
            Some(text) => world.stdout.write_all(text.as_bytes())?,
            None => world.stdout.write_all(&bytes)?,
        }
        world.stdout.flush()?;
        draft.tell_notes(world)?;
        match (&draft.text, self.ending.dry_run) {
            (None, _) => writeln!(world.stderr, "{}", self.nothing)?,
            (_, true) => writeln!(world.stderr, "\nDry run: the config on stdout is the old one.")?,
            (_, false) => {
                writeln!(world.stderr, "\nThe new config is on stdout. Put it in place of the old one.")?;
                tell_steps(&draft.steps, "What to do next", world.stderr)?;
            }
        }
        Ok(Answer::Done)
    }

    fn dry_run(&self, world: &mut World<'_>) -> Result<Answer, Error> {
        let bytes = self.source.read(world)?;
        let draft = self.draft(&bytes, world)?;
        self.show(&draft, world)?;
        if draft.text.is_some() {
            writeln!(world.stderr, "\nDry run: nothing was written.")?;
            tell_steps(&draft.steps, "What to do once it is written", world.stderr)?;
        }
        Ok(Answer::Done)
    }

    /// With `--yes`: everything under one lock.
    fn write_at_once(&self, path: &std::path::Path, world: &mut World<'_>) -> Result<Answer, Error> {
        let locked = self.lock(path, world)?;
        let bytes = locked.snapshot().map_err(Error::store(&self.source.name()))?;
        let draft = self.draft(&bytes, world)?;
        self.show(&draft, world)?;
        self.write(&locked, &bytes, &draft, world)
    }

    fn ask_and_write(&self, path: &std::path::Path, world: &mut World<'_>) -> Result<Answer, Error> {
        let name = self.source.name();
        loop {
            let bytes = self.source.read(world)?;
            let shown = self.draft(&bytes, world)?;
            self.show(&shown, world)?;
            if shown.text.is_none() {
                return Ok(Answer::Done);
            }
            if !(world.terminal.stdin && world.terminal.stderr) {
                let text = "nothing was written: there is no terminal to ask on. Add `--yes` to write without asking, \
                            or `--dry-run` to only look";
                return Err(Error::Usage(text.to_owned()));
            }
            if !ask(&format!("Write this to {}?", Printable(&name)), world)? {
                writeln!(world.stderr, "Nothing was written.")?;
                return Ok(Answer::No);
            }
            let locked = self.lock(path, world)?;
            if *locked.snapshot().map_err(Error::store(&name))? != *bytes {
                return Err(Error::store(&name)(StoreError::Changed));
            }
            let draft = self.draft(&bytes, world)?;
            if shown.is_stale(draft.now) {
                drop(locked);
                writeln!(
                    world.stderr,
                    "\nThe times above have moved while the question waited. Here they are anew.\n"
                )?;
                continue;
            }
            return self.write(&locked, &bytes, &draft, world);
        }
    }

    pub(super) fn lock(&self, path: &std::path::Path, world: &mut World<'_>) -> Result<Locked, Error> {
        let name = self.source.name();
        let stderr = &mut *world.stderr;
        let waiting = || {
            // Only a courtesy: a run without stderr waits all the same.
            let _ = writeln!(stderr, "Another run is writing {}; waiting for it.", Printable(&name));
        };
        Locked::open(path, waiting).map_err(Error::store(&self.source.name()))
    }

    /// Replaces the file, if there is anything to write.
    pub(super) fn write(
        &self,
        locked: &Locked,
        old: &[u8],
        draft: &Draft,
        world: &mut World<'_>,
    ) -> Result<Answer, Error> {
        let Some(text) = &draft.text else { return Ok(Answer::Done) };
        let name = self.source.name();
        locked.replace(old, text.as_bytes()).map_err(Error::store(&name))?;
        // It is done: that nobody reads what comes now makes no failure of it.
        let _ = writeln!(world.stderr, "\nWritten: {}", Printable(&name))
            .map_err(Error::from)
            .and_then(|()| tell_steps(&draft.steps, "What to do next", world.stderr));
        Ok(Answer::Done)
    }

    fn show(&self, draft: &Draft, world: &mut World<'_>) -> Result<(), Error> {
        world.stdout.write_all(draft.review.as_bytes())?;
        world.stdout.flush()?;
        draft.tell_notes(world)?;
        if draft.text.is_none() {
            writeln!(world.stderr, "{}", self.nothing)?;
        }
        Ok(())
    }

    /// Reads, decides, edits, and words it.
    pub(super) fn draft(&self, bytes: &[u8], world: &World<'_>) -> Result<Draft, Error> {
        let name = self.source.name();
        let config_error = Error::config(&name);
        let now = world.clock.now();
        let config = Config::parse(bytes, self.source.input(self.global)).map_err(&config_error)?;
        if config.is_cloud() {
            return Err(Error::Usage(format!(
                "{}: this is a PowerSync Cloud config (`_type: cloud`), whose schema refuses the members that this tool \
                 writes (`iat`, `exp`). Nothing was changed",
                Printable(&name)
            )));
        }
        let keys = KeySet::read(&config);
        let known = self.values.map(|values| KeySet::read_with(&config, &values.values()));
        let decision = (self.decide)(known.as_ref().unwrap_or(&keys), now);
        let decision = decision.map_err(|error| error.named(&name))?;
        let Decision { changes, mut notes } = decision;
        if changes.is_empty() {
            let (warnings, steps) = (Vec::new(), Vec::new());
            return Ok(Draft { now, text: None, review: String::new(), notes, warnings, steps });
        }
        // A key that takes another's place is written as that one is; one at the end as its neighbour.
        let last = keys.keys().len();
        let replaces = changes.iter().any(|change| matches!(change, Change::Add { at, .. } if *at < last));
        let like = keys.current().ok().flatten().map(|key| key.index).filter(|_| replaces);
        let text = edit::apply(&config, &plan(&changes, now, like)).map_err(&config_error)?;
        let after = Config::parse_str(&text, self.source.input(self.global)).map_err(&config_error)?;
        let new_keys = KeySet::read(&after);
        let events = review::events(&keys, &new_keys, now);
        let mut review = String::new();
        for event in events {
            review.push_str(&event_line(&event.text));
            review.push('\n');
        }
        review.push('\n');
        for line in review::text_diff(&config, &after, &name) {
            review.push_str(&diff_line(&line));
            review.push('\n');
        }
        let tool = self.source.tool(self.global, world);
        let warnings = review::warnings(&new_keys, &tool, now);
        let platform = match self.source {
            Source::File(path) => review::detect(&world.path(path)),
            Source::Stdin => Platform::Unknown,
        };
        let situation = Situation {
            now,
            policy: self.policy,
            platform: &platform,
            tool: &tool,
            flags: &self.flags,
            keys: &new_keys,
        };
        let done = done(&changes, &keys, &new_keys, now);
        if matches!(done, Done::Rotated { outgoing: Some(_), .. })
            && let Source::File(path) = self.source
        {
            notes.extend(two_steps(&world.path(path), &platform, &keys));
        }
        if matches!(done, Done::Rotated { .. } | Done::Promoted { .. }) {
            notes.extend(review::earlier_rotations(&situation, &keys));
        }
        let steps = review::next_steps(done, &situation);
        drop(after);
        Ok(Draft { now, text: Some(text), review, notes, warnings, steps })
    }
}

impl Draft {
    /// Whether its times have moved by more than people would let pass.
    pub(super) fn is_stale(&self, now: NumericDate) -> bool {
        self.text.is_some() && now.since(self.now).abs() > STALE
    }

    /// What was left alone, and what is dangerous.
    pub(super) fn tell_notes(&self, world: &mut World<'_>) -> Result<(), Error> {
        if self.text.is_some() && !(self.notes.is_empty() && self.warnings.is_empty()) {
            writeln!(world.stderr)?;
        }
        for note in &self.notes {
            writeln!(world.stderr, "note: {note}")?;
        }
        for warning in &self.warnings {
            writeln!(world.stderr, "{}", warning_line(&warning))?;
        }
        Ok(())
    }
}

/// Why two steps would be safer here, if they would.
fn two_steps(path: &std::path::Path, platform: &Platform, keys: &KeySet) -> Option<String> {
    let variables = keys.keys().iter().any(|key| key.variable().is_some());
    let why = match platform {
        _ if review::in_git(path) => "is kept in git",
        Platform::Kubernetes { .. } => "is read by several replicas",
        _ if variables => "keeps secrets in variables",
        _ => return None,
    };
    Some(format!(
        "this config {why}, so replicas may get it at different times. `rotate --standby` makes the new key known to all \
         of them before anyone signs with it"
    ))
}

/// What was done, in the terms of the next steps.
fn done<'k>(changes: &[Change], old: &'k KeySet, new: &'k KeySet, now: NumericDate) -> Done<'k> {
    let current = old.current().ok().flatten();
    let removed: HashSet<usize> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Remove { index } => Some(*index),
            _ => None,
        })
        .collect();
    let added = changes.iter().find_map(|change| match change {
        Change::Add { key, at, nbf } => {
            let new_key = new.keys().iter().find(|other| other.kid.value() == Some(&key.kid))?;
            Some((new_key, *at, *nbf))
        }
        _ => None,
    });
    if let Some((key, at, nbf)) = added {
        return match (nbf, current) {
            (Some(nbf), _) => Done::Waits { new: key, nbf, current },
            (None, Some(gone)) if at == 0 && removed.contains(&gone.index) => {
                Done::Revoked { new: key, gone }
            }
            // The new key stands before it now.
            (None, was) if at == 0 => {
                Done::Rotated { new: key, outgoing: was.and_then(|was| new.keys().get(was.index + 1)) }
            }
            (None, _) => Done::Added { new: key, current: new.is_current(key) },
        };
    }
    if let Some(index) = changes.iter().find_map(|change| match change {
        Change::Promote { index } => Some(*index),
        _ => None,
    }) && let Some(key) = new.keys().first()
    {
        // What stood before the promoted key stands one place further back now.
        let moved = |was: &crate::keyset::Key| was.index + usize::from(was.index < index);
        return Done::Promoted { key, outgoing: current.and_then(|was| new.keys().get(moved(was))) };
    }
    let latest = changes.iter().filter_map(|change| match change {
        Change::Retire { exp, .. } => Some(*exp),
        _ => None,
    });
    if let Some(exp) = latest.max() {
        return Done::Retired(exp);
    }
    if changes.iter().any(|change| matches!(change, Change::Unretire { .. })) {
        return Done::Unretired;
    }
    if changes.iter().all(|change| matches!(change, Change::Assume { .. })) {
        return Done::Noted;
    }
    let gone = |key: &crate::keyset::Key| removed.contains(&key.index);
    Done::Removed {
        live: old.keys().iter().any(|key| gone(key) && is_live(old, key, now)),
        successor: current.filter(|was| gone(was)).and_then(|_| new.current().ok().flatten()),
    }
}

/// Asks a question that only yes answers with yes.
pub(super) fn ask(question: &str, world: &mut World<'_>) -> Result<bool, Error> {
    write!(world.stderr, "\n{question} [y/N] ")?;
    world.stderr.flush()?;
    let answer = world.read_line()?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

pub(super) fn tell_steps(steps: &[Step], title: &str, to: &mut dyn Write) -> Result<(), Error> {
    writeln!(to, "\n{}", paint(BOLD, title))?;
    for (number, Step { text, commands }) in steps.iter().enumerate() {
        let end = if commands.is_empty() { "." } else { ":" };
        for (line, part) in wrap(&format!("{text}{end}"), 75).iter().enumerate() {
            let lead = if line == 0 { format!("{:>3}. ", number + 1) } else { " ".repeat(5) };
            writeln!(to, "{lead}{part}")?;
        }
        for command in commands {
            writeln!(to, "       {}", paint(DIM, command))?;
        }
    }
    Ok(())
}

/// Breaks text into lines of at most that many characters, between words.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            lines.push(String::new());
            length = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += size;
    }
    lines
}
