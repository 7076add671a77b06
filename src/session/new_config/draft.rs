//! The files of a new config: which are made, which gain lines, and which stay.

use std::path::Path;

use zeroize::Zeroizing;

use super::directory::{Directory, is_ignored_above};
use super::file_change::FileChange;
use crate::base::text::Printable;
use crate::init::{self, ConfigOptions, FirstKey, KEY, NewFile, SecretLocation, Secrets, VariableValue};
use crate::keyset::Kid;
use crate::keyset::strength::weakness_of_k;
use crate::schedule::{Allowed, Hazard, RefusalId};
use crate::session::arguments::Times;
use crate::session::changeset::{Content, FileAction};
use crate::session::source::shell_word;
use crate::session::{Error, Source, World, policy};
use crate::store;
use crate::wrap::env_file::EnvFile;

/// All that would be written, and what is said about it.
pub(crate) struct Draft {
    /// In the order of writing: the config last, so that a run that was killed can simply be run again.
    pub(crate) files: Vec<FileChange>,
    /// What has to go into a Compose file that is there.
    pub(crate) compose_entry: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(super) key: FirstKey,
    /// The variables that still hold placeholders.
    pub(super) fill_in: Vec<&'static str>,
}

impl Draft {
    pub(crate) fn make(
        options: &ConfigOptions,
        directory: &Directory,
        allowed: &Allowed,
        world: &mut World<'_>,
    ) -> Result<Self, Error> {
        let source = Source::File(directory.named.join(options.layout.paths().config));
        let policy = policy::of(&Times::default(), &source, world)?;
        let made = world.clock.now();
        let key = FirstKey { kid: Kid::fresh(&policy.kid_prefix, made, world.random)?, made };
        let secrets = Secrets::fresh(world.random)?;
        let config_file = init::config_file(options, &key, &secrets);
        let mut draft = Self {
            files: init::companions(options).into_iter().map(|file| unless_there(file, directory)).collect(),
            compose_entry: None,
            notes: Vec::new(),
            warnings: Vec::new(),
            key,
            fill_in: Vec::new(),
        };
        draft.files.extend(gitignore(options, directory)?);
        draft.files.extend(init::env_example(options).map(|file| example(file, options, directory)));
        if let Some(file) = init::env_file(options, &secrets) {
            draft.add_env_file(file, (options, &secrets), directory, allowed)?;
        }
        if let Some(file) = init::compose_file(options) {
            draft.add_compose_file(file, options, directory);
        }
        draft.files.push(config(config_file, directory)?);
        Ok(draft)
    }

    fn add_env_file(
        &mut self,
        file: NewFile,
        (options, secrets): (&ConfigOptions, &Secrets),
        directory: &Directory,
        allowed: &Allowed,
    ) -> Result<(), Error> {
        let variables = init::variables(options, secrets);
        let (change, content) = env(file, options, &variables, directory)?;
        let parsed = EnvFile::parse(&content).map_err(Error::env_file(&change.name))?;
        let name = Printable(&change.name);
        if parsed.value(KEY) != Some(&*secrets.key) {
            self.notes.push(format!(
                "{KEY} has a value in {name} already, and the new key takes it over; its `iat` is the date of the config"
            ));
        }
        check_key(&parsed, &change.name, allowed)?;
        let is_open = |variable: &&init::Variable| {
            let filled = |value| !init::is_placeholder(value);
            matches!(variable.value, VariableValue::FillIn(_))
                && !parsed.value(variable.name).is_some_and(filled)
        };
        self.fill_in = variables.iter().filter(is_open).map(|variable| variable.name).collect();
        self.warnings.extend(open_to_others(&change.path, &change.name));
        self.files.push(change);
        Ok(())
    }

    /// The Compose file, unless there is another: then its entry is shown.
    fn add_compose_file(&mut self, file: NewFile, options: &ConfigOptions, directory: &Directory) {
        let beside = directory.path().join(&file.path);
        match store::compose_file(beside.parent().unwrap_or(directory.path())) {
            Some(there) if store::small(&there).is_some_and(|text| **text != *file.content.as_bytes()) => {
                let name = there.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.compose_entry = Some(format!(
                    "{} is there, and left alone. This has to go into it:\n\n{}",
                    Printable(&name),
                    init::service_entry(options).trim_end()
                ));
            }
            Some(_) | None => self.files.push(unless_there(file, directory)),
        }
    }
}

/// That others can read a file with secrets, if they can.
pub(super) fn open_to_others(path: &Path, name: &str) -> Option<String> {
    store::is_open_to_others(path).then(|| {
        format!("other users of this machine can read {}: `chmod 600 {}`", Printable(name), shell_word(name))
    })
}

fn bytes(text: &Zeroizing<String>) -> Content {
    Zeroizing::new(text.as_bytes().to_vec()).into()
}

