//! Why not yet: what each key waits for, until when, because of which spans, and what would shorten it.

use super::policy::{ANSWER_WITHIN, CLOCK_SKEW, MAX_TOKEN_TTL, Policy, TOLERANCE};
use super::prune::candidates;
use super::refusal::ScheduleError;
use super::waiting::under_way;
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeyRef, KeySet, Phase};

/// The life of a token that is offered where the policy has the longest: most backends mint far shorter ones.
const USUAL_TTL: Seconds = Seconds::hours(1);

/// What the keys of a config wait for.
#[derive(Clone, Debug)]
pub(crate) struct Waits {
    /// The moment in which it is told.
    pub(crate) now: NumericDate,
    /// The tool with the options that name this config.
    pub(crate) tool: CommandLine,
    pub(crate) list: Vec<Wait>,
}

/// What a key waits for.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) key: KeyRef,
    pub(crate) event: Event,
    pub(crate) until: NumericDate,
    /// How its date comes about; nothing, where this policy doesn't add up to it.
    pub(crate) sum: Option<Sum>,
    pub(crate) sooner: Option<Sooner>,
}

/// What comes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Event {
    /// It may be removed.
    Removal,
    /// It may take the first place.
    Promotion,
    /// A rotation begins, and it is the one to be replaced.
    Replacement,
}

/// A date as a sum.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    pub(crate) from: NumericDate,
    pub(crate) parts: Vec<Part>,
}

/// A span that is a part of a date.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    what: &'static str,
    pub(crate) span: Seconds,
    pub(crate) by: Origin,
}

/// Who says how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The service, and the clocks of this world.
    Fixed,
    Default,
    Flag,
    /// This policy file.
    File(String),
}

/// Where the spans of a policy come from, by their names in a policy file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    pub(crate) flags: Vec<&'static str>,
    /// The policy file, and what it sets.
    pub(crate) file: Option<(String, Vec<&'static str>)>,
}

/// What ends the wait sooner.
#[derive(Clone, Debug)]
pub(crate) enum Sooner {
    /// Where nobody signs with the key any more, and no token of it lives longer than this; until when it stays then.
    Retire {
        token_ttl: Seconds,
        is_flag: bool,
        until: NumericDate,
    },
    /// Where every replica knows it.
    Promote,
    Rotate,
}

impl Origins {
    fn part(&self, name: &'static str, what: &'static str, span: Seconds) -> Part {
        let by = match &self.file {
            _ if self.flags.contains(&name) => Origin::Flag,
            Some((file, fields)) if fields.contains(&name) => Origin::File(file.clone()),
            _ => Origin::Default,
        };
        Part { name, what, span, by }
    }
}

fn fixed(name: &'static str, what: &'static str, span: Seconds) -> Part {
    Part { name, what, span, by: Origin::Fixed }
}

/// What the keys wait for, in the order of the file: each that has a date ahead.
pub(crate) fn waits(
    keys: &KeySet,
    policy: &Policy,
    origins: &Origins,
    now: NumericDate,
) -> Result<Vec<Wait>, ScheduleError> {
    let (current, waiting) = (keys.current()?, under_way(keys, now)?);
    let schedule = Schedule { policy, origins, now };
    let mut all = Vec::new();
    all.extend(waiting.iter().map(|(key, nbf)| schedule.promotion(key, *nbf)));
    all.extend(candidates(keys, current)?.into_iter().map(|(key, exp)| schedule.removal(key, exp, current)));
    if waiting.is_empty() {
        all.extend(current.and_then(|current| schedule.replacement(current)));
    }
    all.retain(|wait| wait.until > now);
    all.sort_by_key(|wait| wait.key.index());
    Ok(all)
}

struct Schedule<'a> {
    policy: &'a Policy,
    origins: &'a Origins,
    now: NumericDate,
}

impl Schedule<'_> {
    fn promotion(&self, key: &Key, nbf: NumericDate) -> Wait {
        let mut parts = vec![match self.policy.standby {
            Some(standby) => self.origins.part("standby", "standby", standby),
            None => self.origins.part("deploy_within", "deploy", self.policy.deploy_within),
        }];
        parts.push(fixed("clock_skew", "clock skew", CLOCK_SKEW));
        let made = key.iat.value().copied();
        let rest = made.map(|made| nbf.since(made + total(&parts)));
        // A key of the same second as the current one is dated a second later.
        let is_sum = rest.is_some_and(|rest| (-1..=ANSWER_WITHIN.get()).contains(&rest.get()));
        parts.extend(rest.filter(|rest| rest.get() > 0).map(|rest| fixed("answer", "to answer", rest)));
        let from = nbf + (Seconds::default() - total(&parts));
        let sum = is_sum.then_some(Sum { from, parts });
        Wait { key: key.reference(), event: Event::Promotion, until: nbf, sum, sooner: Some(Sooner::Promote) }
    }

    fn removal(&self, key: &Key, exp: NumericDate, current: Option<&Key>) -> Wait {
        let (policy, origins) = (self.policy, self.origins);
        let mut parts = match policy.overlap {
            Some(overlap) => vec![origins.part("overlap", "overlap", overlap)],
            None => vec![
                origins.part("deploy_within", "deploy", policy.deploy_within),
                origins.part("rollout", "rollout", policy.rollout),
                origins.part("token_ttl", "token life", policy.token_ttl),
                fixed("tolerance", "tolerance", TOLERANCE),
                fixed("clock_skew", "clock skew", CLOCK_SKEW),
            ],
        };
        if policy.keep_retired > Seconds::default() {
            parts.push(origins.part("keep_retired", "kept longer", policy.keep_retired));
        }
        let from = exp + (Seconds::default() - total(&parts));
        // It was retired after it and the one in its place were made, and not later than now.
        let made = [Some(key), current].into_iter().flatten().filter_map(|key| key.iat.value());
        let is_sum = from <= self.now + ANSWER_WITHIN && made.max().is_none_or(|made| *made <= from);
        let token_ttl = if policy.token_ttl == MAX_TOKEN_TTL { USUAL_TTL } else { policy.token_ttl };
        let until = self.now + Policy { token_ttl, ..policy.clone() }.least_overlap();
        let sooner = Sooner::Retire { token_ttl, is_flag: token_ttl != policy.token_ttl, until };
        Wait {
            key: key.reference(),
            event: Event::Removal,
            until: exp,
            sum: is_sum.then_some(Sum { from, parts }),
            sooner: (until < exp).then_some(sooner),
        }
    }

    /// A key that is on its way out, or whose age isn't known, is replaced at once.
    fn replacement(&self, current: &Key) -> Option<Wait> {
        let made = current.iat.value().copied()?;
        let going = matches!(current.phase(self.now), Phase::Retiring { .. } | Phase::Removable { .. });
        let parts = vec![self.origins.part("rotate_every", "rotate every", self.policy.rotate_every)];
        let wait = Wait {
            key: current.reference(),
            event: Event::Replacement,
            until: made + self.policy.rotate_every,
            sum: Some(Sum { from: made, parts }),
            sooner: Some(Sooner::Rotate),
        };
        (!going).then_some(wait)
    }
}

