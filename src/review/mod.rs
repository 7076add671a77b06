//! What a person sees of a change: what it means for each key, the text that changes, and what to do next. No
//! secret is shown in any of it.

mod deploy;
mod diff;
mod events;
mod logins;
mod next;
mod platform;
mod redact;
mod warnings;

pub use deploy::{after_deletion, deploy_steps, first_mend};
pub use diff::{DiffLine, EnvLine, LineKind, env_diff, text_diff};
pub use events::{EventKind, KeyEvent, counterparts, events};
pub use next::{Done, Kept, NewVariable, Situation, Step, earlier_rotations, next_steps};
pub use platform::{Platform, compose_file, detect, in_git};
pub(crate) use redact::has_secret;
pub use redact::{Redactor, is_secret_name};
pub use warnings::{not_starting, warnings};