/// Written if nothing of its name is there.
fn unless_there(file: NewFile, directory: &Directory) -> FileChange {
    let path = directory.path().join(&file.path);
    let action = (!store::exists(&path))
        .then(|| FileAction::Create { content: bytes(&file.content), mode: file.access.mode() });
    let name = directory.name(&file.path);
    FileChange { name, path, purpose: file.purpose.to_owned(), action, shown: file.shown }
}

/// The config, in the place of one that may be replaced.
fn config(file: NewFile, directory: &Directory) -> Result<FileChange, Error> {
    let (content, mode) = (bytes(&file.content), file.access.mode());
    let mut change = unless_there(file, directory);
    if change.action.is_none() {
        let old = store::snapshot(&change.path).map_err(Error::store(&change.name))?;
        change.action = Some(FileAction::Overwrite { old: old.into(), content, mode });
    }
    Ok(change)
}

/// The env file, with the values that are there already: a run that was killed may have left them.
fn env(
    file: NewFile,
    options: &ConfigOptions,
    variables: &[init::Variable],
    directory: &Directory,
) -> Result<(FileChange, Content), Error> {
    let content = bytes(&file.content);
    let mut change = unless_there(file, directory);
    if change.action.is_some() {
        return Ok((change, content));
    }
    let old = store::snapshot(&change.path).map_err(Error::store(&change.name))?;
    let values = variables.iter().map(|variable| (variable.name, variable.value.text()));
    let (content, lacked) = init::complete(&old, values).map_err(Error::env_file(&change.name))?;
    let content = Content::from(content);
    if !lacked.is_empty() {
        let shown = init::variables(options, &Secrets::shown());
        let lines = shown.iter().filter(|variable| lacked.contains(&variable.name));
        let lines: Vec<String> = lines.map(|v| format!("{}={}", v.name, v.value.text())).collect();
        change.shown = lines.join("\n");
        change.action = Some(FileAction::Replace { old: old.into(), content: content.clone() });
    }
    Ok((change, content))
}

/// The example, with the names it lacks. One that can't be read as an env file is left as it is.
fn example(file: NewFile, options: &ConfigOptions, directory: &Directory) -> FileChange {
    // Its text is that of the env file once more.
    let mut change = FileChange { shown: String::new(), ..unless_there(file, directory) };
    if change.action.is_none() {
        let names = init::variables(options, &Secrets::shown());
        let names: Vec<&str> = names.iter().map(|variable| variable.name).collect();
        let old = store::snapshot(&change.path).ok();
        let completed = old.and_then(|old| {
            let (content, lacked) = init::complete_example(&old, names).ok()?;
            (!lacked.is_empty()).then_some((old, content, lacked))
        });
        if let Some((old, content, lacked)) = completed {
            change.shown = lacked.iter().map(|name| format!("{name}=")).collect::<Vec<_>>().join("\n");
            change.action = Some(FileAction::Replace { old: old.into(), content: content.into() });
        }
    }
    change
}

/// What keeps the file with the secrets out of git, where the directory is in a repository.
fn gitignore(options: &ConfigOptions, directory: &Directory) -> Result<Option<FileChange>, Error> {
    let pattern = match options.secrets {
        SecretLocation::Env { .. } => ".env".to_owned(),
        SecretLocation::Inline => format!("/{}", options.layout.paths().config.display()),
    };
    if is_ignored_above(directory.path(), &pattern).unwrap_or(true) {
        return Ok(None);
    }
    let file = Path::new(".gitignore");
    let (name, path) = (directory.name(file), directory.path().join(file));
    let purpose = "keeps the secrets out of git".to_owned();
    let old = match store::snapshot(&path) {
        Ok(old) => Some(old),
        Err(store::StoreError::Missing) => None,
        Err(error) => return Err(Error::store(&name)(error)),
    };
    let text = old.as_deref().map(|old| String::from_utf8_lossy(old).into_owned()).unwrap_or_default();
    let Some(new) = init::ignoring(&text, &pattern) else { return Ok(None) };
    // What is added goes to the end, so that bytes that are no text stay as they are.
    let added = new.strip_prefix(&text).unwrap_or(&new).as_bytes();
    let content: Content =
        Zeroizing::new([old.as_deref().map_or(&[][..], Vec::as_slice), added].concat()).into();
    let action = match old {
        Some(old) => FileAction::Replace { old: old.into(), content },
        None => FileAction::Create { content, mode: init::Access::Everyone.mode() },
    };
    Ok(Some(FileChange { name, path, purpose, action: Some(action), shown: pattern }))
}

/// A key that was in the env file before is as good as one of ours.
fn check_key(file: &EnvFile, name: &str, allowed: &Allowed) -> Result<(), Error> {
    let Some(weakness) = file.value(KEY).and_then(weakness_of_k) else { return Ok(()) };
    if allowed.contains(&RefusalId::WeakSecret) {
        return Ok(());
    }
    Err(super::directory::refused(name, Hazard::WeakValue { variable: KEY, weakness }))
}
