//! Things for a person to do.

use crate::base::command_line::CommandLine;
use crate::base::sentence::Sentence;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyRef, KeySet, Member};
use crate::store::Platform;

/// Things to do, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    /// The moment in which they are told.
    pub(crate) now: NumericDate,
    pub(crate) list: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) action: Action,
    /// What a person can copy to do it.
    pub(crate) commands: Vec<CommandLine>,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Every replica restarts; on Cloud, the file is deployed.
    Restart {
        when: When,
        until: Until,
        platform: Platform,
        variable: Option<NewVariable>,
    },
    NoRestart(NoRestart),
    /// The service does not start with the file: what is wrong with it, as far as it is known.
    FixFirst {
        what: Option<Sentence>,
        platform: Platform,
    },
    /// The service does not start with the file, as before.
    StillBroken,
    /// Variables that the service needs before it starts with the file.
    SetVariables {
        names: Vec<String>,
        platform: Platform,
    },
    /// The backend gets another key.
    HandOver {
        turn: Turn,
        key: Handed,
        meanwhile: Meanwhile,
    },
    /// Backends sign with the key again that they had before.
    HandBack {
        key: Handed,
        from: LastingName,
        by: NumericDate,
    },
    /// The backend has nothing to do.
    KeepSigning {
        key: LastingName,
    },
    /// The schedule starts the next rotation.
    NextRotation {
        from: NumericDate,
    },
    /// The backend gets what a kid verifies with now.
    HandOverAgain {
        key: String,
    },
    /// A key that is not current may be given to someone.
    SignLater {
        key: KeyRef,
    },
    /// A key may be promoted before every replica knows it.
    PromotedSoon {
        key: String,
        not_before: NumericDate,
    },
    /// A key that waits takes the first place.
    Promote {
        key: String,
        not_before: NumericDate,
        current: Option<LastingName>,
        moving: Option<Moving>,
    },
    /// Nobody may sign with retired keys after this.
    StopSigning {
        by: NumericDate,
    },
    Prune {
        not_before: NumericDate,
        what: Pruned,
    },
    /// What to do if a restart or a hand-over is late.
    RestartCountdown {
        moving: Option<Moving>,
    },
    /// A key has moved, and is the same.
    SameKey {
        key: String,
    },
    /// There is no way in.
    AddKey,
    /// Tokens that fail, the last of which would have expired at this moment.
    Losses {
        signed: Signed,
        platform: Platform,
        last: NumericDate,
    },
    /// Variables that the config no longer reads.
    DropVariables {
        names: Vec<String>,
        platform: Platform,
    },
    ConfigDeleted,
    NothingElse,
    /// A step of a new config or of its variables: its kind, and the words of the command that makes them.
    SetUp(&'static str, Sentence),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    Anytime,
    Now,
    By(NumericDate),
}

/// What holds until every replica has restarted.
#[derive(Clone, Debug)]
pub(crate) enum Until {
    OldFile,
    /// What was removed is accepted.
    Accepted,
    /// Whoever has a secret that is gone can sign in: of which key, where it is one.
    SignsIn(Option<String>),
}

/// Why no restart is needed.
#[derive(Clone, Debug)]
pub(crate) enum NoRestart {
    /// Only this member changed, and the service doesn't read it.
    NotRead(&'static str),
    KnowsBoth,
    /// Both keys, where it has restarted since this one was added.
    KnewBoth(LastingName),
    AcceptedAllAlong,
    /// Keys are written in another way.
    SameKeys,
}

/// A variable that is new to the service.
#[derive(Clone, Debug)]
pub(crate) struct NewVariable {
    pub(crate) name: String,
    pub(crate) kept: Kept,
}

/// Where a new variable's value is.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// Among others in this one.
    EnvFile(String),
    /// Alone in this file, on its way elsewhere.
    File(String),
    /// On the screen only.
    Nowhere,
}

/// When the backend gets a key, beside the restart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    With,
    After,
    AfterAndBy(NumericDate),
    By(NumericDate),
}

/// A key as a backend gets it.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    pub(crate) name: String,
    pub(crate) kid: HandedKid,
    /// The variable that holds its secret.
    pub(crate) variable: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandedKid {
    /// The key has none.
    None,
    /// Tokens should carry it; another key without a kid takes those that don't.
    Expected,
    Required,
}

/// What holds until the backend has the new key.
#[derive(Clone, Debug)]
pub(crate) enum Meanwhile {
    Nothing,
    SignsWith(LastingName),
    /// All its new tokens are rejected.
    Rejected,
    /// Every replica has to know the key; these do.
    Known(Vec<String>),
}

#[derive(Clone, Debug)]
pub(crate) enum Pruned {
    Retired,
    Outgoing(LastingName),
    /// The last key without a kid.
    LastWildcard(LastingName),
}

