//! `init --fill`: the secrets that an existing config's variables lack.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::init::{Folder, is_ignored_above};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::explain::{Action as Do, Sign, Step, Steps};
use crate::init::fill::{Need, Usage, needs};
use crate::init::{self, Access};
use crate::keyset::KeySet;
use crate::keyset::strength::weakness_of_k;
use crate::report::paint::{event_line, warning_line};
use crate::session::World;
use crate::session::arguments::Global;
use crate::session::change::tell_steps;
use crate::session::files::{self, Action, FileChange, Written};
use crate::session::source::shell_word;
use crate::session::{Answer, source};
use crate::session::{Error, Source};
use crate::store::{self, Snapshot, StoreError};
use crate::wrap::env_file::EnvFile;

pub(super) fn run(global: &Global, args: &super::init::Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let folder = Folder::new(&args.dir, world)?;
    let source = config_of(global, &folder, args, world)?;
    let Source::File(path) = &source else {
        let text = "`--fill` writes an env file beside the config, so the config has to be a file. Name it with `-c PATH`";
        return Err(Error::Usage(text.to_owned()));
    };
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let config = opened.config()?;
    if config.is_cloud() {
        return Err(Error::Usage(format!(
            "{}: this is a PowerSync Cloud config (`_type: cloud`), whose secrets PowerSync keeps. Nothing was changed",
            Printable(&source.name())
        )));
    }
    let needs = needs(&config, &KeySet::read(&config));
    let env_path = args.env_file.clone().unwrap_or_else(|| beside(path));
    let env = EnvState::read(&env_path, world)?;
    let generated = env.generate(&needs, world)?;
    let fill_in: Vec<String> = needs
        .iter()
        .filter(|need| need.usage == Usage::Other && !env.is_filled_in(&need.name, world))
        .map(|need| need.name.clone())
        .collect();

    for (need, _) in &generated {
        writeln!(world.stdout, "{}", event_line(Sign::Added, describe(need)))?;
    }
    env.warn(&needs, !generated.is_empty(), world)?;
    let steps = next_steps(&fill_in, &generated, &env, &source, global, world);
    if generated.is_empty() {
        writeln!(world.stderr, "Nothing to generate: {}.", env.nothing(&needs, world))?;
        if !fill_in.is_empty() {
            tell_steps(&steps, "What to do next", world)?;
        }
        return Ok(Answer::Done);
    }
    writeln!(world.stdout)?;
    let change = env.change(&generated)?;
    files::show(std::slice::from_ref(&change), world)?;
    let written = files::write(std::slice::from_ref(&change), global, &args.ending, world)?;
    let title = match written {
        Written::Yes => "What to do next",
        Written::NotNow => "What to do once it is written",
        Written::Declined => return Ok(Answer::No),
    };
    tell_steps(&steps, title, world)?;
    Ok(written.into())
}

/// The config of this run: as for every command, but looked for in `--dir`.
fn config_of(
    global: &Global,
    folder: &Folder,
    args: &super::init::Args,
    world: &World<'_>,
) -> Result<Source, Error> {
    if args.dir == Path::new(".") {
        return source::one(global, world);
    }
    if global.config.is_some() {
        return Err(Error::Usage(
            "name the config either with `-c` or by its folder with `--dir`, not both".to_owned(),
        ));
    }
    Ok(Source::File(args.dir.join(store::find(folder.path())?)))
}

/// The env file of a config: where PowerSync's own command line keeps it, else beside the config.
fn beside(config: &Path) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new(""));
    let by_cli = config.file_name().is_some_and(|name| name == "service.yaml")
        && folder.file_name().is_some_and(|name| name == "powersync");
    folder.join(if by_cli { "docker/.env" } else { ".env" })
}

fn describe(need: &Need) -> Sentence {
    let Need { name, usage } = need;
    match usage {
        Usage::Key { key, alg } => {
            sentence!("{name}: the secret of {} ({alg}, {} bits)", Printable(key), alg.hash_length() * 8)
        }
        _ => sentence!("{name}: a token for the admin API"),
    }
}

/// Whether the environment of this run sets a variable.
fn is_set(name: &str, world: &World<'_>) -> bool {
    (world.variable)(name).is_some_and(|value| !value.is_empty())
}

/// The env file as it is.
struct EnvState {
    /// As messages name it.
    name: String,
    path: PathBuf,
    /// `None` where it isn't there.
    old: Option<Snapshot>,
    parsed: EnvFile,
}

impl EnvState {
    fn read(named: &Path, world: &World<'_>) -> Result<Self, Error> {
        let (name, path) = (named.display().to_string(), world.path(named));
        let old = match store::snapshot(&path) {
            Ok(old) => Some(old),
            Err(StoreError::Missing) => None,
            Err(error) => return Err(Error::store(&name)(error)),
        };
        let parsed =
            EnvFile::parse(old.as_deref().map_or(&[], Vec::as_slice)).map_err(Error::env_file(&name))?;
        Ok(Self { name, path, old, parsed })
    }

    /// Whether a variable has a value: here, or in the environment of this run.
    fn has(&self, name: &str, world: &World<'_>) -> bool {
        init::has_value(&self.parsed, name) || is_set(name, world)
    }

