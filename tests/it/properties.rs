//! What holds for every command on every config, tried on configs of random shape.

use std::ops::Range;
use std::path::Path;

use crate::common::generate::{Doc, List, document, document_with_keys};
use crate::common::{NOW, Outcome, Scene, date};
use powersync_jwks::base::time::NumericDate;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{Key, KeySet, Material};
use powersync_jwks::wrap::env_file::EnvFile;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestCaseError;
use serde_yaml::{Mapping, Value};

/// All that is refused as unsafe is meant here: the properties are about the text.
const ALLOW: &str = "--yes --allow live-key,last-key,current-key,short-overlap,before-nbf,older-key,same-secret,\
                     weak-secret,wildcard,clock,other-login";
/// What `rotate` and `retire` give an outgoing key by default.
const OVERLAP: i64 = (72 + 24 + 24) * 3600 + 60 + 300;
/// How long a new key waits by default.
const STANDBY: i64 = 72 * 3600 + 300;

type Tried = Result<(), TestCaseError>;

/// The same cases in every run; `PROPTEST_RNG_SEED=… PROPTEST_CASES=…` tries others, and more of them.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_261_123),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    ProptestConfig { failure_persistence: None, max_shrink_iters: 8192, rng_seed, ..asked }
}

fn fail<T>(why: impl Into<String>) -> Result<T, TestCaseError> {
    Err(TestCaseError::fail(why.into()))
}

// --- the commands, and what each should do -------------------------------------------------------------------

/// A command; the numbers choose among the entries that are there.
#[derive(Clone, Debug)]
enum Command {
    Rotate {
        all: bool,
        revoke: bool,
    },
    Standby,
    Promote(usize),
    Add,
    Retire(usize),
    Undo(usize),
    Prune,
    Remove(Vec<usize>),
    /// Only as a step of a life: what is due is another model's matter.
    Reconcile,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<(bool, bool)>().prop_map(|(all, revoke)| Command::Rotate { all, revoke }),
        Just(Command::Rotate { all: false, revoke: false }),
        Just(Command::Standby),
        (0..6_usize).prop_map(Command::Promote),
        Just(Command::Add),
        (0..6_usize).prop_map(Command::Retire),
        (0..6_usize).prop_map(Command::Undo),
        Just(Command::Prune),
        vec(0..6_usize, 1..4).prop_map(Command::Remove),
    ]
}

fn step_of_life() -> impl Strategy<Value = Command> {
    prop_oneof![4 => command(), 1 => Just(Command::Reconcile)]
}

impl Command {
    /// With numbers of entries that are there. `None`: there is nothing that it could be about.
    fn among(&self, count: usize) -> Option<Self> {
        Some(match self {
            Self::Retire(n) => Self::Retire(n.checked_rem(count)?),
            Self::Undo(n) => Self::Undo(n.checked_rem(count)?),
            Self::Promote(n) => Self::Promote(n.checked_rem(count)?),
            Self::Remove(all) if count > 0 => {
                let mut all: Vec<usize> = all.iter().map(|n| n % count).collect();
                all.sort_unstable();
                all.dedup();
                Self::Remove(all)
            }
            Self::Remove(_) => return None,
            other => other.clone(),
        })
    }

    fn line(&self) -> String {
        let flag = |on: bool, flag: &'static str| if on { flag } else { "" };
        match self {
            Self::Rotate { all, revoke } => {
                format!("rotate --secrets inline{}{}", flag(*all, " --all"), flag(*revoke, " --revoke"))
            }
            Self::Standby => "rotate --standby --secrets inline".to_owned(),
            Self::Promote(n) => format!("promote @{}", n + 1),
            Self::Add => "add --secrets inline".to_owned(),
            Self::Retire(n) => format!("retire @{}", n + 1),
            Self::Undo(n) => format!("retire --undo @{}", n + 1),
            Self::Prune => "prune".to_owned(),
            Self::Remove(all) => all.iter().fold("remove".to_owned(), |line, n| format!("{line} @{}", n + 1)),
            Self::Reconcile => "reconcile --secrets inline".to_owned(),
        }
    }

    fn run(&self, scene: &Scene, file: &str) -> Outcome {
        scene.run(&format!("-c {file} {} {ALLOW}", self.line()))
    }
}

/// An entry of the list after a command.
#[derive(Clone, Debug, PartialEq)]
enum Meant {
    /// The one that had this number.
    Same(usize),
    Retired(usize, i64),
    Unretired(usize),
    /// Moved here, without `nbf` and `exp`.
    Promoted(usize),
    /// With its `nbf`, where it waits.
    New(Option<i64>),
}

impl Meant {
    /// The number it had.
    fn old(&self) -> Option<usize> {
        match self {
            Self::Same(n) | Self::Retired(n, _) | Self::Unretired(n) | Self::Promoted(n) => Some(*n),
            Self::New(_) => None,
        }
    }
}

