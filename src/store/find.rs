//! Which config is meant when none is named.

use std::path::{Path, PathBuf};

/// Where configs are kept, by the service and by PowerSync's own command line.
const USUAL: [&str; 5] = [
    "powersync.yaml",
    "service.yaml",
    "powersync/powersync.yaml",
    "powersync/service.yaml",
    "config/powersync.yaml",
];

/// No config, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// None of the usual ones exists.
    #[error("no PowerSync config here. Looked for {}. Name it with `-c PATH`", crate::base::text::list(&usual()))]
    None,
    /// Several exist.
    #[error("there are several configs here: {}. Say which one with `-c PATH`", crate::base::text::list(.0))]
    Several(Vec<String>),
}

fn usual() -> Vec<String> {
    USUAL.iter().map(|path| (*path).to_owned()).collect()
}

/// Those of the usual names that exist in a directory.
#[must_use]
pub(crate) fn found(directory: &Path) -> Vec<&'static str> {
    USUAL.into_iter().filter(|path| directory.join(path).is_file()).collect()
}

/// Finds the config in a directory: the only one of the usual names that exists.
pub(crate) fn find(directory: &Path) -> Result<PathBuf, FindError> {
    match found(directory).as_slice() {
        [] => Err(FindError::None),
        [one] => Ok(PathBuf::from(one)),
        several => Err(FindError::Several(several.iter().map(|path| (*path).to_owned()).collect())),
    }
}
