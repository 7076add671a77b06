//! What is secret in a text, the text without it, and the diff that a person sees.

mod diff;
mod known;
mod looks;
mod places;
mod redactor;
mod texts;

pub use diff::text_diff;
pub(crate) use diff::{DiffLine, EnvLine, LineKind, env_diff};
pub(crate) use looks::{has_secret, is_secret_name};
pub(crate) use places::secret_values;
pub use redactor::Redactor;