/// What a command should make of the list. `None`: it can't be decided, or not be done.
fn meant(command: &Command, keys: &[Value], now: i64) -> Option<Vec<Meant>> {
    let mut list: Vec<Meant> = (0..keys.len()).map(Meant::Same).collect();
    match command {
        Command::Rotate { all, revoke } => return rotated(keys, now, *all, *revoke),
        Command::Standby => {
            current(keys).filter(|_| !standby_waits(keys))?;
            list.push(Meant::New(Some(now + STANDBY)));
        }
        Command::Promote(n) if current(keys) == Some(*n) => {}
        Command::Promote(n) => {
            if !is_promotable(keys, &keys[*n]) {
                return None;
            }
            if let Some(current) = current(keys) {
                list[current] = retired(current, &keys[current], now)?;
            }
            list.remove(*n);
            list.insert(0, Meant::Promoted(*n));
        }
        Command::Add => list.push(Meant::New(None)),
        Command::Retire(n) => {
            list[*n] = retired(*n, Some(&keys[*n]).filter(|key| is_usable(key))?, now)?;
        }
        Command::Undo(n) if keys[*n].get("exp").is_some() => list[*n] = Meant::Unretired(*n),
        Command::Undo(_) => {}
        Command::Prune => {
            let removable = removable(keys, now)?;
            list.retain(|meant| !matches!(meant, Meant::Same(n) if removable.contains(n)));
        }
        Command::Remove(all) => list.retain(|meant| !matches!(meant, Meant::Same(n) if all.contains(n))),
        Command::Reconcile => unreachable!("only a step of a life"),
    }
    Some(list)
}

fn rotated(keys: &[Value], now: i64, all: bool, revoke: bool) -> Option<Vec<Meant>> {
    let current = current(keys);
    if revoke && current.is_none() {
        return None;
    }
    if !revoke && standby_waits(keys) {
        return None;
    }
    let mut list = vec![Meant::New(None)];
    for (n, key) in keys.iter().enumerate() {
        let unscheduled = key.get("nbf").is_none() || exp(key) != Ok(None);
        let accepted = is_symmetric(key) && unscheduled && !matches!(exp(key), Ok(Some(_)));
        match current {
            Some(current) if revoke && falls_with(keys, n, current) => {}
            Some(current) if n == current => list.push(retired(n, key, now)?),
            _ if all && accepted => list.push(retired(n, key, now)?),
            _ => list.push(Meant::Same(n)),
        }
    }
    Some(list)
}

/// Whether a key waits that can be promoted by itself, or this can't be told: it is promoted, not overtaken.
fn standby_waits(keys: &[Value]) -> bool {
    let current = current(keys);
    let made = |key: &Value| key.get("iat").and_then(Value::as_u64);
    let waits = |(n, key): (usize, &Value)| {
        let undecidable = !is_readable(key, "nbf") || !is_readable(key, "exp");
        let is_newer = made(key).is_some() && current.is_none_or(|n| made(&keys[n]) < made(key));
        let standby = key.get("exp").is_none() && current != Some(n) && is_promotable(keys, key);
        is_symmetric(key) && key.get("nbf").is_some() && (undecidable || (standby && is_newer))
    };
    keys.iter().enumerate().any(waits)
}

/// Whether a key would be the current one in first place, and no other key's kid gets in its way.
fn is_promotable(keys: &[Value], key: &Value) -> bool {
    let hs256 = |key: &Value| is_symmetric(key) && key.get("alg").and_then(Value::as_str) == Some("HS256");
    let is_first = hs256(key) || !keys.iter().any(hs256);
    let readable = is_readable(key, "nbf") && is_readable(key, "iat");
    is_symmetric(key) && is_first && !is_shared(keys, key) && readable
}

fn is_readable(key: &Value, date: &str) -> bool {
    key.get(date).is_none_or(|value| value.as_u64().is_some())
}

/// Whether its kid stands more than once.
fn is_shared(keys: &[Value], key: &Value) -> bool {
    kid(key).is_some() && keys.iter().filter(|other| kid(other) == kid(key)).count() > 1
}

/// Whether a key goes when the current one is revoked: the same secret, or shadowed by the same kid.
fn falls_with(keys: &[Value], n: usize, current: usize) -> bool {
    let (key, current_key) = (&keys[n], &keys[current]);
    let secret = |key: &Value| key.get("k").map(|k| k.as_str().map_or(k.clone(), |text| text.trim().into()));
    let same_secret = is_symmetric(key) && secret(key) == secret(current_key);
    n == current || same_secret || (n > current && kid(key).is_some() && kid(key) == kid(current_key))
}

/// `None` where the service could not match it.
fn kid(key: &Value) -> Option<&Value> {
    key.get("kid").filter(|kid| kid.as_str() != Some(""))
}

fn retired(n: usize, key: &Value, now: i64) -> Option<Meant> {
    let had = exp(key).ok()?;
    let exp = had.unwrap_or(0).max(now + OVERLAP);
    Some(if had == Some(exp) { Meant::Same(n) } else { Meant::Retired(n, exp) })
}

/// An `exp` that is no number: there, and of no use.
#[derive(Debug, PartialEq)]
struct Unreadable;

fn exp(key: &Value) -> Result<Option<i64>, Unreadable> {
    key.get("exp").map(|exp| exp.as_i64().ok_or(Unreadable)).transpose()
}

fn removable(keys: &[Value], now: i64) -> Option<Vec<usize>> {
    let exps = keys.iter().map(exp).collect::<Result<Vec<_>, _>>().ok()?;
    let due = |n: &usize| {
        exps[*n].is_some_and(|exp| exp <= now)
            && is_usable(&keys[*n])
            && current(keys) != Some(*n)
            && !is_shared(keys, &keys[*n])
    };
    Some((0..keys.len()).filter(due).collect())
}

