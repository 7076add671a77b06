//! One config before and after.

use super::policy_file::PolicyFile;
use super::source::Source;
use crate::config::Input;
use crate::store::Snapshot;

/// Two texts to be compared.
pub(crate) struct Sides {
    /// The config, as findings name it.
    pub(crate) name: String,
    /// The file with the old text; of a revision, where that file is now.
    pub(crate) old_name: String,
    /// The old text; `None` where there is none.
    pub(crate) old: Option<Snapshot>,
    /// The new one.
    pub(crate) new: Option<Snapshot>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) input_old: Input,
    pub(crate) input_new: Input,
    /// The new config, for its platform.
    pub(crate) source: Source,
    /// The policy of the base.
    pub(crate) policy: PolicyFile,
    /// The file it was in, where it moved.
    pub(crate) moved_from: Option<String>,
}
