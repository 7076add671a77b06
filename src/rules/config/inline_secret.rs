//! `inline-secret`: a secret in a file that git tracks.

use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::keyset::{Key, Material, SecretSource};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "inline-secret",
    finds: "A key's secret is in plaintext in a file that git tracks.",
    why: "Everyone with a copy of the repository, now or later, can sign in as anyone, and a secret stays in git history \
          after it is gone from the file.",
    fix: How::Named(|tool, key| {
        sentence!(
            "Move it into a variable, in an env file that git ignores: `{tool} move-secret {key} --to env --env-file .env`. \
             Then rotate: the old one is in the history."
        )
    }),
    look: Look::Key(look),
    ..WARNING
};

/// Whether a key's secret is in the file.
pub(super) fn is_inline(key: &Key) -> bool {
    matches!(key.material, Material::Symmetric { secret: SecretSource::Inline(_), .. })
}

struct Inline {
    env_file: String,
}

impl Violation for Inline {
    fn message(&self, key: &About) -> Sentence {
        sentence!("the secret of {key} is in plaintext in a file that git tracks")
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        let file = CommandLine::new("--env-file").arg(&self.env_file);
        Some(sentence!(
            "Move it into a variable, in an env file that git ignores: `{tool} move-secret {} --to env {file}`. \
             Then rotate: the old one is in the history.",
            key.argument()
        ))
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let is_found = on.file.in_git && is_inline(key);
    let cause = || Inline { env_file: on.file.env_file.clone() };
    is_found.then(|| Finding::new(&RULE, on.place_of(key, "k"), cause()).of(key))
}
