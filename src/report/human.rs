//! Tables for people.

use super::paint::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, paint};
use crate::base::text::Printable;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Material, Member, Phase, SecretSource, Stage, State};
use crate::schedule::{Action, Due};

/// The table of `status`. `service`: what the running service says of each key, where it was asked.
pub(crate) fn key_table(keys: &KeySet, service: Option<&[Option<String>]>, now: NumericDate) -> String {
    let current = keys.current().ok().flatten();
    let header = ["#", "KID", "ALG", "STATE", "AGE", "MAY BE REMOVED", "BITS", "SECRET"];
    let mut rows = vec![header.map(str::to_owned)];
    for key in keys.keys() {
        rows.push([
            key.number().to_string(),
            kid(key),
            kind(key),
            keys.state_of(key, current, now).to_string(),
            age(key, now),
            removal(key, current.is_some_and(|current| current.index == key.index), now),
            key.bits().map_or_else(|| "–".to_owned(), |bits| bits.to_string()),
            secret(key),
        ]);
    }
    let style = |number: usize, column, cell: &str| match (number, column) {
        (0, _) => Some(BOLD),
        (_, 3) => Some(state_style(keys.state_of(&keys.keys()[number - 1], current, now))),
        (_, 8) => Some(if cell == "live" { GREEN } else { YELLOW }),
        _ => None,
    };
    let Some(service) = service else { return table(&rows, &[0, 6], style) };
    let none = || "–".to_owned();
    let cells = service.iter().map(|cell| cell.clone().unwrap_or_else(none));
    let cells = std::iter::once("SERVICE".to_owned()).chain(cells);
    let wide = |([a, b, c, d, e, f, g, h], i): ([String; 8], String)| [a, b, c, d, e, f, g, h, i];
    table(&rows.into_iter().zip(cells).map(wide).collect::<Vec<_>>(), &[0, 6], style)
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
pub(crate) fn schedule_table(rows: &[Row], now: NumericDate) -> String {
    let what = |due: &Due| match due.action {
        Action::Promote => format!("promote {}", due.key),
        Action::Rotate => format!("replace {}", due.key),
        Action::Prune => format!("remove {}", due.key),
    };
    let none = || "–".to_owned();
    let from = |due: &Due| if due.at <= now { "now".to_owned() } else { due.at.to_string() };
    let header = ["CONFIG", "CURRENT KEY", "DUE NOW", "NEXT", "FROM"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        [
            Printable(&row.config).to_string(),
            row.current.clone().unwrap_or_else(none),
            row.due.as_ref().map_or_else(none, what),
            row.next.as_ref().map_or_else(none, what),
            row.next.as_ref().map_or_else(none, from),
        ]
    });
    let all: Vec<[String; 5]> = std::iter::once(header).chain(cells).collect();
    // `status` decides nothing, so nothing is done now; nor is there anything to say where nothing is due.
    if rows.iter().all(|row| row.due.is_none()) {
        let without: Vec<[String; 4]> =
            all.into_iter().map(|[config, current, _, next, from]| [config, current, next, from]).collect();
        return table(&without, &[], |number, _, _| (number == 0).then_some(BOLD));
    }
    table(&all, &[], |number, column, _| match (number, column) {
        (0, _) => Some(BOLD),
        (_, 2) => Some(YELLOW),
        _ => None,
    })
}

/// Lines up columns. `right`: those that are read from their right end.
fn table<const N: usize>(
    rows: &[[String; N]],
    right: &[usize],
    style: impl Fn(usize, usize, &str) -> Option<anstyle::Style>,
) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut table = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let padding = " ".repeat(width - cell.chars().count());
            let cell = style(number, column, cell).map_or_else(|| cell.clone(), |style| paint(style, cell));
            if right.contains(&column) { format!("{padding}{cell}") } else { format!("{cell}{padding}") }
        });
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

fn state_style(state: State) -> anstyle::Style {
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

fn removal(key: &Key, is_current: bool, now: NumericDate) -> String {
    match key.phase(now) {
        Phase::Removable { .. } | Phase::Retiring { .. } if is_current => "rotate first".to_owned(),
        Phase::Standby { .. } if is_current => "–".to_owned(),
        Phase::Standby { nbf } if nbf <= now => "promote now".to_owned(),
        Phase::Retiring { exp } => format!("{exp}, in {}", exp.since(now).largest()),
        Phase::Removable { exp } => format!("now, since {exp}"),
        Phase::Standby { nbf } => format!("promote: {nbf}"),
        Phase::Unknown => "unreadable".to_owned(),
        Phase::Accepted | Phase::Unusable => "–".to_owned(),
    }
}

fn secret(key: &Key) -> String {
    match &key.material {
        Material::Symmetric { secret: SecretSource::Inline(_), .. } => "in file".to_owned(),
        Material::Symmetric { secret: SecretSource::Variable { name, .. }, .. } => format!("!env {name}"),
        Material::Public(public) if public.private => "private key!".to_owned(),
        Material::Public(_) => "public".to_owned(),
        Material::Unusable(_) => "?".to_owned(),
    }
}
