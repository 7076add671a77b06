//! `unreadable`: what the service's parser, or its first look at the shape, rejects, and what may be read in two ways.

use super::config::invalid_shape;
use super::rule::{About, ERROR, Finding, How, Rule, Violation};
use crate::base::sentence::{Sentence, sentence};
use crate::config::{ConfigError, Judgement, Problem};
use crate::explain::{Harm, NoStart};

pub(super) static RULE: Rule = Rule {
    id: "unreadable",
    finds: "The file can't be read as YAML or JSON, or may be read in two ways.",
    why: "The service reads one YAML 1.2 document (a `.json` file as JSON). It does not start with duplicate names in one \
          mapping, a second document or an undefined alias; a file with nothing but comments is treated as absent. YAML \
          that it may read in another way than this tool isn't judged: docs/yaml-profile.md says what is.",
    fix: How::Text(
        "Fix the place that the message names; editors mark it, too. Nothing else in the file could be checked.",
    ),
    ..ERROR
};

struct Unreadable(Problem);

impl Violation for Unreadable {
    fn message(&self, _: &About) -> Sentence {
        match self.0.judgement() {
            Judgement::DoesNotStart => sentence!("{}", self.0),
            Judgement::Unknown => sentence!("this file can't be judged: {}", self.0),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        (self.0 == Problem::Sops)
            .then(|| sentence!("Check it decrypted: `sops decrypt FILE | powersync-jwks check -`."))
    }
}

/// The finding for a config that can't be read.
#[must_use]
pub(crate) fn unreadable(error: &ConfigError, text: Option<&str>) -> Finding {
    let rule = if matches!(error.problem, Problem::Shape { .. }) { &invalid_shape::RULE } else { &RULE };
    let start = match error.problem.judgement() {
        Judgement::DoesNotStart => NoStart::Service(Vec::new()),
        Judgement::Unknown => NoStart::Unreadable,
    };
    let at = error.at.zip(text).map(|(at, text)| at.offset_in(text));
    Finding::new(rule, at.map(|at| at..at), Unreadable(error.problem.clone())).means(Harm::NoStart(start))
}