fn is_symmetric(key: &Value) -> bool {
    let is = |name, of: &[&str]| key.get(name).and_then(Value::as_str).is_some_and(|text| of.contains(&text));
    is("kty", &["oct"]) && is("alg", &["HS256", "HS384", "HS512"]) && key.get("k").is_some()
}

fn is_usable(key: &Value) -> bool {
    let public = key.get("kty").and_then(Value::as_str).is_some_and(|kty| matches!(kty, "RSA" | "EC"));
    is_symmetric(key) || public
}

fn current(keys: &[Value]) -> Option<usize> {
    let hs256 = |key: &Value| key.get("alg").and_then(Value::as_str) == Some("HS256");
    let first = keys.iter().position(|key| is_symmetric(key) && hs256(key));
    first.or_else(|| keys.iter().position(is_symmetric))
}

// --- a second reader -----------------------------------------------------------------------------------------

/// Reads as another program would, and takes the keys out.
fn read(file: &str, text: &str) -> Result<(Value, Vec<Value>), TestCaseError> {
    let read = if Input::of_path(Path::new(file)) == Input::Json {
        let json: Result<serde_json::Value, _> = serde_json::from_str(text);
        json.map_err(|e| e.to_string()).and_then(|json| serde_yaml::to_value(json).map_err(|e| e.to_string()))
    } else {
        serde_yaml::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| e.to_string())
    };
    let mut root: Value =
        read.or_else(|error| fail(format!("the second reader refuses: {error}\n{text}")))?;
    let keys = take_keys(&mut root, &["client_auth", "jwks", "keys"]);
    Ok((root, keys))
}

/// Takes the list out, and what is empty without it.
fn take_keys(value: &mut Value, path: &[&str]) -> Vec<Value> {
    let [name, rest @ ..] = path else {
        return if let Value::Sequence(keys) = std::mem::take(value) { keys } else { Vec::new() };
    };
    let Some(members) = value.as_mapping_mut() else { return Vec::new() };
    let keys = members.get_mut(*name).map_or_else(Vec::new, |value| take_keys(value, rest));
    if members.get(*name).is_some_and(|value| value.is_null() || value == &Value::Mapping(Mapping::new())) {
        members.shift_remove(*name);
    }
    keys
}

/// Whether the result reads as the command applied to what was read before.
fn reads_as_meant(doc: &Doc, text: &str, meant: &[Meant], now: i64) -> Tried {
    let (old, old_keys) = read(doc.file, &doc.text)?;
    let (new, new_keys) = read(doc.file, text)?;
    prop_assert_eq!(old, new, "something outside of the keys changed");
    prop_assert_eq!(meant.len(), new_keys.len());
    for (meant, key) in meant.iter().zip(&new_keys) {
        match meant {
            Meant::Same(n) => prop_assert_eq!(&old_keys[*n], key),
            Meant::Retired(n, exp) => prop_assert_eq!(&with(&old_keys[*n], "exp", Some(*exp)), key),
            Meant::Unretired(n) | Meant::Promoted(n) => {
                prop_assert_eq!(&with(&with(&old_keys[*n], "exp", None), "nbf", None), key);
            }
            Meant::New(nbf) => is_new(&old_keys, key, now, *nbf)?,
        }
    }
    Ok(())
}

fn with(key: &Value, name: &str, value: Option<i64>) -> Value {
    let mut key = key.clone();
    let Some(members) = key.as_mapping_mut() else { return key };
    match value {
        Some(value) => members.insert(name.into(), value.into()),
        None => members.shift_remove(name),
    };
    key
}

fn is_new(others: &[Value], key: &Value, now: i64, nbf: Option<i64>) -> Tried {
    let text = |name| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let alg = current(others).and_then(|n| others[n].get("alg")?.as_str()).unwrap_or("HS256");
    let length = match alg {
        "HS256" => 43,
        "HS384" => 64,
        _ => 86,
    };
    prop_assert_eq!((text("kty"), text("alg"), text("k").len()), ("oct", alg, length));
    // Made in the same second as the current one, it could never be promoted.
    let iat_of = |key: &Value| key.get("iat").and_then(Value::as_i64);
    let same_second = current(others).is_some_and(|n| iat_of(&others[n]) == Some(now));
    prop_assert!(iat_of(key) == Some(now) || (same_second && iat_of(key) == Some(now + 1)));
    prop_assert!(text("kid").len() == 17 && others.iter().all(|other| other.get("kid") != key.get("kid")));
    prop_assert_eq!(key.get("nbf").and_then(Value::as_i64), nbf);
    prop_assert_eq!(key.as_mapping().map_or(0, Mapping::len), 5 + usize::from(nbf.is_some()));
    Ok(())
}

// --- which bytes a command may touch -------------------------------------------------------------------------

/// A part of the old text that may change. Where nothing may be written, it goes as a whole.
struct Region {
    range: Range<usize>,
    write: bool,
}

