//! Asking running services which keys they know, without being let in.
//!
//! A service checks the key and the signature of a token before its audience. So a token for an audience that nobody
//! configures is refused either way, and the code of the refusal tells whether the key is there. `ProbePlan` says what to
//! ask, `answer::read` what an answer says, `standing::judge` what the answers together mean, and `Round` asks at every place. They
//! know no network: [`Ask`] is passed in, and [`http`] is the one for real.

pub(crate) mod answer;
mod ask;
mod endpoint;
#[cfg(feature = "probe")]
pub mod http;
pub(crate) mod plan;
mod round;
mod standing;

pub use answer::HttpAnswer;
pub use ask::{Ask, AskOptions, CannotAsk, Certificates, Connection, NoAnswer, Open, not_built_in};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub(crate) use plan::{Expectation, LeftOut, ProbePlan, ProbedKey, WhyLeftOut};
pub(crate) use round::{Asker, PlaceReport, ProbeTarget, Round, Seen, ServiceAddress, Unanswered};
pub(crate) use standing::Standing;
