//! Asking running services which keys they know, without being let in.
//!
//! A service checks the key and the signature of a token before its audience. So a token for an audience that nobody
//! configures is refused either way, and the code of the refusal tells whether the key is there. [`ProbePlan`] says what to
//! ask, [`read`] what an answer says, [`judge`] what the answers together mean, and [`Round`] asks at every place. They
//! know no network: [`Ask`] is passed in, and [`http`] is the one for real.

mod answer;
mod ask;
mod endpoint;
#[cfg(feature = "probe")]
pub mod http;
mod plan;
mod round;
mod standing;

pub use answer::{HttpAnswer, Reading, Unexpected, read};
pub use ask::{Ask, AskOptions, CannotAsk, Certificates, Connection, NoAnswer, Open, not_built_in};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use plan::{Expectation, LeftOut, ProbePlan, ProbedKey, Questions, WhyLeftOut};
pub use round::{Asker, PlaceReport, ProbeTarget, Round, Seen, ServiceAddress, Trouble, Unanswered};
pub use standing::{Standing, judge};
