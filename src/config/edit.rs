//! Edits of the list of keys, as replacements of byte ranges.
//!
//! Each step reads the text afresh, so that no step has to know where the one before it moved the others' bytes.
//! The end result is compared with what was meant before anyone sees it.

use std::collections::HashMap;

use zeroize::Zeroizing;

pub use super::plan::{Edits, MemberEdit, NewEntry, NewValue};
use super::plan::{New, Splice};
use super::{Config, Input, KeyList, Syntax, block, create, flow, style, verify};
use crate::syntax::{ConfigError, Kind, NodeId, Notation, Problem};

/// Applies the plan to the config's text and returns the new text.
///
/// Fails where the list is written in a form that can't be edited in place, and where the result would not read
/// back as the plan meant it.
pub fn apply(config: &Config<'_>, plan: &Edits) -> Result<Zeroizing<String>, ConfigError> {
    config.check_editable()?;
    let input = if config.doc.syntax() == Syntax::Json { Input::Json } else { Input::Yaml };
    check(config, plan)?;
    let mut text: Option<Zeroizing<String>> = None;
    let mut step = |splices: &dyn Fn(&Config<'_>) -> Result<Vec<Splice>, ConfigError>| {
        let next = match &text {
            // Of the first step, the text is read already.
            None => splice(config.text(), splices(config)?)?,
            Some(text) => splice(text, splices(&read_back(text, input)?)?)?,
        };
        text = Some(next);
        Ok(())
    };
    // Moving comes first, while the entry's lines are those that it owns.
    if let Some(from) = plan.to_front {
        step(&|now| move_to_front(now, from))?;
    }
    let moved = |index: usize| match plan.to_front {
        Some(from) if index == from => 0,
        Some(from) if index < from => index + 1,
        _ => index,
    };
    for round in rounds(&plan.members) {
        step(&|now| {
            let splices = round.iter().map(|edit| set_member(now, moved(edit.entry), edit));
            Ok(splices.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })?;
    }
    if let Some((at, entry)) = &plan.insert {
        step(&|now| insert(now, *at, entry, plan.like))?;
    }
    // Removing comes last: the new entry imitates one that may go.
    let inserted = plan.insert.as_ref().map(|(at, _)| *at);
    let shifted = |index: usize| index + usize::from(inserted.is_some_and(|at| at <= index));
    let mut remove: Vec<usize> = plan.remove.iter().map(|index| shifted(moved(*index))).collect();
    remove.sort_unstable();
    remove.dedup();
    if !remove.is_empty() {
        step(&|now| remove_entries(now, &remove))?;
    }
    let text = text.unwrap_or_else(|| Zeroizing::new(config.text().to_owned()));
    let result = read_back(&text, input)?;
    verify::reads_as_meant(config, &result, plan)
        .map_err(|what| ConfigError::nowhere(Problem::ReadBack(what)))?;
    drop(result);
    Ok(text)
}

fn read_back(text: &str, input: Input) -> Result<Config<'_>, ConfigError> {
    Config::parse_str(text, input)
        .map_err(|_| ConfigError::nowhere(Problem::ReadBack("the text no longer parses")))
}

/// Finds what can't be edited in the text as it is, so that messages give places that the user can see.
fn check(config: &Config<'_>, plan: &Edits) -> Result<(), ConfigError> {
    for edit in &plan.members {
        set_member(config, edit.entry, edit)?;
    }
    if !plan.remove.is_empty() {
        remove_entries(config, &plan.remove)?;
    }
    Ok(())
}

/// Groups member edits so that no entry has two in one round: their bytes could touch.
fn rounds(edits: &[MemberEdit]) -> Vec<Vec<&MemberEdit>> {
    let mut rounds: Vec<Vec<&MemberEdit>> = Vec::new();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for edit in edits {
        let count = counts.entry(edit.entry).or_default();
        if *count == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[*count].push(edit);
        *count += 1;
    }
    rounds
}

