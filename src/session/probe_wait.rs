//! Asks running services until they know the keys, or the time is over.

use std::time::Duration;

use crate::base::time::{NumericDate, Seconds};
use crate::probe::{ProbePlan, Round};
use crate::session::ask::Services;
use crate::session::{Error, World};

/// The longest pause between two rounds.
const LONGEST: u64 = 30;

/// Asks, and asks again until it is as the config says or the time is over.
pub(crate) fn ask_until_known(
    services: &Services<'_>,
    plan: &ProbePlan,
    wait: Option<Seconds>,
    world: &mut World<'_>,
) -> Result<Round, Error> {
    let begin = world.clock.now();
    let mut pauses = 0;
    let mut pause = 1;
    loop {
        let round = services.round(plan);
        let done = round.is_complete() && round.is_as_planned(plan);
        let left = left(wait, begin, pauses, world);
        if done || left == 0 {
            if world.terminal.stderr && pauses > 0 {
                write!(world.stderr, "\r\u{1b}[K")?;
            }
            return Ok(round);
        }
        let now = pause.min(left);
        progress(plan, &round, left, world)?;
        (world.sleep)(Duration::from_secs(now));
        pauses += now;
        pause = (pause * 2).min(LONGEST);
    }
}

/// How many seconds may still be waited: by the clock, or by the pauses, should the clock stand still.
fn left(wait: Option<Seconds>, begin: NumericDate, pauses: u64, world: &World<'_>) -> u64 {
    let wait = wait.map_or(0, Seconds::get);
    let passed = world.clock.now().since(begin).get().max(i64::try_from(pauses).unwrap_or(i64::MAX));
    u64::try_from(wait - passed).unwrap_or(0)
}

/// A line that is written over, for a person at the terminal.
fn progress(plan: &ProbePlan, round: &Round, left: u64, world: &mut World<'_>) -> Result<(), Error> {
    if !world.terminal.stderr {
        return Ok(());
    }
    let fits = |number: &usize| {
        round
            .reports
            .iter()
            .all(|report| report.answered > 0 && report.seen[*number].is(plan.subjects[*number].expected))
    };
    let fine = (0..plan.subjects.len()).filter(fits).count();
    let all = plan.subjects.len();
    let left = Seconds::new(i64::try_from(left).unwrap_or(i64::MAX)).largest();
    write!(world.stderr, "\r\u{1b}[KWaiting: {fine} of {all} keys as the config says; {left} left")?;
    Ok(world.stderr.flush()?)
}
