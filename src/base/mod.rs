//! What everything else stands on: time, randomness, text on its way to a screen, secrets in memory.

pub(crate) mod command_line;
pub(crate) mod look;
pub mod random;
pub(crate) mod secret_string;
pub(crate) mod sentence;
pub(crate) mod text;
pub mod time;
