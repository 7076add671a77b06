//! What each command should make of the list of keys: a second model, on values as a second reader reads them.

use std::path::Path;

use powersync_jwks::config::Input;
use proptest::prelude::{prop_assert, prop_assert_eq};
use proptest::test_runner::TestCaseError;
use serde_yaml::{Mapping, Value};

use super::generate::Doc;

/// What `rotate` and `retire` give an outgoing key by default.
pub const OVERLAP: i64 = (72 + 24 + 24) * 3600 + 60 + 300;
/// How long a new key waits by default.
pub const STANDBY: i64 = 72 * 3600 + 300;

pub type Tried = Result<(), TestCaseError>;

pub fn fail<T>(why: impl Into<String>) -> Result<T, TestCaseError> {
    Err(TestCaseError::fail(why.into()))
}

/// A command; the numbers choose among the entries that are there.
#[derive(Clone, Debug)]
pub enum Command {
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

impl Command {
    /// With numbers of entries that are there. `None`: there is nothing that it could be about.
    pub fn among(&self, count: usize) -> Option<Self> {
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

    pub fn line(&self) -> String {
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
}

/// An entry of the list after a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Meant {
    /// The one that had this number.
    Same(usize),
    Retired(usize, i64),
    Unretired(usize),
    /// Moved here, without `nbf` and `exp`.
    Promoted(usize),
    /// Its secret is in a variable now, or no longer in one.
    Moved(usize),
    New(New),
}

/// A new key, apart from what it has in common with all new ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct New {
    /// Where it waits.
    pub nbf: Option<i64>,
    /// Where it isn't that of the current key.
    pub alg: Option<&'static str>,
    /// Where it was chosen.
    pub kid: Option<&'static str>,
    pub in_variable: bool,
}

impl Meant {
    /// The number it had.
    pub fn old(&self) -> Option<usize> {
        match self {
            Self::Same(n) | Self::Retired(n, _) | Self::Unretired(n) | Self::Promoted(n) | Self::Moved(n) => {
                Some(*n)
            }
            Self::New(_) => None,
        }
    }
}

/// What a command should make of the list. `None`: it can't be decided, or not be done.
pub fn meant(command: &Command, keys: &[Value], now: i64) -> Option<Vec<Meant>> {
    let mut list: Vec<Meant> = (0..keys.len()).map(Meant::Same).collect();
    match command {
        Command::Rotate { all, revoke } => return rotated(keys, now, *all, *revoke),
        Command::Standby => {
            current(keys).filter(|_| !standby_waits(keys))?;
            list.push(Meant::New(New { nbf: Some(now + STANDBY), ..New::default() }));
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
        Command::Add => list.push(Meant::New(New::default())),
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
    let mut list = vec![Meant::New(New::default())];
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
pub fn is_promotable(keys: &[Value], key: &Value) -> bool {
    let hs256 = |key: &Value| is_symmetric(key) && key.get("alg").and_then(Value::as_str) == Some("HS256");
    let is_first = hs256(key) || !keys.iter().any(hs256);
    let readable = is_readable(key, "nbf") && is_readable(key, "iat");
    is_symmetric(key) && is_first && !is_shared(keys, key) && readable
}

fn is_readable(key: &Value, date: &str) -> bool {
    key.get(date).is_none_or(|value| value.as_u64().is_some())
}

/// Whether its kid is duplicated.
pub fn is_shared(keys: &[Value], key: &Value) -> bool {
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

pub fn retired(n: usize, key: &Value, now: i64) -> Option<Meant> {
    let had = exp(key).ok()?;
    let exp = had.unwrap_or(0).max(now + OVERLAP);
    Some(if had == Some(exp) { Meant::Same(n) } else { Meant::Retired(n, exp) })
}

/// An `exp` that is no number: there, and of no use.
#[derive(Debug, PartialEq)]
pub struct Unreadable;

pub fn exp(key: &Value) -> Result<Option<i64>, Unreadable> {
    key.get("exp").map(|exp| exp.as_i64().ok_or(Unreadable)).transpose()
}

pub fn removable(keys: &[Value], now: i64) -> Option<Vec<usize>> {
    let exps = keys.iter().map(exp).collect::<Result<Vec<_>, _>>().ok()?;
    let due = |n: &usize| {
        exps[*n].is_some_and(|exp| exp <= now)
            && is_usable(&keys[*n])
            && current(keys) != Some(*n)
            && !is_shared(keys, &keys[*n])
    };
    Some((0..keys.len()).filter(due).collect())
}

pub fn is_symmetric(key: &Value) -> bool {
    let is = |name, of: &[&str]| key.get(name).and_then(Value::as_str).is_some_and(|text| of.contains(&text));
    let secret = match key.get("k") {
        Some(Value::Tagged(k)) if k.tag == "!env" => {
            k.value.as_str().is_some_and(|name| name.starts_with("PS_"))
        }
        Some(Value::Tagged(k)) => k.value.is_string(),
        Some(Value::String(k)) => !k.is_empty(),
        // As PowerSync Cloud has it.
        Some(Value::Mapping(_)) => true,
        _ => false,
    };
    let kid = matches!(key.get("kid"), None | Some(Value::String(_) | Value::Tagged(_)));
    is("kty", &["oct"]) && is("alg", &["HS256", "HS384", "HS512"]) && secret && kid
}

pub fn is_usable(key: &Value) -> bool {
    let public = key.get("kty").and_then(Value::as_str).is_some_and(|kty| matches!(kty, "RSA" | "EC"));
    is_symmetric(key) || public
}

pub fn current(keys: &[Value]) -> Option<usize> {
    let hs256 = |key: &Value| key.get("alg").and_then(Value::as_str) == Some("HS256");
    let first = keys.iter().position(|key| is_symmetric(key) && hs256(key));
    first.or_else(|| keys.iter().position(is_symmetric))
}

// --- a second reader -----------------------------------------------------------------------------------------

/// Reads as another program would, and takes the keys out.
pub fn read(file: &str, text: &str) -> Result<(Value, Vec<Value>), TestCaseError> {
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
pub fn reads_as_meant(doc: &Doc, text: &str, meant: &[Meant], now: i64) -> Tried {
    let (old, old_keys) = read(doc.file, &doc.text)?;
    let (new, new_keys) = read(doc.file, text)?;
    prop_assert_eq!(old, new, "something outside of the keys changed");
    prop_assert_eq!(meant.len(), new_keys.len());
    for (meant, key) in meant.iter().zip(&new_keys) {
        match meant {
            Meant::Same(n) => prop_assert_eq!(trimmed(&old_keys[*n]), trimmed(key)),
            Meant::Retired(n, exp) => {
                prop_assert_eq!(trimmed(&with(&old_keys[*n], "exp", Some(*exp))), trimmed(key));
            }
            Meant::Unretired(n) | Meant::Promoted(n) => {
                prop_assert_eq!(&with(&with(&old_keys[*n], "exp", None), "nbf", None), key);
            }
            Meant::Moved(n) => {
                prop_assert_eq!(without(&old_keys[*n], "k"), without(key, "k"));
                let in_variable = |key: &Value| key.get("k").is_some_and(is_env);
                prop_assert!(in_variable(&old_keys[*n]) != in_variable(key), "the secret did not move");
            }
            Meant::New(new) => is_new(&old_keys, key, now, new)?,
        }
    }
    Ok(())
}

/// With a secret that doesn't end in line breaks: the last one of a file may be missing.
fn trimmed(key: &Value) -> Value {
    let mut key = key.clone();
    if let Some(Value::String(k)) = key.get_mut("k") {
        k.truncate(k.trim_end_matches('\n').len());
    }
    key
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

fn without(key: &Value, name: &str) -> Value {
    with(key, name, None)
}

fn is_env(value: &Value) -> bool {
    matches!(value, Value::Tagged(value) if value.tag == "!env")
}

fn is_new(others: &[Value], key: &Value, now: i64, new: &New) -> Tried {
    let text = |name| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let same = current(others).and_then(|n| others[n].get("alg")?.as_str());
    let alg = new.alg.or(same).unwrap_or("HS256");
    let length = match alg {
        "HS256" => 43,
        "HS384" => 64,
        _ => 86,
    };
    prop_assert_eq!((text("kty"), text("alg")), ("oct", alg));
    let in_cloud = key.get("k").and_then(|k| k.get("secret"));
    let in_variable = key.get("k").is_some_and(is_env) || in_cloud.is_some_and(is_env);
    prop_assert!(if new.in_variable { in_variable } else { text("k").len() == length }, "k");
    if in_cloud.is_some() {
        // Its schema knows no dates.
        prop_assert_eq!(key.as_mapping().map_or(0, Mapping::len), 4);
        return Ok(());
    }
    // Made in the same second as the current one, it could never be promoted.
    let iat_of = |key: &Value| key.get("iat").and_then(Value::as_i64);
    let same_second = current(others).is_some_and(|n| iat_of(&others[n]) == Some(now));
    prop_assert!(iat_of(key) == Some(now) || (same_second && iat_of(key) == Some(now + 1)));
    prop_assert!(new.kid.map_or(text("kid").len() == 17, |kid| text("kid") == kid));
    prop_assert!(others.iter().all(|other| other.get("kid") != key.get("kid")));
    prop_assert_eq!(key.get("nbf").and_then(Value::as_i64), new.nbf);
    prop_assert_eq!(key.as_mapping().map_or(0, Mapping::len), 5 + usize::from(new.nbf.is_some()));
    Ok(())
}
