//! Tokens before the service's rules: one, or several at once, judged and told.

use serde_json::Value;

use crate::base::text::Printable;
use crate::keyset::KeySet;
use crate::report::human::columns;
use crate::report::json;
use crate::report::paint::warning_line;
use crate::report::tally::{Tally, TokenAnswers};
use crate::report::verify::{self as report, Lines, Question, TokenAnswer};
use crate::session::arguments::Format;
use crate::session::{Answer, Error, World};
use crate::token::found::FoundToken;
use crate::token::{Cause, SAFE_BYTES, Verdict, Verifier, claims_of, nearest_cause};

/// Whether claims are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claims {
    Shown,
    Kept,
}

/// What is asked of each token, and how it is told.
pub(crate) struct TokenJudge<'a> {
    pub(crate) question: &'a Question<'a>,
    pub(crate) verifier: &'a Verifier,
    /// The keys of an earlier config.
    pub(crate) removed: Option<&'a KeySet>,
    pub(crate) format: Format,
    pub(crate) claims: Claims,
}

/// What came of a token.
struct Judged<'a> {
    token: &'a str,
    verdict: Verdict,
    cause: Option<Cause>,
    claims: Option<Value>,
}

impl<'a> TokenJudge<'a> {
    fn judge(&self, token: &'a str) -> Judged<'a> {
        let now = self.question.now;
        let verdict = self.verifier.verify(token, now);
        let cause = match &verdict {
            Verdict::Rejected(why) => Some(nearest_cause(self.verifier, self.removed, token, why, now)),
            Verdict::Accepted(_) | Verdict::Undetermined(_) => None,
        };
        let claims = claims_of(token).and_then(|claims| serde_json::from_str::<Value>(&claims).ok());
        Judged { token, verdict, cause, claims }
    }

    fn is_yes(&self, verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Accepted(accepted) if self.question.is_expected(accepted.key) != Some(false))
    }

    fn report(&self, judged: &'a Judged<'_>) -> TokenAnswer<'a> {
        let (question, claims) = (self.question, judged.claims.as_ref());
        let mut answer = match (&judged.verdict, &judged.cause) {
            (Verdict::Accepted(accepted), _) => {
                TokenAnswer::accepted(question, self.verifier, accepted, claims)
            }
            (Verdict::Rejected(why), Some(cause)) => {
                TokenAnswer::rejected(question, self.verifier, (why, cause), claims)
            }
            (Verdict::Undetermined(why), _) => TokenAnswer::undetermined(question, self.verifier, why),
            (Verdict::Rejected(_), None) => TokenAnswer::new(question, self.verifier, None, claims),
        };
        answer.claims = judged.claims.clone().filter(|_| self.claims == Claims::Shown);
        answer
    }

    /// One token.
    pub(crate) fn tell_one(&self, token: &'a str, world: &mut World<'_>) -> Result<Answer, Error> {
        let judged = self.judge(token);
        match self.format {
            Format::Human => self.tell_people(&judged, world)?,
            Format::Json if !matches!(judged.verdict, Verdict::Undetermined(_)) => {
                json::write(&self.report(&judged), world.stdout)?;
            }
            Format::Json => {}
        }
        warn_of_size(&judged, world)?;
        match judged.verdict {
            Verdict::Undetermined(why) => Err(Error::Undetermined(why)),
            verdict if self.is_yes(&verdict) => Ok(Answer::Done),
            _ => Ok(Answer::No),
        }
    }

    /// Several, a line each, and what they are together.
    pub(crate) fn tell_several(
        &self,
        tokens: &'a [FoundToken],
        world: &mut World<'_>,
    ) -> Result<Answer, Error> {
        let judged: Vec<Judged<'_>> = tokens.iter().map(|found| self.judge(&found.token)).collect();
        let mut tally = Tally::default();
        for one in &judged {
            tally.add(self.question, self.verifier, &one.verdict);
        }
        match self.format {
            Format::Human => {
                for (number, one) in (1..).zip(&judged) {
                    let line = self.question.line(self.verifier, &one.verdict);
                    writeln!(world.stdout, "{number}: {line}")?;
                }
                world.stdout.flush()?;
                write!(world.stderr, "\n{}", tally.human(self.question, columns(world.terminal.width)))?;
            }
            Format::Json => {
                let answers = judged.iter().map(|one| self.report(one)).collect();
                json::write(&TokenAnswers::new(self.question, answers, &tally), world.stdout)?;
            }
        }
        for one in &judged {
            warn_of_size(one, world)?;
        }
        if let Some(Verdict::Undetermined(why)) =
            judged.iter().map(|one| &one.verdict).find(|verdict| matches!(verdict, Verdict::Undetermined(_)))
        {
            return Err(Error::Undetermined(why.clone()));
        }
        let all = judged.iter().all(|one| self.is_yes(&one.verdict));
        Ok(if all { Answer::Done } else { Answer::No })
    }

    fn tell_people(&self, judged: &Judged<'_>, world: &mut World<'_>) -> Result<(), Error> {
        let width = columns(world.terminal.width);
        match (&judged.verdict, &judged.cause) {
            (Verdict::Accepted(accepted), _) => {
                tell(&self.question.accepted(accepted, self.verifier, width), world)?;
            }
            (Verdict::Rejected(why), Some(cause)) => tell(&report::rejected(why, cause, width), world)?,
            _ => {}
        }
        if self.claims == Claims::Shown { tell_claims(judged, world) } else { Ok(()) }
    }
}

fn warn_of_size(judged: &Judged<'_>, world: &mut World<'_>) -> Result<(), Error> {
    let bytes = judged.token.len();
    if bytes > SAFE_BYTES && matches!(judged.verdict, Verdict::Accepted(_)) {
        let text = format!(
            "the token has {bytes} bytes, and Node rejects requests whose headers are over 16 KiB together (HTTP 431): with \
             those that clients add, this one may be. Put less into its claims"
        );
        writeln!(world.stderr, "{}", warning_line(&text))?;
    }
    Ok(())
}

fn tell_claims(judged: &Judged<'_>, world: &mut World<'_>) -> Result<(), Error> {
    let Some(claims) = claims_of(judged.token) else {
        writeln!(world.stderr, "note: its claims can't be read")?;
        return Ok(());
    };
    let pretty =
        judged.claims.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok()).unwrap_or(claims);
    for line in pretty.lines() {
        writeln!(world.stdout, "{}", Printable(line))?;
    }
    world.stdout.flush()?;
    if !matches!(judged.verdict, Verdict::Accepted(_)) {
        writeln!(world.stderr, "note: these claims are not verified: anyone may have written them")?;
    }
    Ok(())
}

/// Data to stdout, talk to stderr.
pub(crate) fn tell(lines: &Lines, world: &mut World<'_>) -> Result<(), Error> {
    write!(world.stdout, "{}", lines.data)?;
    world.stdout.flush()?;
    write!(world.stderr, "{}", lines.talk)?;
    Ok(())
}
