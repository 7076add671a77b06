//! The keys of one config or of several, as they are.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Named, Printable, list};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Login};
use crate::probe::Seen;
use crate::report::human::{self, Row};
use crate::report::json;
use crate::report::paint::warning_line;
use crate::schedule::{self, Waits};
use crate::session::arguments::{Global, Times};
use crate::session::outlook::{Known, Outlook};
use crate::session::values::KnownValues;
use crate::session::{Error, Source, World, policy};

/// A config that was read.
pub(crate) struct ConfigKeys<'a> {
    pub(crate) source: &'a Source,
    pub(crate) keys: KeySet,
    /// What is wrong with it.
    pub(crate) warnings: Vec<Sentence>,
    pub(crate) values: KnownValues<'a>,
    /// Where the values of its keys are.
    pub(crate) env_files: Vec<String>,
}

/// The ways in beside the keys of the file, in the order in which the service looks.
fn ways(keys: &KeySet) -> Vec<String> {
    keys.logins.working(keys.audience).map(Login::name).collect()
}

/// What the table can't show.
fn tell_unseen(keys: &KeySet, world: &mut World<'_>) -> Result<(), Error> {
    world.stdout.flush()?;
    let unseen = keys.keys().iter().filter(|key| key.secret().is_none());
    let mut variables: Vec<String> = Vec::new();
    for name in unseen.filter_map(Key::variable) {
        if !variables.iter().any(|other| other == name) {
            variables.push(name.to_owned());
        }
    }
    if !variables.is_empty() {
        world.note(&sentence!("not seen here: the values of {}", list(&variables)))?;
    }
    let ways = ways(keys);
    if !ways.is_empty() {
        world.note(&sentence!("users also log in with {}, which this table does not show", list(&ways)))?;
    }
    Ok(())
}

/// What a report depends on beside the keys.
pub(crate) struct Overview<'a> {
    pub(crate) global: &'a Global,
    pub(crate) now: NumericDate,
    pub(crate) service: Option<&'a [Option<Seen>]>,
    /// The values of the env file that was named, and its name.
    pub(crate) known: Option<(&'a KnownValues<'a>, String)>,
}

impl Overview<'_> {
    /// All keys of one config.
    pub(crate) fn one(&self, config: &ConfigKeys<'_>, world: &mut World<'_>) -> Result<(), Error> {
        let ConfigKeys { source, keys, warnings, .. } = config;
        let tool = source.tool(self.global, world);
        if keys.keys().is_empty() {
            writeln!(world.stdout, "no keys in client_auth.jwks.keys")?;
            world.stdout.flush()?;
            match ways(keys).as_slice() {
                ways @ [_, ..] => writeln!(world.stderr, "Users log in with {}.", list(ways))?,
                [] if keys.is_cloud => writeln!(
                    world.stderr,
                    "`{tool} add` makes the first key; `powersync deploy` brings it to the service."
                )?,
                [] => writeln!(world.stderr, "`{tool} rotate` makes the first key.")?,
            }
        } else {
            let table = human::key_table(keys, self.service, self.now, world.terminal.width);
            write!(world.stdout, "{table}")?;
            tell_unseen(keys, world)?;
            let waits = human::waits(&self.waits(source, keys, world), world.terminal.width);
            if !waits.is_empty() {
                writeln!(world.stderr)?;
                world.stderr.write_all(waits.as_bytes())?;
            }
        }
        for warning in warnings {
            let warning = human::hanging(warning, 9, world.terminal.width);
            writeln!(world.stderr, "{}", warning_line(&warning))?;
        }
        // What can't be read here, another command tells.
        let Ok(outlook) = self.outlook(config, world) else { return Ok(()) };
        let width = human::columns(world.terminal.width);
        let lines = [Some(outlook.sources()), outlook.checked(), outlook.next(self.now)];
        writeln!(world.stderr)?;
        for line in lines.into_iter().flatten() {
            write!(world.stderr, "{}", human::paragraph("", &line, width))?;
        }
        Ok(())
    }

    fn outlook(&self, config: &ConfigKeys<'_>, world: &mut World<'_>) -> Result<Outlook, Error> {
        let asked = self.known.as_ref().map(|(_, name)| name.as_str());
        let known = Known { values: &config.values, asked, found: &config.env_files };
        Outlook::of(config.source, &config.keys, known, self.global, world)
    }

    /// What its keys wait for. What can't be decided is told by the warnings; on Cloud there is no schedule.
    fn waits(&self, source: &Source, keys: &KeySet, world: &mut World<'_>) -> Waits {
        let rules = policy::rules(&Times::default(), source, world).ok().filter(|_| !keys.is_cloud);
        let list =
            rules.and_then(|rules| schedule::waits(keys, &rules.policy, &rules.origins, self.now).ok());
        Waits { now: self.now, tool: source.command(self.global, world), list: list.unwrap_or_default() }
    }

    /// A line for each of several configs: its current key, and what is next.
    pub(crate) fn several(&self, read: &[ConfigKeys<'_>], world: &mut World<'_>) -> Result<(), Error> {
        let (mut rows, mut told) = (Vec::new(), Vec::new());
        for ConfigKeys { source, keys, warnings, .. } in read {
            let name = source.name();
            // What can't be decided is told by the warnings; on Cloud there is no schedule.
            let next = match policy::of(&Times::default(), source, world) {
                Ok(_) if keys.is_cloud => None,
                Ok(policy) => schedule::next_due(keys, &policy, self.now).ok().flatten(),
                Err(error) => {
                    told.push(format!("{}: {error}", Printable(&name)));
                    None
                }
            };
            let current = keys.current().ok().flatten().map(Key::name);
            rows.push(Row { config: name.clone(), current, due: None, next });
            told.extend(warnings.iter().map(|warning| format!("{}: {warning}", Printable(&name))));
        }
        write!(world.stdout, "{}", human::schedule_table(&rows, self.now, world.terminal.width))?;
        world.stdout.flush()?;
        for warning in told {
            writeln!(world.stderr, "{}", warning_line(&warning))?;
        }
        Ok(())
    }

    pub(crate) fn report(
        &self,
        sources: &[Source],
        read: &[ConfigKeys<'_>],
        failures: &[(&Source, String)],
        world: &mut World<'_>,
    ) -> json::StatusReport {
        let configs = sources.iter().filter_map(|source| {
            if let Some((_, error)) = failures.iter().find(|(failed, _)| *failed == source) {
                return Some(json::StatusConfig::failed(&Named(&source.name()).to_string(), error.clone()));
            }
            let config = read.iter().find(|config| config.source == source)?;
            let (keys, warnings) = (&config.keys, config.warnings.clone());
            let waits = self.waits(source, keys, world);
            let told = json::StatusConfig::new(&source.name(), keys, self.service, warnings, &waits);
            Some(match self.outlook(config, world) {
                Ok(outlook) => told.with_outlook(outlook.report(self.now)),
                // What can't be read here, another command tells.
                Err(_) => told,
            })
        });
        json::StatusReport::new(self.now, configs.collect())
    }
}
