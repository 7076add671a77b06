//! Which other configs refer to a variable, as far as that can be seen from here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::base::text::Printable;
use crate::config::{Config, Input};
use crate::store;
use crate::wrap::envelope::{Envelope, Unwrap};
use crate::wrap::manifest::{Holds, holds};

/// What a config refers to.
#[derive(Clone)]
pub(crate) enum Uses {
    /// These variables.
    Variables(BTreeSet<String>),
    /// It can't be read as a config: what its text names, it may refer to.
    Text(String),
    /// It can't be seen.
    Unseen,
}

impl Uses {
    /// What the config in these bytes refers to.
    pub(crate) fn read(bytes: &[u8], input: Input) -> Self {
        match Config::parse(bytes, input) {
            Ok(config) => Self::of(&config),
            Err(_) => Self::Text(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// The same, whatever the config comes in.
    pub(crate) fn of_file(bytes: &[u8], input: Input) -> Self {
        match Envelope::open(bytes, &Unwrap::default(), input) {
            Ok(envelope) if envelope.is_wrapped() => Self::read(envelope.inner(), Input::Either),
            Ok(_) => Self::read(bytes, input),
            Err(_) => Self::Unseen,
        }
    }

    pub(crate) fn of(config: &Config<'_>) -> Self {
        Self::Variables(config.variables().into_iter().map(str::to_owned).collect())
    }

    /// Whether it is known to refer to this variable.
    pub(crate) fn names(&self, variable: &str) -> bool {
        matches!(self, Self::Variables(names) if names.contains(variable))
    }

    pub(crate) fn may_have(&self, variable: &str) -> bool {
        match self {
            Self::Variables(names) => names.contains(variable),
            Self::Text(text) => text.contains(variable),
            Self::Unseen => true,
        }
    }
}

/// A config, and what it refers to.
pub(crate) struct Referrer {
    /// As messages name it.
    pub(crate) name: String,
    pub(crate) uses: Uses,
}

impl Referrer {
    /// That it refers to the variable, or may do so.
    fn told(&self, variable: &str) -> Option<String> {
        let name = Printable(&self.name);
        self.uses.may_have(variable).then(|| match self.uses {
            Uses::Variables(_) => format!("{name} still refers to it"),
            Uses::Text(_) => format!("{name} names it, and can't be read as a config"),
            Uses::Unseen => format!("{name} can't be read, so it may refer to it"),
        })
    }
}

/// Why the variable has to stay, if one of these configs needs it.
pub(crate) fn why_kept(variable: &str, referrers: &[Referrer]) -> Option<String> {
    referrers.iter().find_map(|referrer| referrer.told(variable))
}

fn may_hold(bytes: &[u8], path: &Path) -> bool {
    match holds(bytes, Input::of_path(path)) {
        Holds::Config => true,
        Holds::Unseen(why) => why.may_hide_config(),
        Holds::Nothing => false,
    }
}

/// The configs in and below these directories, but for those at these places.
pub(crate) fn around(directories: &[&Path], but: &[PathBuf], run_directory: &Path) -> Vec<Referrer> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut seen: BTreeSet<PathBuf> = but.iter().map(|path| real(path)).collect();
    let mut found = Vec::new();
    for directory in directories {
        // What git ignores is not found below, and is often the config that has the secrets.
        let beside = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
        let beside = beside
            .filter(|path| store::may_be_config(path) && path.is_file())
            .filter(|path| store::snapshot(path).map_or(true, |bytes| may_hold(&bytes, path)));
        let below = store::files_below(directory, |path, bytes| may_hold(bytes, path));
        let mut paths: Vec<PathBuf> = beside.chain(below).collect();
        paths.sort();
        for path in paths.into_iter().filter(|path| seen.insert(real(path))) {
            let name = path.strip_prefix(run_directory).unwrap_or(&path).display().to_string();
            let uses = store::snapshot(&path)
                .map_or(Uses::Unseen, |bytes| Uses::of_file(&bytes, Input::of_path(&path)));
            found.push(Referrer { name, uses });
        }
    }
    found
}
