//! What is secret in a text, the text without it, and the diff that a person sees.

mod diff;
mod redactor;

pub use diff::{DiffLine, EnvLine, LineKind, env_diff, text_diff};
pub(crate) use redactor::has_secret;
pub use redactor::{Redactor, is_secret_name};