/// The parts of the old text that this change owns.
fn regions(doc: &Doc, meant: &[Meant]) -> Vec<Region> {
    let write = |range: &Range<usize>| Region { range: range.clone(), write: true };
    let List::Entries { lines, colon, before, after, entries } = &doc.list else { return Vec::new() };
    if !lines && matches!(meant.first(), Some(Meant::Promoted(_))) {
        return vec![write(&(before.start..after.end))];
    }
    let mut regions: Vec<Region> = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let stays = meant.iter().find(|meant| meant.old() == Some(n));
        match stays {
            Some(Meant::Retired(..)) => regions.push(write(entry.exp.as_ref().unwrap_or(&entry.grow))),
            Some(Meant::Unretired(_) | Meant::Promoted(_)) => regions.push(write(&entry.own)),
            Some(_) => {}
            // Entries that stand next to each other go as one.
            None => match regions
                .last_mut()
                .filter(|last| *lines && !last.write && last.range.end == entry.own.start)
            {
                Some(last) => last.range.end = entry.own.end,
                None => regions.push(Region { range: entry.own.clone(), write: !lines }),
            },
        }
    }
    if let Some(last) = regions.last_mut().filter(|last| *lines && !last.write) {
        last.range = whole_lines(&doc.text, &last.range);
    }
    if meant.is_empty() {
        regions.push(write(&(*colon..*colon)));
    }
    match meant.iter().position(|meant| meant.old().is_none()) {
        None => {}
        Some(0) => regions.push(write(before)),
        Some(at) if at + 1 == meant.len() => regions.push(write(after)),
        Some(at) if *lines => regions.push(write(&(entries[at - 1].own.end..entries[at - 1].own.end))),
        Some(at) => regions.push(write(&(entries[at].own.start..entries[at - 1].own.end))),
    }
    regions.sort_by_key(|region| (region.range.start, region.range.end));
    regions
}

/// The same config with an entry's own lines before those of the first one; entries keep their numbers.
fn moved_to_front(doc: &Doc, n: usize) -> Doc {
    let mut doc = doc.clone();
    let List::Entries { lines: true, before, entries, .. } = &mut doc.list else { return doc };
    let (to, own) = (before.start, entries[n].own.clone());
    let cut = whole_lines(&doc.text, &own);
    let body = format!("{}{}", &doc.text[own.clone()], &doc.text[cut.start..own.start]);
    doc.text.replace_range(cut.clone(), "");
    doc.text.insert_str(to, &body);
    for (m, entry) in entries.iter_mut().enumerate() {
        let moved = |at: usize| match at {
            at if m == n => at - own.start + to,
            at if at <= own.start => at.min(cut.start) + body.len(),
            at => at,
        };
        for range in [&mut entry.own, &mut entry.grow].into_iter().chain(&mut entry.exp) {
            *range = moved(range.start)..moved(range.end);
        }
    }
    entries[n].own = to..to + body.len();
    doc
}

/// Whether an entry may have dates that can be taken from it.
fn is_scheduled(doc: &Doc, own: &Range<usize>) -> bool {
    ["nbf", "exp"].iter().any(|name| doc.text[own.clone()].contains(name))
}

/// The last lines of a text without a final line break take the break before them along.
fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    if range.end < text.len() || text.ends_with('\n') {
        return range.clone();
    }
    let before = &text[..range.start];
    let before = before.strip_suffix('\n').map_or(before, |b| b.strip_suffix('\r').unwrap_or(b));
    before.len()..range.end
}

/// Whether the new text is the old one with these regions changed; gives what was written there.
fn written(old: &str, new: &str, regions: &[Region]) -> Option<Vec<String>> {
    let mut kept = vec![String::new()];
    let mut at = 0;
    for Region { range, write } in regions {
        kept.last_mut()?.push_str(old.get(at..range.start.max(at))?);
        at = at.max(range.end);
        if *write {
            kept.push(String::new());
        }
    }
    kept.last_mut()?.push_str(&old[at..]);
    if kept.len() == 1 {
        return (kept[0] == new).then(Vec::new);
    }
    let (first, last) = (kept.remove(0), kept.pop()?);
    let mut rest = new.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    let mut written = Vec::new();
    for middle in kept.iter().filter(|middle| !middle.is_empty()) {
        let (before, after) = rest.split_once(middle.as_str())?;
        written.push(before.to_owned());
        rest = after;
    }
    written.push(rest.to_owned());
    Some(written)
}

/// The first key of a config: one piece is put in, or stands in place of what was empty.
fn first_key_written(old: &str, new: &str, at: Option<&Range<usize>>) -> Option<Vec<String>> {
    if let Some(at) = at {
        return written(old, new, &[Region { range: at.clone(), write: true }]);
    }
    let same = |(a, b): &(u8, u8)| a == b;
    let prefix = old.bytes().zip(new.bytes()).take_while(same).count();
    let suffix = old.bytes().rev().zip(new.bytes().rev()).take_while(same).count();
    if prefix + suffix >= old.len() {
        return Some(Vec::new());
    }
    // Behind a comment in brackets, the comma stands apart from the rest.
    is_within(old, new).then(Vec::new)
}

/// Whether a text can be had from another one by leaving out bytes.
fn is_within(part: &str, whole: &str) -> bool {
    let mut rest = whole.bytes();
    part.bytes().all(|byte| rest.any(|other| other == byte))
}

