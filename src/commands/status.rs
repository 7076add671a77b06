//! `status`: all keys as they are.

use super::Answer;
use super::{policy, source};
use crate::World;
use crate::cli::{Format, Global, Status, Times};
use crate::config::Config;
use crate::display::{Printable, list};
use crate::error::Error;
use crate::keyset::{Key, KeySet};
use crate::lifecycle;
use crate::report::human::{self, Row};
use crate::report::json;
use crate::report::paint::{YELLOW, paint};
use crate::review::warnings;

/// What the table can't show.
fn tell_unseen(keys: &KeySet, world: &mut World<'_>) -> Result<(), Error> {
    world.stdout.flush()?;
    let variables: Vec<String> =
        keys.keys().iter().filter_map(|key| key.variable().map(str::to_owned)).collect();
    if !variables.is_empty() {
        writeln!(world.stderr, "note: not seen here: the values of {}", list(&variables))?;
    }
    if let Some(member) = keys.other_login {
        writeln!(
            world.stderr,
            "note: users also log in with keys from `{member}`, which this table does not show"
        )?;
    }
    Ok(())
}

pub(super) fn run(global: &Global, args: &Status, world: &mut World<'_>) -> Result<Answer, Error> {
    let now = world.clock.now();
    let sources = source::several(&args.paths, global, world)?;
    let mut configs = Vec::new();
    let (mut rows, mut told) = (Vec::new(), Vec::new());
    for source in &sources {
        let name = source.name();
        let bytes = source.read(world)?;
        let config = Config::parse(&bytes, source.input(global)).map_err(Error::config(&name))?;
        let keys = KeySet::read(&config);
        let warnings = warnings(&keys, &source.tool(world), now);
        if args.format == Format::Json {
            configs.push(json::StatusConfig::new(&name, &keys, warnings, now));
            continue;
        }
        if sources.len() > 1 {
            let policy = policy::of(&Times::default(), source, world)?;
            // What can't be decided is told by the warnings.
            let next = lifecycle::next_due(&keys, &policy, now).ok().flatten();
            let current = keys.current().ok().flatten().map(Key::name);
            rows.push(Row { config: name.clone(), current, due: None, next });
            told.extend(warnings.into_iter().map(|warning| format!("{}: {warning}", Printable(&name))));
            continue;
        }
        if keys.keys().is_empty() {
            writeln!(world.stdout, "no keys in client_auth.jwks.keys")?;
            match keys.other_login {
                Some(member) => writeln!(world.stderr, "Users log in with keys from `{member}`.")?,
                None => writeln!(world.stderr, "`{} rotate` makes the first key.", source.tool(world))?,
            }
        } else {
            write!(world.stdout, "{}", human::key_table(&keys, now))?;
            tell_unseen(&keys, world)?;
        }
        told.extend(warnings);
    }
    if !rows.is_empty() {
        write!(world.stdout, "{}", human::schedule_table(&rows, now))?;
    }
    world.stdout.flush()?;
    for warning in told {
        writeln!(world.stderr, "{} {warning}", paint(YELLOW, "warning:"))?;
    }
    if args.format == Format::Json {
        let report = json::Status::new(now, configs);
        let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::from)?;
        writeln!(world.stdout, "{text}")?;
    }
    Ok(Answer::Done)
}
