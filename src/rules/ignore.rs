//! Comments that silence a rule: `# powersync-jwks: ignore[rule] reason`, at the entry or for the file.

use std::collections::HashSet;

use super::inspected::Inspected;
use super::rule::{About, Finding, How, Rule, Selection, Violation, WARNING};
use crate::base::sentence::{Sentence, sentence};
use crate::config::Span;

pub(super) static WITHOUT_REASON: Rule = Rule {
    id: "ignore-without-reason",
    finds: "A comment silences a rule and doesn't say why.",
    why: "Whoever reads it next can't tell whether the reason still holds. The rule is silenced all the same.",
    fix: How::Text(
        "Write the reason after the bracket: `# powersync-jwks: ignore[missing-kid] old apps send no kid`.",
    ),
    ..WARNING
};

pub(super) static UNUSED: Rule = Rule {
    id: "unused-ignore",
    finds: "A comment silences a rule that finds nothing there, or that doesn't exist.",
    why: "It would hide the fault once it comes back.",
    fix: How::Text("Remove the comment, or the rule's name from it."),
    ..WARNING
};

/// One rule's name in one comment.
struct Ignore<'t> {
    rule: &'t str,
    span: Span,
    /// The key it is at; the whole file where it is at none.
    at: About,
    has_reason: bool,
}

/// What is wrong with such a comment.
enum Comment {
    NoSuchRule,
    FindsNothing(&'static str),
    NoReason(&'static str),
}

impl Violation for Comment {
    fn message(&self, about: &About) -> Sentence {
        let place = if *about == About::File { "in this file" } else { "at this key" };
        match self {
            Self::NoSuchRule => sentence!("this comment silences a rule that doesn't exist"),
            Self::FindsNothing(rule) => {
                sentence!("`{rule}` finds nothing {place}: the comment silences nothing")
            }
            Self::NoReason(rule) => sentence!("`{rule}` is silenced here without a reason"),
        }
    }
}

/// Takes out the findings that comments silence, and adds those about the comments. `known`: the rule of an id, and whether
/// it was one of those that were asked here, so that silence about it means something.
pub(super) fn apply(
    found: Vec<Finding>,
    on: &Inspected<'_>,
    selection: &Selection,
    known: &dyn Fn(&str) -> Option<(&'static Rule, bool)>,
) -> Vec<Finding> {
    let ignores = read(on);
    // By rule and entry; without an entry, for the whole file.
    let asked: HashSet<_> = ignores.iter().map(|ignore| (ignore.rule, ignore.at.entry())).collect();
    let mut used = HashSet::new();
    let mut left = found;
    left.retain(|one| {
        let by = [(one.rule.id, None), (one.rule.id, one.entry())];
        let mut by = by.into_iter().filter(|silence| asked.contains(silence)).peekable();
        let is_left = by.peek().is_none();
        used.extend(by);
        is_left
    });
    for ignore in ignores {
        let (rule, cause) = match known(ignore.rule) {
            None => (&UNUSED, Comment::NoSuchRule),
            Some((known, true))
                if !used.contains(&(known.id, ignore.at.entry())) && selection.runs(known) =>
            {
                (&UNUSED, Comment::FindsNothing(known.id))
            }
            Some((known, _)) if !ignore.has_reason => (&WITHOUT_REASON, Comment::NoReason(known.id)),
            Some(_) => continue,
        };
        if selection.runs(rule) {
            left.push(Finding::new(rule, ignore.span, cause).about(ignore.at));
        }
    }
    left
}

fn read<'a>(on: &Inspected<'a>) -> Vec<Ignore<'a>> {
    let text = on.doc().text();
    let mut regions = None;
    let mut ignores = Vec::new();
    for comment in on.doc().comments() {
        let Some((names, reason)) = parse(&text[comment.clone()]) else { continue };
        let regions = regions.get_or_insert_with(|| on.config.entry_regions());
        // Regions begin and end in the order of the text.
        let key = regions.partition_point(|region| region.end <= comment.start);
        let key = regions.get(key).filter(|region| region.start <= comment.start).map(|_| key);
        let at = key
            .and_then(|index| on.keys.keys().get(index))
            .map_or(About::File, |key| About::Key(key.reference()));
        ignores.extend(names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|rule| Ignore {
            rule,
            span: comment.clone(),
            at: at.clone(),
            has_reason: !reason.is_empty(),
        }));
    }
    ignores
}

/// The rules and the reason of such a comment.
fn parse(comment: &str) -> Option<(&str, &str)> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("powersync-jwks:")?;
    let (names, reason) =
        rest.trim_start().strip_prefix("ignore")?.trim_start().strip_prefix('[')?.split_once(']')?;
    Some((names, reason.trim().trim_start_matches([':', '-', '–']).trim()))
}
