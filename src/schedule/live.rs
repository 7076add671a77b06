//! Whether running services know a key, as far as decisions depend on it.

use crate::base::sentence::Sentence;
use crate::base::text::list;
use crate::keyset::Key;

/// What running services say of a key.
#[derive(Clone, Debug)]
pub enum Liveness {
    /// All that were asked verify tokens with it.
    Live,
    /// These don't.
    NotLive(Vec<NotLiveAt>),
}

/// A place that doesn't verify tokens with a key.
#[derive(Clone, Debug)]
pub struct NotLiveAt {
    /// The name of the place.
    pub place: String,
    /// What it answered, in the asker's words.
    pub answer: Sentence,
}

/// Asks running services for a key.
pub type AskLive<'a, E> = dyn Fn(&Key) -> Result<Liveness, E> + 'a;

/// Why a key is not promoted.
pub(super) fn not_known(at: &[NotLiveAt]) -> String {
    let at: Vec<String> = at.iter().map(|at| format!("{} at {}", at.answer, at.place)).collect();
    format!("the running service doesn't know it yet ({})", list(&at))
}
