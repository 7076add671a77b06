//! The first line of a report: what all of it comes to.

use super::{FileReport, FindingsReport};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, count};
use crate::explain::{Verdict, VerdictKind};

/// The verdict on a run: that of its worst config.
pub(super) struct RunVerdict<'r> {
    pub(super) kind: VerdictKind,
    /// The config that it is about, if it is about one.
    pub(super) worst: Option<&'r FileReport>,
    text: Sentence,
}

impl FindingsReport {
    /// The verdict on all of it.
    pub(super) fn verdict(&self) -> RunVerdict<'_> {
        let worst = self.files.iter().min_by_key(|file| file.verdict.kind);
        let unseen = self.skipped.len();
        let kind = worst.map_or(VerdictKind::Safe, |file| file.verdict.kind);
        let kind = if unseen > 0 { kind.min(VerdictKind::Unjudged) } else { kind };
        let not_judged = match self.skipped.as_slice() {
            [] => String::new(),
            [one] => format!("; not judged: {}", Printable(&one.name)),
            [one, ..] => {
                let others = count(unseen - 1, "other file");
                format!("; not judged: {} and {others}", Printable(&one.name))
            }
        };
        let text = match worst {
            None if unseen > 0 => sentence!("No config was judged{not_judged}"),
            None => sentence!("No config changes"),
            Some(file) if self.files.len() == 1 => {
                sentence!("{}{not_judged}", file.verdict.message(self.now))
            }
            Some(file) => {
                let others = count(self.files.len() - 1, "other config");
                let verb = if self.files.len() == 2 { "is" } else { "are" };
                let than = if file.verdict.kind == VerdictKind::Safe { "safe, too" } else { "no worse" };
                let (name, message) = (Printable(&file.name), file.verdict.message(self.now));
                sentence!("{name}: {message}; {others} {verb} {than}{not_judged}")
            }
        };
        RunVerdict { kind, worst, text }
    }
}

impl RunVerdict<'_> {
    /// In one sentence, with its sign and without an end.
    pub(super) fn message(&self) -> Sentence {
        sentence!("{} {}", self.kind.sign(), self.text)
    }

    /// The same without the sign.
    pub(super) fn text(&self) -> Sentence {
        self.text.clone()
    }
}

/// A verdict with its sign.
pub(super) fn line(verdict: &Verdict, report: &FindingsReport) -> Sentence {
    sentence!("{} {}", verdict.kind.sign(), verdict.message(report.now))
}