fn only_owned_bytes_change(doc: &Doc, new: &str, meant: &[Meant]) -> Tried {
    let moved = if let Some(Meant::Promoted(n)) = meant.first() { Some(*n) } else { None };
    let doc = &moved.map_or_else(|| doc.clone(), |n| moved_to_front(doc, n));
    let old = doc.text.as_str();
    let written = match &doc.list {
        List::Entries { .. } => written(old, new, &regions(doc, meant)),
        List::Missing { at, .. } => first_key_written(old, new, at.as_ref()),
    };
    let Some(written) = written else {
        return fail(format!(
            "bytes changed that {meant:?} does not own:\n{}",
            crate::common::raw_diff(old.as_bytes(), new.as_bytes())
        ));
    };
    let shown = || crate::common::raw_diff(old.as_bytes(), new.as_bytes());
    if let (Some(n), List::Entries { lines: true, entries, .. }) = (moved, &doc.list) {
        let (own, new) = (old[entries[n].own.clone()].trim_end(), written[0].trim_end());
        let fits = if is_scheduled(doc, &entries[n].own) { is_within(new, own) } else { new == own };
        prop_assert!(fits, "the moved entry changed: {}", shown());
    }
    let written = written.concat();
    let (breaks, crlf) = (old.matches('\n').count(), old.matches("\r\n").count());
    prop_assert!(crlf > 0 || !new.contains('\r'), "a foreign line ending: {}", shown());
    let new_lf = written.matches('\n').count() > written.matches("\r\n").count();
    prop_assert!(breaks > crlf || breaks == 0 || !new_lf, "a foreign line ending: {}", shown());
    // Where a blank line is the last one now, it is the one without a line break.
    let blank_last = old.lines().next_back() != new.lines().next_back() && new.ends_with('\n');
    prop_assert!(blank_last || old.ends_with('\n') == new.ends_with('\n'), "final newline: {}", shown());
    prop_assert_eq!(old.starts_with('\u{feff}'), new.starts_with('\u{feff}'));
    Ok(())
}

/// Comments stay, but for those of removed entries and those beside a removed date.
fn comments_stay(doc: &Doc, new: &str, meant: &[Meant]) -> Tried {
    for comment in &doc.comments {
        let owner = comment.owner.map(|owner| meant.iter().find(|meant| meant.old() == Some(owner)));
        let unsure = match owner {
            Some(Some(Meant::Unretired(n) | Meant::Promoted(n))) => goes_with_a_date(doc, *n, &comment.words),
            _ => false,
        };
        let expected = usize::from(owner != Some(None));
        let found = new.matches(comment.words.as_str()).count();
        let shown = crate::common::raw_diff(doc.text.as_bytes(), new.as_bytes());
        prop_assert!(
            found == expected || (unsure && found == 0),
            "{:?} stands {} times:\n{}",
            comment,
            found,
            shown
        );
    }
    Ok(())
}

/// Whether a comment may go with `nbf` or `exp` of its entry: in lines, if it doesn't stand alone on its own.
fn goes_with_a_date(doc: &Doc, n: usize, words: &str) -> bool {
    let List::Entries { lines, entries, .. } = &doc.list else { return false };
    let alone = |line: &str| line.contains(words) && line.trim_start().starts_with('#');
    is_scheduled(doc, &entries[n].own) && !(*lines && doc.text.lines().any(alone))
}

/// Runs a command, and checks that it fails where it should and then leaves the file alone. Gives the new text
/// and what the list should be.
fn changed(doc: &Doc, command: &Command) -> Result<Option<(String, Vec<Meant>)>, TestCaseError> {
    let (_, keys) = read(doc.file, &doc.text)?;
    let Some(command) = command.among(keys.len()) else { return Ok(None) };
    let scene = Scene::with(doc.file, &doc.text);
    let outcome = command.run(&scene, doc.file);
    let new = scene.text(doc.file);
    let Some(meant) = meant(&command, &keys, date(NOW).seconds()) else {
        prop_assert_eq!(outcome.code, 2, "{} should fail", command.line());
        prop_assert_eq!(&new, &doc.text);
        return Ok(None);
    };
    // The one form that can be read and not edited which the generator makes.
    if outcome.stderr.contains("would become a part of the text above it") {
        return Ok(None);
    }
    prop_assert_eq!(outcome.code, 0, "{}: {}", command.line(), outcome.stderr);
    Ok(Some((new, meant)))
}

