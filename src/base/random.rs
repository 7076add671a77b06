//! Random bytes, passed in so that tests can choose them.

use ring::rand::{SecureRandom as _, SystemRandom};

/// A source of random bytes.
pub trait Random {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}

/// The system could not provide random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes, so no key was made. Try again")]
pub struct RandomError;

/// The operating system's source, through `ring`.
pub struct System(SystemRandom);

impl System {
    /// Made once and then used.
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for System {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(buffer).map_err(|_| RandomError)
    }
}