fn total(parts: &[Part]) -> Seconds {
    parts.iter().fold(Seconds::default(), |sum, part| sum + part.span)
}

impl Sum {
    fn message(&self, now: NumericDate) -> Sentence {
        let origins: Vec<&Origin> =
            self.parts.iter().map(|part| &part.by).filter(|by| **by != Origin::Fixed).collect();
        let is_one = origins.windows(2).all(|two| two[0] == two[1]);
        let part = |part: &Part| match part.by.message() {
            Some(by) if !is_one => format!(" + {} {} ({by})", part.span.compact(), part.what),
            _ => format!(" + {} {}", part.span.compact(), part.what),
        };
        let parts: String = self.parts.iter().map(part).collect();
        let by = origins.first().filter(|_| is_one).and_then(|by| by.message());
        let by = by.map_or_else(String::new, |by| format!(" ({by})"));
        sentence!("{}{parts}{by}", self.from.for_people(now))
    }
}

impl Origin {
    pub(crate) fn message(&self) -> Option<Sentence> {
        match self {
            Self::Fixed => None,
            Self::Default => Some(sentence!("default")),
            Self::Flag => Some(sentence!("given here")),
            Self::File(file) => Some(sentence!("{}", crate::base::text::Printable(file))),
        }
    }

    /// For programs.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Fixed => "fixed",
            Self::Default => "default",
            Self::Flag => "flag",
            Self::File(file) => file,
        }
    }
}

impl Sooner {
    /// What has to be so.
    pub(crate) fn condition(&self) -> Option<Sentence> {
        match self {
            Self::Retire { token_ttl, .. } => Some(sentence!(
                "If no backend signs with it any more, and its tokens live {token_ttl} at most"
            )),
            Self::Promote => Some(sentence!("If every replica has restarted with it, which `probe` asks")),
            Self::Rotate => None,
        }
    }

    pub(crate) fn command(&self, key: &KeyRef, tool: &CommandLine) -> CommandLine {
        let tool = tool.clone();
        match self {
            Self::Retire { token_ttl, is_flag, .. } => {
                let span = (*token_ttl + TOLERANCE + CLOCK_SKEW).compact();
                let ttl = is_flag.then(|| ["--token-ttl".to_owned(), token_ttl.compact()]);
                let spans = ["--in", &span, "--overlap", &span].map(str::to_owned);
                tool.arg("retire")
                    .arg(key.argument())
                    .args(spans.into_iter().chain(ttl.into_iter().flatten()))
            }
            Self::Promote => tool.arg("promote").arg(key.argument()).arg("--allow").arg("before-nbf"),
            Self::Rotate => tool.arg("rotate").arg("--standby"),
        }
    }

    /// Until when it waits then, where that isn't now.
    pub(crate) fn until(&self) -> Option<NumericDate> {
        match self {
            Self::Retire { until, .. } => Some(*until),
            Self::Promote | Self::Rotate => None,
        }
    }
}

impl Wait {
    pub(crate) fn message(&self, tool: &CommandLine, now: NumericDate) -> Sentence {
        let (key, until) = (&self.key, self.until.for_people(now));
        let (waits, member) = match self.event {
            Event::Removal => (sentence!("{key} stays until {until}"), "exp"),
            Event::Promotion => (sentence!("{key} waits to be promoted until {until}"), "nbf"),
            Event::Replacement => (sentence!("{key} is to be replaced from {until}"), "iat"),
        };
        let why = match &self.sum {
            Some(sum) => sentence!(": {}", sum.message(now)),
            None => sentence!(", as its `{member}` says: this policy adds up to another date"),
        };
        let sooner = self.sooner.as_ref().map(|sooner| {
            let condition = sooner.condition().unwrap_or_else(|| sentence!("Sooner"));
            sentence!(". {condition}: `{}`", sooner.command(key, tool))
        });
        sentence!("{waits}{why}{}", sooner.unwrap_or_else(|| sentence!("")))
    }
}
