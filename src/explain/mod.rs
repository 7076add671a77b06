//! What a change means for each key, and what to do next.

mod deploy;
mod events;
mod logins;
mod next;

pub use deploy::{after_deletion, deploy_steps, first_mend};
pub use events::{EventKind, KeyEvent, counterparts, events};
pub use next::{Done, Kept, NewVariable, Situation, Step, earlier_rotations, next_steps};
