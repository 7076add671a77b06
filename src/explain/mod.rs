//! What a change means for each key, and what to do next.

mod deploy;
mod effect;
mod event;
mod events;
mod logins;
mod next;
mod step;
mod words;

pub(crate) use deploy::{Around, Merge, deploy_steps};
pub(crate) use event::{EventKind, KeyEvent, Place, Sign};
pub use events::events;
pub(crate) use next::{
    Done, EarlierRotation, Means, Situation, ValuesFrom, Variables, earlier_rotations, next_steps,
};
pub(crate) use step::{Action, Kept, NewVariable, Step, Steps};
