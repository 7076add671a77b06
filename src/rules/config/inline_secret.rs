//! `inline-secret`: a secret in a file that git tracks.

use crate::keyset::{Key, Material, SecretSource};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "inline-secret",
    severity: Severity::Warning,
    pedantic: true,
    finds: "A key's secret stands in clear in a file that git tracks.",
    why: "Everyone with a copy of the repository, now or later, can sign in as anyone, and a secret stays in git's history \
          after it is gone from the file.",
    mend: "Keep it in a variable: `k: !env PS_JWKS_KEY_1`, set from a file that git ignores or from a secrets manager. \
           Then rotate: the old one is in the history.",
    look: Look::Config(look),
};

/// Whether a key's secret stands in the file.
pub(super) fn is_inline(key: &Key) -> bool {
    matches!(key.material, Material::Symmetric { secret: SecretSource::Inline(_), .. })
}

fn look(subject: &Subject<'_>) -> Vec<Found> {
    if !subject.file.in_git {
        return Vec::new();
    }
    let keys = subject.keys.keys().iter().filter(|key| is_inline(key));
    keys.map(|key| {
        let message = format!("the secret of {} stands in clear in a file that git tracks", key.name());
        Found::new(subject.place_of(key, "k"), message).of(key)
    })
    .collect()
}
