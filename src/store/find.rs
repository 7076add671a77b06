//! Which config is meant when none is named.

use std::fs;
use std::path::{Path, PathBuf};

/// Where configs are kept, by the service and by PowerSync's own command line.
const USUAL: [&str; 5] = [
    "powersync.yaml",
    "service.yaml",
    "powersync/powersync.yaml",
    "powersync/service.yaml",
    "config/powersync.yaml",
];

/// Where others keep them: looked at where their text is a config.
const OTHERS: [&str; 4] =
    ["powersync.yml", "config/powersync.yml", "config/config.yaml", "config/service.yaml"];

/// What one environment of several is called, below one of these.
const ENVIRONMENTS: [&str; 2] = ["envs", "environments"];

/// No config, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// None of the usual ones exists.
    #[error("no PowerSync config here. Looked for {}. Name it with `-c PATH`, write a new one with `init`, or look below this directory: `check .`", crate::base::text::list(&usual()))]
    None,
    /// Several exist.
    #[error(
        "there are several configs here: {}. Name one with `-c PATH`. `status`, `check`, `reconcile` and `prune` \
         take all of a directory: `status .`",
        crate::base::text::list(.0)
    )]
    Several(Vec<String>),
}

fn usual() -> Vec<String> {
    let others = ["`*.yaml` in powersync/", "one level of environments (envs/NAME/powersync.yaml)"];
    USUAL.into_iter().chain(OTHERS).chain(others).map(str::to_owned).collect()
}

/// Those of the usual names that exist in a directory.
#[must_use]
pub(crate) fn found(directory: &Path) -> Vec<&'static str> {
    USUAL.into_iter().filter(|path| directory.join(path).is_file()).collect()
}

/// Finds the config in a directory: the only one there is. `is_config`: whether a file is one; of the usual names, one alone is
/// taken whatever is in it.
pub(crate) fn find(directory: &Path, is_config: &dyn Fn(&Path) -> bool) -> Result<PathBuf, FindError> {
    let usual = found(directory);
    let is_one = |path: &Path| is_config(&directory.join(path));
    let mut all: Vec<PathBuf> = usual.iter().map(PathBuf::from).chain(others(directory)).collect();
    all.sort();
    all.dedup();
    let mut configs: Vec<PathBuf> = all.into_iter().filter(|path| is_one(path)).collect();
    if configs.is_empty() {
        configs = usual.into_iter().map(PathBuf::from).collect();
    }
    match configs.as_slice() {
        [] => Err(FindError::None),
        [one] => Ok(one.clone()),
        several => Err(FindError::Several(several.iter().map(|path| path.display().to_string()).collect())),
    }
}

/// The files that may be configs beside those of the usual names.
fn others(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = OTHERS.iter().map(PathBuf::from).collect();
    found.extend(names_in(&directory.join("powersync")).filter_map(|name| {
        let path = Path::new("powersync").join(name);
        super::may_be_config(&path).then_some(path)
    }));
    for environments in ENVIRONMENTS {
        for name in names_in(&directory.join(environments)) {
            let below = Path::new(environments).join(name);
            found.extend(USUAL.iter().chain(&OTHERS).map(|path| below.join(path)));
            found.push(below.join("config.yaml"));
        }
    }
    found.retain(|path| directory.join(path).is_file());
    found
}

fn names_in(directory: &Path) -> impl Iterator<Item = std::ffi::OsString> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .take(200)
        .map(|entry| entry.file_name())
        .collect();
    names.sort();
    names.into_iter()
}
