//! `file-mode`: secrets in a file that every user of the machine may read.

use crate::base::sentence::{Sentence, sentence};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "file-mode",
    finds: "Everyone on the machine may read the file, and secrets are in it. Files that git tracks are left out: git \
            keeps no such modes.",
    why: "Every process on the machine can read the secrets. The official image runs as UID 901, not as root: it must \
          still be able to read the file, or the service won't start.",
    fix: How::Text(
        "Let only the service's user read it: `chown 901 FILE` and `chmod 600 FILE`, or `chgrp 901 FILE` and `chmod 640 \
             FILE` where you edit it, too. Or move the secrets into variables. It is never changed for you.",
    ),
    look: Look::Config(look),
    ..WARNING
};

struct Readable(u32);

impl Violation for Readable {
    fn message(&self, _: &About) -> Sentence {
        let mode = self.0 & 0o777;
        sentence!("everyone on this machine may read this file (mode {mode:03o}), and secrets are in it")
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let has_secrets = on.keys.keys().iter().any(super::inline_secret::is_inline);
    let mode = on.file.mode.filter(|mode| mode & 0o004 != 0 && !on.file.in_git && has_secrets);
    mode.map(|mode| Finding::new(&RULE, None, Readable(mode))).into_iter().collect()
}
