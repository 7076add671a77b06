//! What a person sees of a change: what it means for each key, the text that changes, and what to do next. No
//! secret is shown in any of it.

mod diff;
mod events;
mod next;
mod platform;
mod redact;
mod warnings;

pub use diff::{DiffLine, EnvLine, LineKind, env_diff, text_diff};
pub use events::{EventKind, KeyEvent, events};
pub use next::{Done, Kept, NewVariable, Situation, Step, earlier_rotations, next_steps};
pub use platform::{Platform, detect, in_git, is_tracked};
pub use redact::Redactor;
pub use warnings::warnings;