proptest! {
    #![proptest_config(config())]

    /// No byte changes that the operation doesn't own; line endings, byte order mark, final newline and comments
    /// stay.
    #[test]
    fn edits_touch_only_what_they_own(doc in document(), command in command()) {
        if let Some((new, meant)) = changed(&doc, &command)? {
            only_owned_bytes_change(&doc, &new, &meant)?;
            comments_stay(&doc, &new, &meant)?;
        }
    }

    /// A reader that isn't ours sees the operation applied to what it saw before, and nothing else.
    #[test]
    fn a_second_reader_sees_what_was_meant(doc in document(), command in command()) {
        if let Some((new, meant)) = changed(&doc, &command)? {
            reads_as_meant(&doc, &new, &meant, date(NOW).seconds())?;
        }
    }

    /// Where the list had entries, or was `keys: []` on a line of its own.
    #[test]
    fn removing_what_was_added_gives_the_original(doc in document()) {
        let count = match &doc.list {
            List::Entries { entries, .. } => entries.len(),
            List::Missing { canonical: true, .. } => 0,
            List::Missing { .. } => return Ok(()),
        };
        let scene = Scene::with(doc.file, &doc.text);
        let added = Command::Add.run(&scene, doc.file);
        prop_assert_eq!(added.code, 0, "{}", added.stderr);
        prop_assert_ne!(scene.text(doc.file), doc.text.clone());
        let removed = Command::Remove(vec![count]).run(&scene, doc.file);
        prop_assert_eq!(removed.code, 0, "{}", removed.stderr);
        given_back(&doc, &scene.text(doc.file))?;
    }

    /// Where the key had neither `exp` nor `nbf`.
    #[test]
    fn undoing_retire_gives_the_original(doc in document_with_keys(), n in 0..6_usize) {
        let (_, keys) = read(doc.file, &doc.text)?;
        let n = n % keys.len();
        if !is_usable(&keys[n]) || keys[n].get("exp").or(keys[n].get("nbf")).is_some() {
            return Ok(());
        }
        let scene = Scene::with(doc.file, &doc.text);
        let retired = Command::Retire(n).run(&scene, doc.file);
        prop_assert_eq!(retired.code, 0, "{}", retired.stderr);
        prop_assert_ne!(scene.text(doc.file), doc.text.clone());
        let undone = Command::Undo(n).run(&scene, doc.file);
        prop_assert_eq!(undone.code, 0, "{}", undone.stderr);
        given_back(&doc, &scene.text(doc.file))?;
    }

    /// Any number of commands, as time goes on, leaves a config with keys that can be used; `prune` never takes a
    /// key before its time.
    #[test]
    fn a_life_of_commands(doc in document(), life in vec((step_of_life(), 0..400_000_i64), 1..=12)) {
        let mut scene = Scene::with(doc.file, &doc.text);
        for (number, (command, pause)) in life.iter().enumerate() {
            scene.now = later(scene.now, *pause);
            scene.seed = number as u64 + 1;
            step(&scene, &doc, command)?;
        }
    }

    /// An outgoing key outlives its overlap, and no more than that.
    #[test]
    fn prune_waits_for_the_overlap(
        doc in document_with_keys(),
        (ttl, deploy, rollout) in (1..=86_400_i64, 0..1_000_000_i64, 0..1_000_000_i64),
        part in 0.0..1.0_f64,
    ) {
        outgoing_key_stays(&doc, ttl, deploy, rollout, part)?;
    }

    #[test]
    fn nothing_panics_on_any_bytes(bytes in vec(any::<u8>(), 0..200), command in command()) {
        for file in ["powersync.yaml", "powersync.json", "powersync.conf"] {
            fails_or_works(file, &bytes, &command)?;
        }
    }

    #[test]
    fn nothing_panics_on_almost_yaml(bytes in vec(syntax_byte(), 0..60), command in command()) {
        let mut text = b"client_auth:\n  jwks:\n    keys:\n".to_vec();
        text.extend(bytes);
        for file in ["powersync.yaml", "powersync.conf"] {
            fails_or_works(file, &text, &command)?;
        }
    }

    #[test]
    fn nothing_panics_on_mutated_configs(doc in document(), edits in edits(), command in command()) {
        fails_or_works(doc.file, &mutated(&doc.text, &edits), &command)?;
    }

    /// No piece of a secret is shown, neither of those in the file nor of the new one.
    #[test]
    fn no_output_holds_a_secret(doc in document(), n in 0..6_usize) {
        let (_, keys) = read(doc.file, &doc.text)?;
        let mut lines = vec!["status".to_owned(), "status --format json".to_owned()];
        let rotate = Command::Rotate { all: true, revoke: false };
        let some = [Command::Add, Command::Remove(vec![n]), Command::Retire(n), Command::Prune, rotate];
        for command in some.iter().filter_map(|command| command.among(keys.len())) {
            lines.push(format!("{} {ALLOW}", command.line()));
            lines.push(format!("{} {ALLOW} --dry-run", command.line()));
        }
        let schedule = [
            "rotate --standby --secrets inline --yes",
            "promote @2 --yes",
            "reconcile --secrets inline --yes",
            "reconcile --secrets inline --dry-run --format json",
            "reconcile --check",
            "timeline",
            "timeline --format mermaid",
            "timeline --format json",
            "redact",
        ];
        lines.extend(schedule.iter().map(|line| (*line).to_owned()));
        for line in lines {
            let scene = Scene::with(doc.file, &doc.text);
            let outcome = scene.run(&format!("-c {} {line}", doc.file));
            let (_, new_keys) = read(doc.file, &scene.text(doc.file))?;
            let fresh = new_keys.iter().filter_map(|key| Some(key.get("k")?.as_str()?.to_owned()));
            shows_none_of(&doc.secrets.iter().cloned().chain(fresh).collect::<Vec<_>>(), &outcome)?;
        }
    }

    /// A new secret that goes into a variable is in no byte of the config, and the service reads it from there.
    #[test]
    fn secrets_in_variables_stay_out_of_the_config(doc in document(), choice in 0..4_usize) {
        let command = ["add", "rotate", "rotate --standby", "rotate --revoke"][choice];
        let scene = Scene::with(doc.file, &doc.text);
        let outcome = scene.run(&format!("-c {} {command} --secrets env --env-file .env {ALLOW}", doc.file));
        if outcome.code == 0 {
            let (name, value) = only_variable(&scene)?;
            let text = scene.text(doc.file);
            prop_assert!(!text.contains(&value), "{}", text);
            let values = |other: &str| (other == name).then(|| value.clone().into());
            let config = Config::parse_str(&text, Input::of_path(Path::new(doc.file))).unwrap();
            let keys = KeySet::read_with(&config, &values);
            let new: Vec<_> = keys.keys().iter().filter(|key| key.variable() == Some(name.as_str())).collect();
            prop_assert_eq!(new.len(), 1);
            let secret = new[0].secret().map(|secret| secret.to_base64url().to_string());
            prop_assert_eq!(secret, Some(value.clone()));
            shows_none_of(&[value], &outcome)?;
        } else {
            prop_assert_eq!(scene.text(doc.file), doc.text.clone());
            prop_assert!(!scene.path(".env").exists(), "{}", outcome.stderr);
        }
        shows_none_of(&doc.secrets, &outcome)?;
    }

    /// A secret that moves into a variable and back is the same key, and no other key changes.
    #[test]
    fn moving_a_secret_keeps_the_key(doc in document_with_keys(), n in 0..6_usize) {
        let input = Input::of_path(Path::new(doc.file));
        let config = Config::parse_str(&doc.text, input).unwrap();
        let before = KeySet::read(&config);
        let n = n % before.keys().len() + 1;
        let scene = Scene::with(doc.file, &doc.text);
        let moved = format!("-c {} move-secret @{n} --env-file .env --yes", doc.file);
        let outcome = scene.run(&format!("{moved} --to env"));
        shows_none_of(&doc.secrets, &outcome)?;
        if outcome.code != 0 || scene.text(doc.file) == doc.text {
            prop_assert_eq!(scene.text(doc.file), doc.text.clone());
            return Ok(());
        }
        let (name, value) = only_variable(&scene)?;
        let values = |other: &str| (other == name).then(|| value.clone().into());
        let text = scene.text(doc.file);
        let config = Config::parse_str(&text, input).unwrap();
        same_keys(&before, &KeySet::read_with(&config, &values))?;
        prop_assert_eq!(text.lines().filter(|line| !doc.text.contains(line)).count(), 1, "{}", text);

        let back = scene.run(&format!("{moved} --to inline"));
        prop_assert_eq!(back.code, 0, "{}", back.stderr);
        shows_none_of(&doc.secrets, &back)?;
        let text = scene.text(doc.file);
        let config = Config::parse_str(&text, input).unwrap();
        same_keys(&before, &KeySet::read(&config))?;
    }

    #[test]
    fn no_error_holds_a_secret(doc in document(), edits in edits(), command in command()) {
        let scene = Scene::with(doc.file, mutated(&doc.text, &edits));
        for line in [format!("{} --dry-run {ALLOW}", command.line()), "status".to_owned()] {
            let outcome = scene.run(&format!("-c {} {line}", doc.file));
            if outcome.code == 2 {
                shows_none_of(&doc.secrets, &outcome)?;
            }
        }
    }
}