/// Carries out replacements that don't overlap.
fn splice(text: &str, mut splices: Vec<Splice>) -> Result<Zeroizing<String>, ConfigError> {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let grown: usize = splices.iter().map(|splice| splice.text.len()).sum();
    // One allocation: a string that grows leaves copies of the secrets behind.
    let mut result = Zeroizing::new(String::with_capacity(text.len() + grown));
    let mut from = 0;
    for Splice { range, text: new } in &splices {
        let kept = text.get(from..range.start);
        let kept = kept.ok_or_else(|| ConfigError::nowhere(Problem::ReadBack("two edits overlap")))?;
        result.push_str(kept);
        result.push_str(new);
        from = range.end;
    }
    result.push_str(&text[from..]);
    Ok(result)
}

/// An entry, which must stand in the list itself to be edited.
fn own_entry(config: &Config<'_>, entry: usize) -> Result<NodeId, ConfigError> {
    let id = config.entries()[entry];
    if matches!(config.doc.node(id).kind, Kind::Alias(_)) {
        return Err(ConfigError::at(config.text(), config.doc.start_of(id), Problem::Alias("this entry")));
    }
    Ok(id)
}

fn set_member(config: &Config<'_>, entry: usize, edit: &MemberEdit) -> Result<Vec<Splice>, ConfigError> {
    let entry = own_entry(config, entry)?;
    let doc = &config.doc;
    block::check_not_aliased(doc, entry)?;
    if let Some((_, value)) = doc.member(entry, edit.name) {
        block::check_not_aliased(doc, value)?;
    }
    if doc.count_of(entry, edit.name) > 1 {
        let problem = Problem::AmbiguousMember(edit.name);
        return Err(ConfigError::at(config.text(), doc.start_of(entry), problem));
    }
    let Kind::Mapping { notation, .. } = doc.node(entry).kind else {
        return Err(ConfigError::at(
            config.text(),
            doc.start_of(entry),
            Problem::Form("this entry is no mapping"),
        ));
    };
    match (doc.member(entry, edit.name), &edit.value, notation) {
        (None, None, _) => Ok(Vec::new()),
        (Some(member), Some(value), notation) => Ok(style::replace_value(doc, member, value, notation)),
        (None, Some(value), Notation::Block) => Ok(block::add_member(doc, entry, edit.name, value)),
        (None, Some(value), Notation::Flow) => Ok(flow::add_member(doc, entry, edit.name, value)),
        (Some(member), None, Notation::Block) => block::remove_member(doc, entry, member),
        (Some(member), None, Notation::Flow) => Ok(flow::remove_member(doc, entry, member)),
    }
}

fn insert(
    config: &Config<'_>,
    at: usize,
    entry: &NewEntry,
    like: Option<usize>,
) -> Result<Vec<Splice>, ConfigError> {
    let doc = &config.doc;
    match config.place {
        KeyList::Missing { member, names } => create::create(doc, member, names, entry),
        KeyList::List { name, list } => {
            let new = New { entry, sample: style::sample(config, at, like) };
            match doc.node(list).kind {
                Kind::Sequence { notation: Notation::Block, .. } => block::insert(doc, (name, list), at, new),
                _ => Ok(flow::insert(doc, list, at, new)),
            }
        }
    }
}

fn remove_entries(config: &Config<'_>, remove: &[usize]) -> Result<Vec<Splice>, ConfigError> {
    let KeyList::List { name, list } = config.place else { return Ok(Vec::new()) };
    for index in remove {
        block::check_unreferenced(&config.doc, config.entries()[*index])?;
    }
    match config.doc.node(list).kind {
        Kind::Sequence { notation: Notation::Block, .. } => block::remove(&config.doc, name, list, remove),
        _ => Ok(flow::remove_items(&config.doc, list, remove)),
    }
}

fn move_to_front(config: &Config<'_>, from: usize) -> Result<Vec<Splice>, ConfigError> {
    let KeyList::List { name, list } = config.place else { return Ok(Vec::new()) };
    let entry = own_entry(config, from)?;
    block::check_movable(&config.doc, config.entries()[0], entry)?;
    match config.doc.node(list).kind {
        _ if from == 0 => Ok(Vec::new()),
        Kind::Sequence { notation: Notation::Block, .. } => {
            block::move_to_front(&config.doc, name, list, from)
        }
        _ => Ok(flow::move_to_front(&config.doc, list, from)),
    }
}
