//! Tables for people.

use super::paint::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, paint};
use crate::keyset::{Key, KeySet, Material, Member, Phase, SecretSource};
use crate::time::NumericDate;

/// The table of `status`.
pub(crate) fn key_table(keys: &KeySet, now: NumericDate) -> String {
    let current = keys.current().ok().flatten();
    let header = ["#", "KID", "ALG", "STATE", "AGE", "MAY BE REMOVED", "BITS", "SECRET"];
    let mut rows = vec![header.map(str::to_owned)];
    for key in keys.keys() {
        rows.push([
            key.number().to_string(),
            kid(key),
            kind(key),
            keys.state_of(key, current, now),
            age(key, now),
            removal(key, current.is_some_and(|current| current.index == key.index), now),
            key.bits().map_or_else(|| "–".to_owned(), |bits| bits.to_string()),
            secret(key),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut table = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let padding = " ".repeat(width - cell.chars().count());
            let cell = match (number, column) {
                (0, _) => paint(BOLD, cell),
                (_, 3) => paint(state_style(cell), cell),
                _ => cell.clone(),
            };
            // Numbers are read from their right end.
            if matches!(column, 0 | 6) { format!("{padding}{cell}") } else { format!("{cell}{padding}") }
        });
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

fn state_style(state: &str) -> anstyle::Style {
    match state.split(", ").last() {
        Some("current") => GREEN,
        Some("standby" | "accepted" | "public") => CYAN,
        Some("retiring") => YELLOW,
        Some("removable") => DIM,
        _ => RED,
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
        Member::Value(iat) => "future".to_owned(),
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
        Material::Symmetric { secret: SecretSource::Inline(..), .. } => "in file".to_owned(),
        Material::Symmetric { secret: SecretSource::Variable(name), .. } => format!("!env {name}"),
        Material::Public(public) if public.private => "private key!".to_owned(),
        Material::Public(_) => "public".to_owned(),
        Material::Unusable(_) => "?".to_owned(),
    }
}