/// What tokens that fail were signed with.
#[derive(Clone, Debug)]
pub(crate) enum Signed {
    With(String),
    /// The key that had this kid.
    WithOld(String),
    WithRemoved,
}

/// A key by what stays the same when numbers change.
#[derive(Clone, Debug)]
pub(crate) enum LastingName {
    Kid(String),
    /// A variable holds its kid.
    KidOf(String),
    /// It is the only one without a kid.
    WithoutKid,
    /// Of those without a kid, the one that may be removed from this moment.
    RemovableFrom(NumericDate),
    OnLine(usize),
}

impl LastingName {
    pub(super) fn of(key: &Key, keys: &KeySet) -> Self {
        match (&key.kid, key.exp.value()) {
            (Member::Value(kid), _) => Self::Kid(kid.to_string()),
            (Member::Variable(name), _) => Self::KidOf(name.clone()),
            (Member::Absent, _) if keys.wildcards() <= 1 => Self::WithoutKid,
            (Member::Absent, Some(exp)) => Self::RemovableFrom(*exp),
            _ => Self::OnLine(key.line),
        }
    }
}

/// A later command names this key by its number, which may be another then: `status` shows it.
#[derive(Clone, Debug)]
pub(crate) struct Moving {
    pub(crate) key: LastingName,
    pub(crate) status: CommandLine,
}

impl Step {
    pub(crate) fn new(action: Action, commands: Vec<CommandLine>) -> Self {
        Self { action, commands }
    }

    /// What comes before all else where the service does not start with the file. `what`: what is wrong with it.
    pub(crate) fn fix_first(what: Option<Sentence>, platform: &Platform, tool: &CommandLine) -> Self {
        let check = tool.clone().arg("check");
        Self::new(Action::FixFirst { what, platform: platform.clone() }, vec![check])
    }

    /// What kind of step it is, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.action {
            Action::Restart { platform: Platform::Cloud, .. } => "deploy",
            Action::Restart { .. } => "restart",
            Action::NoRestart(_) => "no-restart",
            Action::FixFirst { .. } | Action::StillBroken => "fix-first",
            Action::SetVariables { .. } => "set-variables",
            Action::HandOver { .. } | Action::HandOverAgain { .. } => "hand-over",
            Action::HandBack { .. } => "hand-back",
            Action::KeepSigning { .. } => "keep-signing",
            Action::NextRotation { .. } => "next-rotation",
            Action::SignLater { .. } => "sign-later",
            Action::PromotedSoon { .. } => "promoted-soon",
            Action::Promote { .. } => "promote",
            Action::StopSigning { .. } => "stop-signing",
            Action::Prune { .. } => "prune",
            Action::RestartCountdown { .. } => "restart-countdown",
            Action::SameKey { .. } => "same-key",
            Action::AddKey => "add-key",
            Action::Losses { .. } => "losses",
            Action::DropVariables { .. } => "drop-variables",
            Action::ConfigDeleted => "config-deleted",
            Action::NothingElse => "nothing-else",
            Action::SetUp(kind, _) => kind,
        }
    }

    /// When it has to be done.
    pub(crate) fn by(&self) -> Option<NumericDate> {
        match &self.action {
            Action::Restart { when: When::By(by), .. }
            | Action::HandOver { turn: Turn::AfterAndBy(by) | Turn::By(by), .. }
            | Action::HandBack { by, .. }
            | Action::StopSigning { by } => Some(*by),
            _ => None,
        }
    }

    /// Before when it must not be done.
    pub(crate) fn not_before(&self) -> Option<NumericDate> {
        match &self.action {
            Action::PromotedSoon { not_before, .. }
            | Action::Promote { not_before, .. }
            | Action::NextRotation { from: not_before }
            | Action::Prune { not_before, .. } => Some(*not_before),
            _ => None,
        }
    }

    /// Whether a date is in it.
    pub(crate) fn has_date(&self) -> bool {
        let is_loss = matches!(self.action, Action::Losses { .. });
        is_loss || self.by().is_some() || self.not_before().is_some()
    }

    /// The key it is about, as people name it.
    pub(crate) fn key(&self) -> Option<String> {
        let key = match &self.action {
            Action::SignLater { key } => return Some(key.to_string()),
            Action::HandOver { key: Handed { name: key, .. }, .. }
            | Action::HandBack { key: Handed { name: key, .. }, .. }
            | Action::KeepSigning { key: LastingName::Kid(key) }
            | Action::HandOverAgain { key }
            | Action::PromotedSoon { key, .. }
            | Action::Promote { key, .. }
            | Action::Prune { what: Pruned::Outgoing(LastingName::Kid(key)), .. }
            | Action::SameKey { key } => key,
            _ => return None,
        };
        Some(key.clone())
    }
}
