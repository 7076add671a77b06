//! Tables for people.

use std::fmt::Display;

use anstyle::Style;

use super::paint::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, paint};
use crate::base::sentence::Sentence;
use crate::base::text::{Printable, wrap};
use crate::base::time::NumericDate;
use crate::config::placeholder::Placeholder;
use crate::keyset::{Key, KeySet, Material, Member, Phase, SecretSource, Stage, State};
use crate::probe::{Seen, Standing};
use crate::schedule::{Action, Due, Wait, Waits};

/// How wide lines of prose may be.
pub(crate) fn columns(terminal: Option<u16>) -> usize {
    terminal.map_or(80, |width| usize::from(width).clamp(40, 100))
}

/// A sentence behind a sign or a word that takes up so many columns, in lines that fit the terminal.
pub(crate) fn hanging(text: &impl Display, taken: usize, terminal: Option<u16>) -> String {
    let text = text.to_string();
    let Some(width) = terminal.map(|width| usize::from(width).clamp(40, 100)) else { return text };
    let lines: Vec<String> = text.split('\n').flat_map(|line| in_lines(line, width - taken)).collect();
    lines.join(&format!("\n{}", " ".repeat(taken.min(2))))
}

/// Lines of at most that many characters, in which commands stay in one piece.
pub(crate) fn in_lines(text: &str, width: usize) -> Vec<String> {
    const GLUE: &str = "\u{a0}";
    let parts = text.split('`').enumerate();
    let glued: Vec<String> = parts
        .map(|(number, part)| if number % 2 == 0 { part.to_owned() } else { part.replace(' ', GLUE) })
        .collect();
    wrap(&glued.join("`"), width).iter().map(|line| line.replace(GLUE, " ")).collect()
}

/// A sentence behind its title, in lines of that many characters. Commands stay in one piece.
pub(crate) fn paragraph(title: &str, sentence: &Sentence, width: usize) -> String {
    let text = format!("{title} {sentence}.");
    let lines = in_lines(text.trim_start(), width).join("\n") + "\n";
    match lines.strip_prefix(title) {
        Some(rest) if !title.is_empty() => paint(BOLD, title) + rest,
        _ => lines,
    }
}

/// A cell of a table.
struct Cell {
    text: String,
    /// The same in fewer characters, for a table that doesn't fit.
    short: Option<String>,
    style: Option<Style>,
}

impl Cell {
    fn new(text: impl Display) -> Self {
        Self { text: text.to_string(), short: None, style: None }
    }

    fn painted(style: Style, text: impl Display) -> Self {
        Self { text: text.to_string(), short: None, style: Some(style) }
    }

    /// A cell that may have nothing in it.
    fn maybe(text: Option<impl Display>) -> Self {
        text.map_or_else(|| Self::new("–"), Self::new)
    }

