//! Edits of the list of keys, as replacements of byte ranges.
//!
//! Each step reads the text afresh, so that no step has to know where the one before it moved the others' bytes.
//! The end result is compared with what was meant before anyone sees it.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::{Config, Input, Place, Syntax, block, create, flow, style, verify};
use crate::base::secret_string::Wiped;
use crate::syntax::{ConfigError, Problem};
use crate::syntax::{Kind, Layout, NodeId, Span};

/// A value that is written.
#[derive(Clone)]
pub enum NewValue {
    /// Text, quoted as its neighbours are and as its characters need.
    Text(Zeroizing<String>),
    /// `!env NAME`, which JSON has no way to write.
    Env(String),
    /// `{secret: !env NAME}`, as PowerSync Cloud wants it.
    CloudEnv(String),
    /// A NumericDate, and what stands beside it for people where comments are possible.
    Date {
        /// Seconds since 1970-01-01T00:00:00Z.
        seconds: i64,
        /// Without the `#`.
        comment: String,
    },
}

/// A key that is written: JWK members in order. Not `Debug`: it holds a secret.
#[derive(Clone, Default)]
pub struct NewEntry {
    /// Names and values.
    pub members: Vec<(&'static str, NewValue)>,
}

/// One change of a member of a key that is there.
#[derive(Clone)]
pub struct MemberEdit {
    /// The entry, from 0.
    pub entry: usize,
    /// The member.
    pub name: &'static str,
    /// Its new value; `None` removes it.
    pub value: Option<NewValue>,
}

/// What to do with the list. All numbers are those of the entries as they stand before the edit.
#[derive(Clone, Default)]
pub struct Plan {
    /// Members to set or remove.
    pub members: Vec<MemberEdit>,
    /// An entry to move to the first place; not together with `insert`.
    pub to_front: Option<usize>,
    /// Entries to remove.
    pub remove: Vec<usize>,
    /// An entry to write, and before which one: all of them counted means last.
    pub insert: Option<(usize, NewEntry)>,
    /// The entry whose way of writing a new one imitates; the nearest one where there is none.
    pub like: Option<usize>,
}

/// A replacement of bytes.
#[derive(Clone)]
pub(super) struct Splice {
    pub(super) range: Span,
    pub(super) text: Wiped,
}

impl Splice {
    pub(super) fn insert(at: usize, text: Wiped) -> Self {
        Self::replace(at..at, text)
    }

    pub(super) fn delete(range: Span) -> Self {
        Self::replace(range, Wiped::default())
    }

    pub(super) fn replace(range: Span, text: Wiped) -> Self {
        Self { range, text }
    }
}

/// Applies the plan to the config's text and returns the new text.
///
/// Fails where the list is written in a form that can't be edited in place, and where the result would not read
/// back as the plan meant it.
pub fn apply(config: &Config<'_>, plan: &Plan) -> Result<Zeroizing<String>, ConfigError> {
    config.check_editable()?;
    let input = if config.doc.syntax() == Syntax::Json { Input::Json } else { Input::Yaml };
    check(config, plan)?;
    let mut text = Zeroizing::new(config.text().to_owned());
    let mut step = |splices: &dyn Fn(&Config<'_>) -> Result<Vec<Splice>, ConfigError>| {
        let now = Config::parse_str(&text, input)
            .map_err(|_| ConfigError::nowhere(Problem::ReadBack("the text no longer parses")))?;
        let next = splice(now.text(), splices(&now)?)?;
        drop(now);
        text = next;
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
    let result = Config::parse_str(&text, input)
        .map_err(|_| ConfigError::nowhere(Problem::ReadBack("the text no longer parses")))?;
    verify::reads_as_meant(config, &result, plan)
        .map_err(|what| ConfigError::nowhere(Problem::ReadBack(what)))?;
    drop(result);
    Ok(text)
}

/// Finds what can't be edited in the text as it is, so that messages give places that the user can see.
fn check(config: &Config<'_>, plan: &Plan) -> Result<(), ConfigError> {
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
    let Kind::Mapping { layout, .. } = doc.node(entry).kind else {
        return Err(ConfigError::at(
            config.text(),
            doc.start_of(entry),
            Problem::Form("this entry is no mapping"),
        ));
    };
    if style::is_bare_pair(doc, entry) {
        let problem = Problem::Form("this entry is a pair without braces");
        return Err(ConfigError::at(config.text(), doc.start_of(entry), problem));
    }
    match (doc.member(entry, edit.name), &edit.value, layout) {
        (None, None, _) => Ok(Vec::new()),
        (Some(member), Some(value), layout) => Ok(style::replace_value(doc, member, value, layout)),
        (None, Some(value), Layout::Block) => Ok(block::add_member(doc, entry, edit.name, value)),
        (None, Some(value), Layout::Flow) => Ok(flow::add_member(doc, entry, edit.name, value)),
        (Some(member), None, Layout::Block) => block::remove_member(doc, entry, member),
        (Some(member), None, Layout::Flow) => Ok(flow::remove_member(doc, entry, member)),
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
        Place::Missing { member, names } => create::create(doc, member, names, entry),
        Place::List { name, list } => {
            let sample = style::sample(config, at, like);
            match doc.node(list).kind {
                Kind::Sequence { layout: Layout::Block, .. } => {
                    block::insert(doc, name, list, at, entry, sample)
                }
                _ => Ok(flow::insert(doc, list, at, entry, sample)),
            }
        }
    }
}

fn remove_entries(config: &Config<'_>, remove: &[usize]) -> Result<Vec<Splice>, ConfigError> {
    let Place::List { name, list } = config.place else { return Ok(Vec::new()) };
    for index in remove {
        block::check_unreferenced(&config.doc, config.entries()[*index])?;
    }
    match config.doc.node(list).kind {
        Kind::Sequence { layout: Layout::Block, .. } => block::remove(&config.doc, name, list, remove),
        _ => Ok(flow::remove_items(&config.doc, list, remove)),
    }
}

fn move_to_front(config: &Config<'_>, from: usize) -> Result<Vec<Splice>, ConfigError> {
    let Place::List { name, list } = config.place else { return Ok(Vec::new()) };
    let entry = own_entry(config, from)?;
    block::check_movable(&config.doc, config.entries()[0], entry)?;
    match config.doc.node(list).kind {
        _ if from == 0 => Ok(Vec::new()),
        Kind::Sequence { layout: Layout::Block, .. } => block::move_to_front(&config.doc, name, list, from),
        _ => Ok(flow::move_to_front(&config.doc, list, from)),
    }
}
