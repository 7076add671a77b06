//! Comments that silence a rule: `# powersync-jwks: ignore[rule] reason`, at the entry or for the file.

use super::finding::{Finding, Found};
use super::rule::{Look, Rule, Selection, Severity};
use super::subject::Subject;
use crate::config::Span;

pub(super) static WITHOUT_REASON: Rule = Rule {
    id: "ignore-without-reason",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A comment silences a rule and doesn't say why.",
    why: "Whoever reads it next can't tell whether the reason still holds. The rule is silenced all the same.",
    mend: "Write the reason behind the bracket: `# powersync-jwks: ignore[missing-kid] old apps send no kid`.",
    look: Look::File,
};

pub(super) static UNUSED: Rule = Rule {
    id: "unused-ignore",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A comment silences a rule that finds nothing there, or that doesn't exist.",
    why: "It would hide the fault once it comes back.",
    mend: "Remove the comment, or the rule's name from it.",
    look: Look::File,
};

/// One rule's name in one comment.
struct Ignore<'t> {
    rule: &'t str,
    span: Span,
    /// The entry it stands at; the whole file where it stands at none.
    entry: Option<usize>,
    has_reason: bool,
    used: bool,
}

/// Takes out the findings that comments silence, and adds those about the comments. `looked`: whether a rule was one
/// of those that were asked here, so that silence about it means something.
pub(super) fn apply(
    found: Vec<Finding>,
    subject: &Subject<'_>,
    selection: &Selection,
    looked: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    let mut ignores = read(subject);
    let mut left: Vec<Finding> = Vec::new();
    for one in found {
        let fits = |ignore: &&mut Ignore<'_>| {
            ignore.rule == one.rule.id && (ignore.entry.is_none() || ignore.entry == one.entry)
        };
        let mut silenced = false;
        for ignore in ignores.iter_mut().filter(fits) {
            ignore.used = true;
            silenced = true;
        }
        if !silenced {
            left.push(one);
        }
    }
    for ignore in &ignores {
        let add = |rule: &'static Rule, message: String| {
            selection.runs(rule).then(|| {
                let finding = Found::new(ignore.span.clone(), message).of_rule(rule);
                Finding { entry: ignore.entry, ..finding }
            })
        };
        let known = super::rule(ignore.rule);
        let idle = known.is_some_and(|rule| !ignore.used && looked(rule) && selection.runs(rule));
        if known.is_none() {
            left.extend(add(&UNUSED, "this comment silences a rule that doesn't exist".to_owned()));
        } else if idle {
            let place = if ignore.entry.is_some() { "at this key" } else { "in this file" };
            left.extend(add(
                &UNUSED,
                format!("`{}` finds nothing {place}: the comment silences nothing", ignore.rule),
            ));
        } else if !ignore.has_reason {
            left.extend(add(&WITHOUT_REASON, format!("`{}` is silenced here without a reason", ignore.rule)));
        }
    }
    left
}

fn read<'a>(subject: &Subject<'a>) -> Vec<Ignore<'a>> {
    let text = subject.doc().text();
    let mut regions = None;
    let mut ignores = Vec::new();
    for comment in subject.doc().comments() {
        let Some((names, reason)) = parse(&text[comment.clone()]) else { continue };
        let regions = regions.get_or_insert_with(|| subject.config.entry_regions());
        let entry = regions.iter().position(|region| region.contains(&comment.start));
        ignores.extend(names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|rule| Ignore {
            rule,
            span: comment.clone(),
            entry,
            has_reason: !reason.is_empty(),
            used: false,
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
