//! What a change means for each key, and what to do next.

mod deploy;
mod effect;
mod events;
mod logins;
mod next;
mod warnings;

pub use deploy::{after_deletion, deploy_steps, first_mend};
pub use events::{EventKind, KeyEvent, counterparts, events};
pub use next::{Done, Kept, NewVariable, Situation, Step, earlier_rotations, next_steps};
pub use warnings::{not_starting, warnings};
