//! Comments that silence a rule: `# powersync-jwks: ignore[rule] reason`, at the entry or for the file. In a change, those
//! count that its base has, too: what is reviewed doesn't silence its own review.

use std::collections::HashSet;

use super::comparison::ConfigDiff;
use super::inspected::Inspected;
use super::rule::{About, Finding, How, INFO, Rule, Violation, WARNING};
use super::{Asked, Found, rule};
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

pub(super) static ADDED: Rule = Rule {
    id: "ignore-added",
    finds: "A change adds a comment that silences a rule.",
    why: "It doesn't count for the change that adds it, and would for every later one.",
    fix: How::Text("Ask whether the reason that it gives is a good one."),
    ..INFO
};

/// The comparison, where the comments of its base decide.
pub(super) struct Base<'a>(pub(super) &'a ConfigDiff<'a>);

impl Base<'_> {
    /// The base's comments, each at the place that its key has now.
    fn ignores(&self) -> Vec<Ignore<'_>> {
        let (old, new) = self.0.sides();
        let at = |at: About| {
            let About::Key(key) = &at else { return Some(at) };
            let old = &old.keys.keys()[key.index()];
            match self.0.place_after(key.index()).map(|place| &new.keys.keys()[place]) {
                // Another key under the same kid has nothing to do with the reason.
                Some(now) if now.verifies_what(old) == Some(false) => None,
                Some(now) => Some(About::Key(now.reference())),
                None => Some(About::Gone(key.clone())),
            }
        };
        read(old).into_iter().filter_map(|ignore| Some(Ignore { at: at(ignore.at)?, ..ignore })).collect()
    }
}

/// One rule's name in one comment.
struct Ignore<'t> {
    rule: &'t str,
    span: Span,
    /// The key it is at; the whole file where it is at none.
    at: About,
    has_reason: bool,
    /// Whether it silences what it names: in a change, whether the base has it.
    counts: bool,
}

/// What is wrong with such a comment.
enum Comment {
    NoSuchRule,
    FindsNothing(&'static str),
    NoReason(&'static str),
    NotInBase(&'static str),
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
            Self::NotInBase(rule) => {
                sentence!(
                    "this comment is new: it silences `{rule}` {place} from the next change on, not in this one"
                )
            }
        }
    }
}

/// Takes out the findings that comments silence, and adds those about the comments.
pub(super) fn apply(
    found: Vec<Finding>,
    on: &Inspected<'_>,
    base: Option<&Base<'_>>,
    asked: &Asked<'_>,
) -> Found {
    let mut ignores = read(on);
    if let Some(base) = base.map(Base::ignores) {
        // By rule and entry; without an entry, for the whole file.
        let in_base: HashSet<_> = base.iter().map(|ignore| (ignore.rule, ignore.at.entry())).collect();
        for ignore in &mut ignores {
            ignore.counts = in_base.contains(&(ignore.rule, ignore.at.entry()));
        }
        // Of a key that is gone, the comment is, too.
        let gone = base.into_iter().filter(|ignore| matches!(ignore.at, About::Gone(_)));
        return apply_to(
            found,
            ignores,
            &gone.map(|ignore| (ignore.rule.to_owned(), ignore.at)).collect::<Vec<_>>(),
            asked,
        );
    }
    apply_to(found, ignores, &[], asked)
}

/// `gone`: rules that the base silences at keys that are gone.
fn apply_to(
    found: Vec<Finding>,
    ignores: Vec<Ignore<'_>>,
    gone: &[(String, About)],
    asked: &Asked<'_>,
) -> Found {
    let named: HashSet<_> = ignores.iter().map(|ignore| (ignore.rule, ignore.at.entry())).collect();
    let counting: HashSet<_> = ignores
        .iter()
        .filter(|ignore| ignore.counts)
        .map(|ignore| (ignore.rule, ignore.at.entry()))
        .collect();
    let mut used = HashSet::new();
    let mut result = Found::default();
    for one in found {
        let by = [(one.rule.id, None), (one.rule.id, one.entry())];
        let is_gone = gone.iter().any(|(rule, at)| rule == one.rule.id && *at == one.about);
        let is_silenced = is_gone || by.iter().any(|silence| counting.contains(silence));
        used.extend(by.into_iter().filter(|silence| named.contains(silence)));
        if is_silenced { &mut result.silenced } else { &mut result.findings }.push(one);
    }
    for ignore in ignores {
        let known = rule(ignore.rule);
        let is_unused = |known: &Rule| {
            !used.contains(&(known.id, ignore.at.entry()))
                && asked.selection.runs(known)
                && (asked.looked)(known)
        };
        let (rule, cause) = match known {
            None => (&UNUSED, Comment::NoSuchRule),
            Some(known) if !ignore.counts => (&ADDED, Comment::NotInBase(known.id)),
            Some(known) if is_unused(known) => (&UNUSED, Comment::FindsNothing(known.id)),
            Some(known) if !ignore.has_reason => (&WITHOUT_REASON, Comment::NoReason(known.id)),
            Some(_) => continue,
        };
        if asked.selection.runs(rule) {
            result.findings.push(Finding::new(rule, ignore.span, cause).about(ignore.at));
        }
    }
    result
}

/// A reason has words: this many letters at least.
const REASON: usize = 3;

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
            has_reason: reason.chars().filter(|c| c.is_alphabetic()).count() >= REASON,
            counts: true,
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
