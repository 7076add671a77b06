//! Rules about a change of a config, one a file.

pub(super) mod audience_added;
pub(super) mod audience_removed;
pub(super) mod before_nbf;
pub(super) mod current_key_removed;
pub(super) mod key_added;
pub(super) mod kid_added;
pub(super) mod last_key_removed;
pub(super) mod login_added;
pub(super) mod login_removed;
pub(super) mod new_variable;
pub(super) mod overlap_cut;
pub(super) mod re_keyed;
pub(super) mod removed_early;
pub(super) mod secret_exposed;
pub(super) mod wildcard;