// --- parts of the properties ---------------------------------------------------------------------------------

fn same_text(old: &str, new: &str) -> Tried {
    let shown = || crate::common::raw_diff(old.as_bytes(), new.as_bytes());
    if old == new { Ok(()) } else { fail(format!("not the original:\n{}", shown())) }
}

/// Byte for byte. Only in brackets, where a new last line takes over the end of the one before, and lines end
/// differently or in spaces, these ends may be swapped.
fn given_back(doc: &Doc, new: &str) -> Tried {
    let in_lines = matches!(doc.list, List::Entries { lines: true, .. } | List::Missing { .. });
    let crlf = doc.text.matches("\r\n").count();
    let even = crlf == 0 || crlf == doc.text.matches('\n').count();
    let tidy = doc.text.lines().all(|line| line.trim_end_matches(' ') == line);
    if in_lines || (even && tidy) {
        return same_text(&doc.text, new);
    }
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    same_text(&trimmed(&doc.text), &trimmed(new))
}

fn later(moment: NumericDate, seconds: i64) -> NumericDate {
    NumericDate::new(moment.seconds() + seconds).unwrap()
}

/// How many entries the service would not start with.
fn unusable(file: &str, text: &str) -> Result<usize, TestCaseError> {
    let input = Input::of_path(Path::new(file));
    let config = Config::parse_str(text, input).or_else(|error| fail(format!("{error}\n{text}")))?;
    let keys = KeySet::read(&config);
    Ok(keys.keys().iter().filter(|key| matches!(key.material, Material::Unusable(_))).count())
}

/// One command of a life.
fn step(scene: &Scene, doc: &Doc, command: &Command) -> Tried {
    let old = scene.text(doc.file);
    let (around, keys) = read(doc.file, &old)?;
    let Some(command) = command.among(keys.len()) else { return Ok(()) };
    let outcome = command.run(scene, doc.file);
    let new = scene.text(doc.file);
    prop_assert!(
        !outcome.stderr.contains("Please report"),
        "{}: {}\n{}",
        command.line(),
        outcome.stderr,
        old
    );
    if outcome.code != 0 {
        prop_assert_eq!(outcome.code, 2);
        return same_text(&old, &new);
    }
    let (new_around, new_keys) = read(doc.file, &new)?;
    prop_assert_eq!(around, new_around);
    prop_assert!(unusable(doc.file, &new)? <= unusable(doc.file, &old)?);
    if matches!(command, Command::Prune | Command::Reconcile) && new_keys.len() < keys.len() {
        let now = scene.now.seconds();
        let gone: Vec<&Value> = keys.iter().filter(|key| !new_keys.contains(key)).collect();
        prop_assert!(
            gone.iter().all(|key| exp(key).ok().flatten().is_some_and(|exp| exp <= now)),
            "{:?}",
            gone
        );
    }
    Ok(())
}

