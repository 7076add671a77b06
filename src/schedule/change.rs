//! Changes of a key set, and the edit of the text that they take.

use zeroize::Zeroizing;

use super::policy::SAME_SECOND;
use crate::base::time::NumericDate;
use crate::config::edit::{Edits, MemberEdit, NewEntry, NewValue};
use crate::keyset::{HmacAlg, Key, Kid, Secret, SecretText};

/// A key to be written. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its kid. Without one, the service tries it for every token whose kid no key has.
    pub kid: Option<Kid>,
    /// Whether a person chose the kid: then tokens may exist that carry it.
    pub kid_is_chosen: bool,
    /// Whether a person handed the secret in: then another key may have it, too.
    pub secret_is_imported: bool,
    /// Its algorithm.
    pub alg: HmacAlg,
    /// Its secret.
    pub secret: Secret,
    /// Its `iat`, where that is not the moment in which it is written.
    pub iat: Option<NumericDate>,
    /// How the config has it.
    pub form: SecretForm,
}

/// How a config has a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// In plaintext: `k: '…'`.
    Inline,
    /// `k: !env NAME`
    Variable(String),
    /// `k: {secret: !env NAME}`, as PowerSync Cloud has it, in a key without dates.
    CloudVariable(String),
}

impl SecretForm {
    /// The variable, if there is one.
    #[must_use]
    pub(crate) fn variable(&self) -> Option<&str> {
        match self {
            Self::Inline => None,
            Self::Variable(name) | Self::CloudVariable(name) => Some(name),
        }
    }

    /// The value of `k`; `secret` is written only where that is plaintext.
    fn k(&self, secret: &Zeroizing<String>) -> NewValue {
        match self {
            Self::Inline => NewValue::Text(secret.clone()),
            Self::Variable(name) => NewValue::Env(name.clone()),
            Self::CloudVariable(name) => NewValue::CloudEnv(name.clone()),
        }
    }
}

impl NewKey {
    /// The same key, later by its `iat` than the current one: made within the same second, it could never be promoted.
    pub(super) fn after(self, current: Option<&Key>, now: NumericDate) -> Self {
        let made = current.and_then(|current| current.iat.value().copied());
        let just = made.filter(|made| (0..=SAME_SECOND.get()).contains(&made.since(now).get()));
        Self { iat: just.map(|made| made + SAME_SECOND), ..self }
    }

    fn entry(&self, now: NumericDate, nbf: Option<NumericDate>) -> NewEntry {
        let text = |text: &str| NewValue::Text(Zeroizing::new(text.to_owned()));
        let waits = nbf.map(|nbf| {
            ("nbf", NewValue::Date { seconds: nbf.seconds(), comment: format!("promote not before {nbf}") })
        });
        let mut members = vec![
            ("kty", text("oct")),
            ("alg", text(self.alg.name())),
            ("k", self.form.k(&self.secret.to_base64url())),
        ];
        members.extend(self.kid.as_ref().map(|kid| ("kid", text(kid.as_str()))));
        // The schema of Cloud refuses members it doesn't know.
        if !matches!(self.form, SecretForm::CloudVariable(_)) {
            let iat = self.iat.unwrap_or(now);
            members.push(("iat", NewValue::Date { seconds: iat.seconds(), comment: format!("made {iat}") }));
            members.extend(waits);
        }
        NewEntry { members }
    }
}

/// One change of the key set. Numbers are places in the file before the change, from 0. Not `Debug`: one may hold a secret.
#[derive(Clone)]
pub enum Change {
    /// A new key, made now.
    Add {
        /// The key.
        key: NewKey,
        /// Before which key it is written: all of them counted means last.
        at: usize,
        /// Where it waits to be promoted: not before that moment.
        nbf: Option<NumericDate>,
    },
    /// A key gets its `exp`.
    Retire {
        /// Which.
        index: usize,
        /// From when it may be removed.
        exp: NumericDate,
    },
    /// A key loses `exp` and `nbf`.
    Unretire {
        /// Which.
        index: usize,
    },
    /// A key moves to the first place and loses `nbf` and `exp`.
    Promote {
        /// Which.
        index: usize,
    },
    /// A key gets the `iat` that someone assumes.
    Assume {
        /// Which.
        index: usize,
        /// When it was made.
        iat: NumericDate,
    },
    /// A key's secret is in another place: the same key.
    MoveSecret {
        /// Which.
        index: usize,
        /// How the config has it after that.
        to: SecretForm,
        /// The text of `k`.
        k: SecretText,
    },
    /// A member is written in another way. The key is the same, or the service starts with it now.
    Rewrite {
        /// Which.
        index: usize,
        /// The member.
        member: &'static str,
        /// Its new value.
        value: Zeroizing<String>,
    },
    /// A key goes.
    Remove {
        /// Which.
        index: usize,
    },
}

/// The edit that carries changes out. `like`: the key whose way of writing a new one imitates.
#[must_use]
pub fn plan(changes: &[Change], now: NumericDate, like: Option<usize>) -> Edits {
    let mut plan = Edits { like, ..Edits::default() };
    for change in changes {
        match change {
            Change::Add { key, at, nbf } => plan.insert = Some((*at, key.entry(now, *nbf))),
            Change::Promote { index } => {
                plan.to_front = Some(*index);
                plan.members.extend(unscheduled(*index));
            }
            Change::Assume { index, iat } => {
                let value = NewValue::Date { seconds: iat.seconds(), comment: format!("made {iat}") };
                plan.members.push(MemberEdit { entry: *index, name: "iat", value: Some(value) });
            }
            Change::Retire { index, exp } => {
                let value = NewValue::Date { seconds: exp.seconds(), comment: format!("remove after {exp}") };
                plan.members.push(MemberEdit { entry: *index, name: "exp", value: Some(value) });
            }
            Change::MoveSecret { index, to, k } => {
                plan.members.push(MemberEdit { entry: *index, name: "k", value: Some(to.k(&k.0)) });
            }
            Change::Unretire { index } => plan.members.extend(unscheduled(*index)),
            Change::Rewrite { index, member, value } => {
                let value = Some(NewValue::Text(value.clone()));
                plan.members.push(MemberEdit { entry: *index, name: member, value });
            }
            Change::Remove { index } => plan.remove.push(*index),
        }
    }
    plan
}

/// `nbf` and `exp` of a key go.
fn unscheduled(index: usize) -> impl Iterator<Item = MemberEdit> {
    ["nbf", "exp"].into_iter().map(move |name| MemberEdit { entry: index, name, value: None })
}
