//! The first line of a report: what all of it comes to.

use super::{FileReport, FindingsReport, Reported};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, count, list};
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
        let worst = self.configs().min_by_key(|file| file.verdict.kind);
        let number = self.configs().count();
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
        let policies: Vec<String> = self
            .files
            .iter()
            .filter(|file| file.what == Reported::Policy)
            .map(|file| Printable(&file.name).to_string())
            .collect();
        let also =
            if policies.is_empty() { String::new() } else { format!("; below, {}, too", list(&policies)) };
        let not_judged = format!("{not_judged}{also}");
        let text = match worst {
            None if unseen > 0 => sentence!("No config was judged{not_judged}"),
            None => sentence!("No config changes{also}"),
            Some(file) if number == 1 => {
                sentence!("{}{not_judged}", file.verdict.message(self.now))
            }
            Some(file) => {
                let others = count(number - 1, "other config");
                let than = match (file.verdict.kind == VerdictKind::Safe, number) {
                    (true, 2) => "has no errors, either",
                    (true, _) => "have no errors, either",
                    (false, 2) => "is no worse",
                    (false, _) => "are no worse",
                };
                let (name, message) = (Printable(&file.name), file.verdict.message(self.now));
                sentence!("{name}: {message}; {others} {than}{not_judged}")
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