/// Rotates, and prunes at a moment before the overlap ends, and when it does.
fn outgoing_key_stays(doc: &Doc, ttl: i64, deploy: i64, rollout: i64, part: f64) -> Tried {
    let (_, keys) = read(doc.file, &doc.text)?;
    let Some(outgoing) = current(&keys) else { return Ok(()) };
    let mut scene = Scene::with(doc.file, &doc.text);
    let times = format!("--token-ttl {ttl}s --deploy-within {deploy}s --rollout {rollout}s");
    let rotated = scene.run(&format!("-c {} rotate --secrets inline {times} {ALLOW}", doc.file));
    if rotated.code == 2 {
        return Ok(());
    }
    let (_, after) = read(doc.file, &scene.text(doc.file))?;
    let key = &after[outgoing + 1];
    let overlap = ttl + deploy + rollout + 360;
    let end = exp(&keys[outgoing]).ok().flatten().unwrap_or(0).max(scene.now.seconds() + overlap);
    prop_assert_eq!(exp(key), Ok(Some(end)));
    let wait = end - scene.now.seconds();
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment will do")]
    let early = ((wait as f64 * part) as i64).min(wait - 1);
    for (moment, due) in [(early, false), (wait - 1, false), (wait, true)] {
        let text = scene.text(doc.file);
        scene.now = later(date(NOW), moment);
        let removable = removable(&after, scene.now.seconds());
        let outcome = Command::Prune.run(&scene, doc.file);
        let (_, left) = read(doc.file, &scene.text(doc.file))?;
        scene.write(doc.file, text);
        let Some(removable) = removable else {
            prop_assert_eq!(outcome.code, 2);
            continue;
        };
        prop_assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let shared =
            after.iter().filter(|other| key.get("kid").is_some() && other.get("kid") == key.get("kid"));
        let shared = shared.count() > 1 && key.get("kid").and_then(Value::as_str) != Some("");
        prop_assert_eq!(removable.contains(&(outgoing + 1)), due && !shared);
        let stay = (0..after.len()).filter(|n| !removable.contains(n)).map(|n| &after[n]);
        prop_assert_eq!(stay.collect::<Vec<_>>(), left.iter().collect::<Vec<_>>());
    }
    Ok(())
}

/// A byte that means something to one of the parsers.
fn syntax_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        6 => proptest::sample::select(b" \n\r\t:-#'\"[]{},&*!|>%@`\\.?~0ak".to_vec()),
        1 => any::<u8>(),
    ]
}

/// Edits of bytes: where, what, and whether to put in, overwrite, take away, or cut off.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec((any::<prop::sample::Index>(), syntax_byte(), 0..16_u8), 1..5)
}

fn mutated(text: &str, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, byte, what) in edits {
        let at = place.index(bytes.len() + 1);
        match what {
            0 => bytes.truncate(at),
            1..=5 if at < bytes.len() => bytes[at] = *byte,
            6..=10 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

/// A command ends with 0, or with 2 and an untouched file.
fn fails_or_works(file: &str, bytes: &[u8], command: &Command) -> Tried {
    let input = Input::of_path(Path::new(file));
    let count = Config::parse(bytes, input).map_or(0, |config| config.entries().len());
    let Some(command) = command.among(count) else { return Ok(()) };
    let scene = Scene::with(file, bytes);
    let status = scene.run(&format!("-c {file} status --format json"));
    prop_assert!(matches!(status.code, 0 | 2), "{}", status.code);
    let outcome = command.run(&scene, file);
    match outcome.code {
        0 => prop_assert_eq!(status.code, 0),
        code => {
            prop_assert_eq!(code, 2);
            prop_assert!(scene.read(file) == bytes, "failed, and changed the file");
        }
    }
    Ok(())
}

/// The one variable of the env file.
fn only_variable(scene: &Scene) -> Result<(String, String), TestCaseError> {
    let file = EnvFile::parse(&scene.read(".env")).map_err(|error| TestCaseError::fail(error.to_string()))?;
    match file.names().collect::<Vec<_>>().as_slice() {
        [name] => Ok(((*name).to_owned(), file.value(name).unwrap_or_default().to_owned())),
        names => fail(format!("{names:?}")),
    }
}

/// Every key has the kid and the secret that it had.
fn same_keys(before: &KeySet, after: &KeySet) -> Tried {
    prop_assert_eq!(before.keys().len(), after.keys().len());
    for (one, two) in before.keys().iter().zip(after.keys()) {
        prop_assert_eq!(&one.kid, &two.kid);
        let bytes = |key: &Key| key.secret().map(|secret| secret.bytes().to_vec());
        prop_assert!(bytes(one) == bytes(two), "{} has another secret", one.name());
    }
    Ok(())
}

/// No eight characters in a row of any of these secrets are in the output.
fn shows_none_of(secrets: &[String], outcome: &Outcome) -> Tried {
    let output = format!("{}{}", outcome.stdout, outcome.stderr);
    for secret in secrets.iter().filter(|secret| secret.is_ascii()) {
        let pieces = secret.trim().as_bytes().windows(8).filter_map(|piece| std::str::from_utf8(piece).ok());
        for piece in pieces {
            prop_assert!(!output.contains(piece), "{} of {} is shown:\n{}", piece, secret, output);
        }
    }
    Ok(())
}