    /// A date behind some words, without how far away it is where there is no room.
    fn date(words: &str, at: NumericDate, now: NumericDate) -> Self {
        let short = Some(format!("{words}{}", at.to_the_minute()));
        Self { short, ..Self::new(format!("{words}{}", at.for_people(now))) }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn shown(&self) -> String {
        self.style.map_or_else(|| self.text.clone(), |style| paint(style, &self.text))
    }
}

/// The table of `status`. `service`: what the running service says of each key, where it was asked.
pub(crate) fn key_table(
    keys: &KeySet,
    service: Option<&[Option<Seen>]>,
    now: NumericDate,
    width: Option<u16>,
) -> String {
    let current = keys.current().ok().flatten();
    let header = ["#", "KID", "ALG", "STATE", "AGE", "MAY BE REMOVED", "BITS", "SECRET", "SERVICE"];
    let columns = if service.is_some() { 9 } else { 8 };
    let mut rows: Vec<Vec<Cell>> =
        vec![header[..columns].iter().map(|name| Cell::painted(BOLD, name)).collect()];
    for key in keys.keys() {
        let state = keys.state_of(key, current, now);
        let mut row = vec![
            Cell::new(key.number()),
            Cell::new(kid(key)),
            Cell::new(kind(key)),
            Cell::painted(state_style(state), state),
            Cell::new(age(key, now)),
            removal(keys, key, now),
            Cell::maybe(key.bits()),
            Cell::new(secret(key)),
        ];
        if let Some(service) = service {
            row.push(match service.get(key.index).and_then(Option::as_ref) {
                Some(seen) if seen.standing() == Some(Standing::Live) => Cell::painted(GREEN, seen),
                Some(seen) => Cell::painted(YELLOW, seen),
                None => Cell::painted(YELLOW, "–"),
            });
        }
        rows.push(row);
    }
    table(rows, &[0, 6], width)
}

/// What keys wait for, a paragraph each.
pub(crate) fn waits(waits: &Waits, width: Option<u16>) -> String {
    let tell = |wait: &Wait| paragraph("", &wait.message(&waits.tool, waits.now), columns(width));
    waits.list.iter().map(tell).collect()
}

/// A line of the table over several configs.
pub(crate) struct Row {
    /// The config.
    pub(crate) config: String,
    /// The current key.
    pub(crate) current: Option<String>,
    /// What is done now.
    pub(crate) due: Option<Due>,
    /// What will be due next.
    pub(crate) next: Option<Due>,
}

/// One table for many configs: what is due now, and what next.
pub(crate) fn schedule_table(rows: &[Row], now: NumericDate, width: Option<u16>) -> String {
    let what = |due: &Due| match due.action {
        Action::Promote => format!("promote {}", due.key),
        Action::Rotate => format!("replace {}", due.key),
        Action::Prune => format!("remove {}", due.key),
    };
    let from = |due: &Due| if due.at <= now { Cell::new("now") } else { Cell::date("", due.at, now) };
    // `status` decides nothing, so nothing is done now; nor is there anything to say where nothing is due.
    let is_due = rows.iter().any(|row| row.due.is_some());
    let header = ["CONFIG", "CURRENT KEY", "DUE NOW", "NEXT", "FROM"];
    let header = header.iter().filter(|name| is_due || **name != "DUE NOW");
    let mut lines: Vec<Vec<Cell>> = vec![header.map(|name| Cell::painted(BOLD, name)).collect()];
    for row in rows {
        let mut cells = vec![Cell::new(Printable(&row.config)), Cell::maybe(row.current.as_ref())];
        if is_due {
            cells.push(Cell { style: Some(YELLOW), ..Cell::maybe(row.due.as_ref().map(what)) });
        }
        cells.push(Cell::maybe(row.next.as_ref().map(what)));
        cells.push(row.next.as_ref().map_or_else(|| Cell::maybe(None::<String>), from));
        lines.push(cells);
    }
    table(lines, &[], width)
}

/// Lines up columns below the first row, which names them. `right`: those that are read from their right end. Where the
/// lines don't fit, cells are shown shorter; where these don't either, each cell has a line of its own.
fn table(mut rows: Vec<Vec<Cell>>, right: &[usize], width: Option<u16>) -> String {
    let fits = |rows: &[Vec<Cell>]| {
        let widths = widths(rows);
        width.is_none_or(|width| widths.iter().sum::<usize>() + 2 * widths.len() <= usize::from(width) + 2)
    };
    if !fits(&rows) {
        for cell in rows.iter_mut().flatten() {
            cell.text = cell.short.take().unwrap_or_else(|| std::mem::take(&mut cell.text));
        }
    }
    let is_table = fits(&rows);
    let widths = widths(&rows);
    let Some((header, body)) = rows.split_first() else { return String::new() };
    let pad = |cell: &Cell, width: usize| " ".repeat(width - cell.width());
    if !is_table {
        let names = header.iter().map(Cell::width).max().unwrap_or(0);
        let line = |(name, cell): (&Cell, &Cell)| {
            format!("{}{}  {}\n", name.shown(), pad(name, names), cell.shown())
        };
        let records = body.iter().map(|row| header.iter().zip(row).map(line).collect::<String>());
        return records.collect::<Vec<_>>().join("\n");
    }
    let line = |row: &Vec<Cell>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let (padding, cell) = (pad(cell, *width), cell.shown());
            if right.contains(&column) { format!("{padding}{cell}") } else { format!("{cell}{padding}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn widths(rows: &[Vec<Cell>]) -> Vec<usize> {
    let widest = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    (0..rows.first().map_or(0, Vec::len)).map(widest).collect()
}

fn state_style(state: State) -> Style {
    match (state, state.stage()) {
        (State::Current(_), Stage::Accepted) => GREEN,
        (_, Stage::Standby | Stage::Accepted) => CYAN,
        (_, Stage::Retiring) => YELLOW,
        (_, Stage::Removable) => DIM,
        (_, Stage::Unreadable | Stage::Unusable) => RED,
    }
}

fn kid(key: &Key) -> String {
    match &key.kid {
        Member::Value(kid) => kid.to_string(),
        Member::Absent if matches!(key.material, Material::Unusable(_)) => "–".to_owned(),
        Member::Absent => "(none)".to_owned(),
        Member::Variable(name) => format!("!env {name}"),
        Member::Unreadable(_) if matches!(key.material, Material::Unusable(_)) => "(unreadable)".to_owned(),
        Member::Unreadable(_) => "(empty)".to_owned(),
    }
}

/// `oct HS256`, `RSA`, `EC P-256`
fn kind(key: &Key) -> String {
    match &key.material {
        Material::Symmetric { .. } => format!("oct {}", key.alg_text()),
        Material::Public(public) if public.kty == key.alg_text() => public.kty.to_owned(),
        Material::Public(public) => format!("{} {}", public.kty, key.alg_text()),
        Material::Unusable(_) => "?".to_owned(),
    }
}

fn age(key: &Key, now: NumericDate) -> String {
    match &key.iat {
        Member::Value(iat) if *iat <= now => now.since(*iat).largest(),
        Member::Value(_) => "future".to_owned(),
        Member::Absent => "–".to_owned(),
        Member::Variable(_) | Member::Unreadable(_) => "unreadable".to_owned(),
    }
}

fn removal(keys: &KeySet, key: &Key, now: NumericDate) -> Cell {
    let is_current = keys.is_current(key);
    match key.phase(now) {
        Phase::Removable { .. } | Phase::Retiring { .. } if is_current => Cell::new("rotate first"),
        Phase::Standby { .. } if is_current => Cell::new("–"),
        Phase::Standby { nbf } if nbf <= now => Cell::new("promote now"),
        Phase::Retiring { exp } => Cell::date("", exp, now),
        Phase::Removable { exp } => Cell::date("now, since ", exp, now),
        Phase::Standby { nbf } => Cell::date("promote: ", nbf, now),
        Phase::Unknown => Cell::new("unreadable"),
        Phase::Accepted | Phase::Unusable => Cell::new("–"),
    }
}

fn secret(key: &Key) -> String {
    match &key.material {
        Material::Symmetric { secret: SecretSource::Inline(_), .. } => "in file".to_owned(),
        Material::Symmetric { secret: SecretSource::Variable { name, .. }, .. } => {
            let is_variable = Placeholder::of(name).is_none();
            if is_variable { format!("!env {name}") } else { name.clone() }
        }
        Material::Public(public) if public.private => "private key!".to_owned(),
        Material::Public(_) => "public".to_owned(),
        Material::Unusable(_) => "?".to_owned(),
    }
}
