//! `file-mode`: secrets in a file that every user of the machine may read.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "file-mode",
    severity: Severity::Warning,
    pedantic: false,
    finds: "Everyone on the machine may read the file, and secrets stand in it. Files that git tracks are left out: git \
            keeps no such modes.",
    why: "Every process on the machine can read the secrets. The official image runs as UID 901, not as root: it must \
          still be able to read the file, or the service won't start.",
    mend: "Let only the service's user read it: `chown 901 FILE` and `chmod 600 FILE`, or `chgrp 901 FILE` and `chmod 640 \
           FILE` where you edit it, too. Or move the secrets into variables. It is never changed for you.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let Some(mode) = subject.file.mode.filter(|mode| mode & 0o004 != 0) else { return Vec::new() };
    if subject.file.in_git || !subject.keys.keys().iter().any(super::inline_secret::is_inline) {
        return Vec::new();
    }
    let message = format!(
        "everyone on this machine may read this file (mode {:03o}), and secrets stand in it",
        mode & 0o777
    );
    vec![Found::new(None, message)]
}