    fn is_filled_in(&self, name: &str, world: &World<'_>) -> bool {
        let inherits = self.parsed.inherits(name) && !is_set(name, world);
        self.has(name, world) && !inherits && !self.parsed.value(name).is_some_and(init::is_placeholder)
    }

    /// Why nothing is generated.
    fn nothing(&self, needs: &[Need], world: &World<'_>) -> String {
        let secrets = || needs.iter().filter(|need| need.usage != Usage::Other);
        let env = Printable(&self.name);
        if secrets().next().is_none() {
            return "this config takes no key and no admin token from a variable".to_owned();
        }
        let unset = secrets().filter(|need| self.parsed.inherits(&need.name) && !is_set(&need.name, world));
        let unset: Vec<String> = unset.map(|need| need.name.clone()).collect();
        if unset.is_empty() {
            return format!("the secrets that this config takes from variables have values in {env} or here");
        }
        let (verb, it) = if unset.len() == 1 { ("stands", "it") } else { ("stand", "them") };
        format!(
            "{names} {verb} in {env} without a value, to be taken from the environment, which does not set {it} here. Set {it} \
             where the service starts, or write `{first}=` there to have a secret generated",
            names = list(&unset),
            first = unset[0],
        )
    }

    /// Fresh values for what lacks one and can be generated.
    fn generate<'n>(
        &self,
        needs: &'n [Need],
        world: &World<'_>,
    ) -> Result<Vec<(&'n Need, Zeroizing<String>)>, Error> {
        let mut generated = Vec::new();
        for need in needs {
            self.parsed.check(&need.name).map_err(Error::env_file(&self.name))?;
            if !self.has(&need.name, world)
                && let Some(value) = need.generate(world.random)?
            {
                generated.push((need, value));
            }
        }
        Ok(generated)
    }

    /// Keys that are there and can be guessed are named, and left alone.
    fn warn(&self, needs: &[Need], writes: bool, world: &mut World<'_>) -> Result<(), Error> {
        for need in needs.iter().filter(|need| matches!(need.usage, Usage::Key { .. })) {
            if let Some(weakness) =
                self.parsed.value(&need.name).filter(|v| !v.is_empty()).and_then(weakness_of_k)
            {
                let text = format!("the value of {} in {}: {weakness}", need.name, Printable(&self.name));
                writeln!(world.stderr, "{}", warning_line(&text))?;
            }
        }
        if store::is_open_to_others(&self.path) {
            let text = format!(
                "other users of this machine can read {}: `chmod 600 {}`",
                Printable(&self.name),
                shell_word(&self.name)
            );
            writeln!(world.stderr, "{}", warning_line(&text))?;
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let own = std::fs::read(folder.join(".gitignore")).unwrap_or_default();
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let ignored = is_ignored_above(folder, &file).unwrap_or(true)
            || init::ignores(&String::from_utf8_lossy(&own), &file);
        if !ignored && (writes || self.old.is_some()) {
            let text = format!(
                "no .gitignore names {}: without it the secrets end up in git",
                Printable(&self.name)
            );
            writeln!(world.stderr, "{}", warning_line(&text))?;
        }
        Ok(())
    }

    fn change(&self, generated: &[(&Need, Zeroizing<String>)]) -> Result<FileChange, Error> {
        let old = self.old.as_deref().map_or(&[][..], Vec::as_slice);
        let values = generated.iter().map(|(need, value)| (need.name.as_str(), value.as_str()));
        let (content, _) = init::complete(old, values).map_err(Error::env_file(&self.name))?;
        let action = match &self.old {
            Some(old) => Action::Extend { old: old.clone(), content },
            None => Action::Create { content, mode: Access::Owner.mode() },
        };
        let line = |(index, (need, _)): (usize, &(&Need, _))| format!("{}=‹secret {}›", need.name, index + 1);
        Ok(FileChange {
            name: self.name.clone(),
            path: self.path.clone(),
            purpose: "the secrets, for you alone".to_owned(),
            action,
            shown: generated.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"),
        })
    }
}

fn next_steps(
    fill_in: &[String],
    generated: &[(&Need, Zeroizing<String>)],
    env: &EnvState,
    source: &Source,
    global: &Global,
    world: &World<'_>,
) -> Steps {
    let mut list = Vec::new();
    let now = world.clock.now();
    let step = |kind, text, commands| Step::new(Do::SetUp(kind, text), commands);
    if !fill_in.is_empty() {
        let (names, file) = (crate::base::text::list(fill_in), Printable(&env.name));
        let text = sentence!("Fill in {names} in {file}: the service does not start without");
        list.push(step("fill-in", text, Vec::new()));
    }
    let Source::File(path) = source else { return Steps { now, list } };
    let text = sentence!(
        "Start the service with these variables. A running one gets them only when its containers are recreated, not \
         when they are restarted"
    );
    list.push(step("start", text, store::detect(&world.path(path)).restart()));
    if generated.iter().any(|(need, _)| matches!(need.usage, Usage::Key { .. })) {
        let token = source.command(global, world).args(["token", "--sub", "me", "--env-file", &env.name]);
        list.push(step("token", sentence!("Get a first token, for a user called `me`"), vec![token]));
    }
    Steps { now, list }
}
