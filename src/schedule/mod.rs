//! The life of a key: pure decisions of (key set, policy, moment). Nothing here reads a clock, a file or randomness.
//!
//! A decision is an [`Outcome`]: its changes, which [`plan`] makes an edit of the text. What is unsafe is refused by name,
//! and [`Terms::allowed`] overrides that.
//!
//! ```
//! use powersync_jwks::config::{Config, Input};
//! use powersync_jwks::keyset::{KeyName, KeySet};
//! use powersync_jwks::schedule::{Change, Policy, RefusalId, ScheduleError, Terms, prune, remove};
//! use powersync_jwks::time::NumericDate;
//!
//! let config = "client_auth:
//!   audience: [app]
//!   jwks:
//!     keys:
//!       - {kty: oct, alg: HS256, kid: second, k: EpPwoCRqrHE2BSLGN0QGTeZlu9k-mkPBX25HvUwmRJU}
//!       - {kty: oct, alg: HS256, kid: first, k: c2VjcmV0LW9mLXRoZS1leGFtcGxlLXdpdGgtMzItYg, exp: 1796083200}
//! ";
//! let keys = KeySet::read(&Config::parse_str(config, Input::Yaml)?);
//! let first = [KeyName::Kid("first".to_owned())];
//!
//! // Tokens of the first key may be in use until 2026-12-01.
//! let now: NumericDate = "2026-11-23T09:31:00Z".parse()?;
//! assert!(prune(&keys, now, &[])?.changes.is_empty());
//! let Err(ScheduleError::Refused(refusals)) = remove(&keys, &first, now, &[]) else { panic!() };
//! assert_eq!(refusals[0].id(), RefusalId::LiveKey);
//!
//! let later: NumericDate = "2026-12-01T00:00:00Z".parse()?;
//! assert!(matches!(prune(&keys, later, &[])?.changes[..], [Change::Remove { index: 1 }]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod add;
mod apply;
mod change;
mod guard;
pub(crate) mod leaving;
mod live;
mod move_secret;
mod outcome;
mod policy;
pub(crate) mod promote;
mod prune;
mod reconcile;
mod refusal;
mod remove;
mod resolve;
mod retire;
mod rollback;
mod rotate;
pub(crate) mod simulate;
mod stage;
mod waiting;
mod why;

pub use add::{ADD_REFUSALS, add};
pub use apply::apply;
pub use change::{Change, NewKey, SecretForm, plan};
pub use guard::Terms;
pub use leaving::{Leaving, leaving};
pub use live::{AskLive, Liveness, NotLiveAt};
pub use move_secret::move_secret;
pub use outcome::Outcome;
pub(crate) use outcome::just_rotated as just_rotated_message;
pub(crate) use outcome::{After, Before, Effect, Waiting};
pub(crate) use policy::ANSWER_WITHIN;
pub use policy::{CLOCK_SKEW, InvalidPolicy, MAX_TOKEN_TTL, Policy, TOLERANCE};
pub(crate) use promote::guard_live;
pub use promote::{PROMOTE_REFUSALS, promote};
pub use prune::{PRUNE_REFUSALS, prune};
pub use reconcile::{Action, Due, MakeKey, RECONCILE_REFUSALS, next_due, reconcile};
pub(crate) use refusal::Hazard;
pub use refusal::{Allowed, Refusal, RefusalId, ScheduleError};
pub use remove::{REMOVE_REFUSALS, remove};
pub(crate) use remove::{is_live, is_over};
pub use retire::{RETIRE_REFUSALS, When, retire, unretire};
pub use rollback::{ROLLBACK_REFUSALS, rollback};
pub use rotate::{ROTATE_REFUSALS, RotateOptions, rotate, standby};
pub(crate) use rotate::{just_rotated, replaced};
pub(crate) use simulate::{Life, Span, Step, Timeline, simulate, stand_in};
pub(crate) use waiting::{NeverPromoted, never_promoted};
pub(crate) use why::{Event, Origins, Part, Wait, Waits, waits};
