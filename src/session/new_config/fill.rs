//! The secrets that the variables of an existing config lack.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::directory::is_ignored_above;
use super::draft::open_to_others;
use super::file_change::FileChange;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::explain::{Action as Do, Step, Steps};
use crate::init::fill::{Need, Purpose};
use crate::init::{self, Access};
use crate::keyset::strength::weakness_of_k;
use crate::session::arguments::Global;
use crate::session::changeset::FileAction;
use crate::session::env_files::{NamedPath, read};
use crate::session::near::SLOT;
use crate::session::{Error, Source, World};
use crate::store::{self, Snapshot};
use crate::wrap::env_file::EnvFile;

/// The env file of a config: where PowerSync's own command line keeps it, else beside the config.
pub(crate) fn beside(config: &Path) -> PathBuf {
    let directory = config.parent().unwrap_or(Path::new(""));
    let by_cli = config.file_name().is_some_and(|name| name == "service.yaml")
        && directory.file_name().is_some_and(|name| name == "powersync");
    directory.join(if by_cli { "docker/.env" } else { ".env" })
}

pub(crate) fn describe(need: &Need) -> Sentence {
    let Need { name, purpose } = need;
    match purpose {
        Purpose::Key { key, alg } => {
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
pub(crate) struct EnvState {
    /// As messages name it.
    name: String,
    path: PathBuf,
    /// `None` where it isn't there.
    old: Option<Snapshot>,
    parsed: EnvFile,
}

impl EnvState {
    pub(crate) fn read(named: &Path, world: &World<'_>) -> Result<Self, Error> {
        let (name, path) = (named.display().to_string(), world.path(named));
        let (old, parsed) = match read(&NamedPath { path: path.clone(), name: name.clone() })? {
            Some((old, parsed)) => (Some(old), parsed),
            None => (None, EnvFile::parse(&[]).map_err(Error::env_file(&name))?),
        };
        Ok(Self { name, path, old, parsed })
    }

    /// The lowest name for the secret of a key that it doesn't have yet.
    pub(crate) fn free_slot(&self) -> String {
        let names = (1_u32..).map(|number| format!("{SLOT}{number}"));
        // One of them is free: no file holds four billion.
        names.into_iter().find(|name| !self.parsed.defines(name)).unwrap_or_default()
    }

    /// Whether a variable has a value: here, or in the environment of this run.
    fn has(&self, name: &str, world: &World<'_>) -> bool {
        init::has_value(&self.parsed, name) || is_set(name, world)
    }

    pub(crate) fn is_filled_in(&self, name: &str, world: &World<'_>) -> bool {
        let inherits = self.parsed.inherits(name) && !is_set(name, world);
        self.has(name, world) && !inherits && !self.parsed.value(name).is_some_and(init::is_placeholder)
    }

    /// Why nothing is generated.
    pub(crate) fn nothing(&self, needs: &[Need], world: &World<'_>) -> String {
        let secrets = || needs.iter().filter(|need| need.purpose != Purpose::Other);
        let env = Printable(&self.name);
        if secrets().next().is_none() {
            return "this config takes no key and no admin token from a variable".to_owned();
        }
        let unset = secrets().filter(|need| self.parsed.inherits(&need.name) && !is_set(&need.name, world));
        let unset: Vec<String> = unset.map(|need| need.name.clone()).collect();
        if unset.is_empty() {
            return format!("the secrets that this config takes from variables have values in {env} or here");
        }
        let (verb, it) = if unset.len() == 1 { ("is", "it") } else { ("are", "them") };
        format!(
            "{names} {verb} in {env} without a value, to be taken from the environment, which does not set {it} here. Set {it} \
             where the service starts, or write `{first}=` there to have a secret generated",
            names = list(&unset),
            first = unset[0],
        )
    }

    /// Fresh values for what lacks one and can be generated.
    pub(crate) fn generate<'n>(
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

    /// Keys that are there and can be guessed, which are left alone, and who else gets the file.
    pub(crate) fn warnings(&self, needs: &[Need], generated: &[(&Need, Zeroizing<String>)]) -> Vec<String> {
        let name = Printable(&self.name);
        let keys = needs.iter().filter(|need| matches!(need.purpose, Purpose::Key { .. }));
        let weak = keys.filter_map(|need| {
            let value = self.parsed.value(&need.name).filter(|value| !value.is_empty())?;
            Some(format!("the value of {} in {name}: {}", need.name, weakness_of_k(value)?))
        });
        let mut warnings: Vec<String> = weak.chain(open_to_others(&self.path, &self.name)).collect();
        let directory = self.path.parent().unwrap_or(Path::new(""));
        let own = store::small(&directory.join(".gitignore")).unwrap_or_default();
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let is_ignored = is_ignored_above(directory, &file).unwrap_or(true)
            || init::ignores(&String::from_utf8_lossy(&own), &file);
        if !(is_ignored || generated.is_empty() && self.old.is_none()) {
            warnings.push(format!("no .gitignore names {name}: without it the secrets end up in git"));
        }
        warnings
    }

    pub(crate) fn change(&self, generated: &[(&Need, Zeroizing<String>)]) -> Result<FileChange, Error> {
        let old = self.old.as_deref().map_or(&[][..], Vec::as_slice);
        let values = generated.iter().map(|(need, value)| (need.name.as_str(), value.as_str()));
        let (content, _) = init::complete(old, values).map_err(Error::env_file(&self.name))?;
        let content = content.into();
        let action = match &self.old {
            Some(old) => FileAction::Replace { old: old.clone().into(), content },
            None => FileAction::Create { content, mode: Access::Owner.mode() },
        };
        let line = |(index, (need, _)): (usize, &(&Need, _))| format!("{}=‹secret {}›", need.name, index + 1);
        Ok(FileChange {
            name: self.name.clone(),
            path: self.path.clone(),
            purpose: "the secrets, for you alone".to_owned(),
            action: Some(action),
            shown: generated.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"),
        })
    }
}

pub(crate) fn next_steps(
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
    list.push(step("start", text, crate::store::detect(&world.path(path)).restart()));
    if generated.iter().any(|(need, _)| matches!(need.purpose, Purpose::Key { .. })) {
        let token = source.command(global, world).args(["token", "--sub", "me", "--env-file", &env.name]);
        list.push(step("token", sentence!("Get a first token, for a user called `me`"), vec![token]));
    }
    Steps { now, list }
}
