//! What several tokens are together: has every backend switched?

use serde::Serialize;

use super::human::paragraph;
use super::verify::{Question, TokenAnswer};
use crate::base::sentence::sentence;
use crate::base::text::{count, list};
use crate::token::{Verdict, Verifier};

/// How many tokens each key signed, and how many were not accepted.
#[derive(Default, Serialize)]
pub(crate) struct Tally {
    keys: Vec<Signed>,
    rejected: usize,
    undetermined: usize,
}

#[derive(Serialize)]
struct Signed {
    key: String,
    key_state: &'static str,
    count: usize,
    #[serde(skip)]
    is_left_behind: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, question: &Question<'_>, verifier: &Verifier, verdict: &Verdict) {
        match verdict {
            Verdict::Accepted(accepted) => {
                let key = verifier.name(accepted.key);
                match self.keys.iter_mut().find(|signed| signed.key == key) {
                    Some(signed) => signed.count += 1,
                    None => self.keys.push(Signed {
                        key,
                        key_state: question.state_id(accepted.key).unwrap_or("accepted"),
                        count: 1,
                        is_left_behind: question.is_left_behind(accepted.key),
                    }),
                }
            }
            Verdict::Rejected(_) => self.rejected += 1,
            Verdict::Undetermined(_) => self.undetermined += 1,
        }
    }

    /// In words, with what to do.
    pub(crate) fn human(&self, question: &Question<'_>, width: usize) -> String {
        let of_key =
            |signed: &Signed| format!("{} signed by {} ({})", signed.count, signed.key, signed.key_state);
        let mut parts: Vec<String> = self.keys.iter().map(of_key).collect();
        let others = [(self.rejected, "rejected"), (self.undetermined, "not determined")];
        parts.extend(
            others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        let all =
            self.keys.iter().map(|signed| signed.count).sum::<usize>() + self.rejected + self.undetermined;
        let summary = sentence!("{}: {}", count(all, "token"), list(&parts));
        let behind: Vec<String> = self
            .keys
            .iter()
            .filter(|signed| signed.is_left_behind)
            .map(|signed| signed.key.clone())
            .collect();
        let switched = if !behind.is_empty() {
            sentence!(
                "Not every backend has switched: {} is on its way out. {}",
                list(&behind),
                question.switch()
            )
        } else if self.rejected + self.undetermined == 0 {
            sentence!("Every backend that made one of these has left the retired keys")
        } else {
            sentence!("Of those that are accepted, none is signed by a retired key")
        };
        paragraph("", &summary, width) + &paragraph("", &switched, width)
    }
}

/// What came of several tokens, for programs.
#[derive(Serialize)]
pub(crate) struct TokenAnswers<'a> {
    version: u32,
    now: String,
    config: &'a str,
    tokens: Vec<TokenAnswer<'a>>,
    summary: &'a Tally,
}

impl<'a> TokenAnswers<'a> {
    pub(crate) fn new(question: &'a Question<'_>, tokens: Vec<TokenAnswer<'a>>, summary: &'a Tally) -> Self {
        Self { version: 1, now: question.now.to_string(), config: &question.config, tokens, summary }
    }
}
