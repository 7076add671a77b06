//! What a change means for each key, and what to do next.

mod around;
mod assumed;
mod change;
mod deploy;
mod effect;
mod event;
mod events;
mod harm;
mod history;
mod logins;
mod next;
mod step;
mod verdict;
mod words;

pub(crate) use around::{Side, other_events};
pub(crate) use assumed::Assumed;
pub(crate) use deploy::{Around, Merge, deploy_steps};
pub(crate) use event::{EventKind, KeyEvent, Place, Sign};
pub use events::events;
pub(crate) use harm::{Cure, Deed, From, Harm, LockOut, NoStart, Way, Whose};
pub(crate) use history::{PastEvent, past_events};
pub(crate) use next::{
    Done, EarlierRotation, Means, Situation, ValuesFrom, Variables, earlier_rotations, next_steps,
};
pub(crate) use step::{Action, Kept, NewVariable, Step, Steps};
pub(crate) use verdict::{Ground, Scope, Standing, Subject, Verdict, VerdictKind};
