//! What to do after a change.

use super::step::{
    Action, Handed, HandedKid, Kept, LastingName, Meanwhile, Moving, NewVariable, NoRestart, Pruned, Signed,
    Step, Steps, Turn, Until, When,
};
use super::words::moved;
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeySet, Material, Phase, counterparts};
use crate::schedule::{self, Policy};
use crate::store::Platform;

/// What was done, as far as the next steps depend on it. Keys that are still there are those after the change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Done<'k> {
    /// A new key comes first, and the one that was current is retiring now.
    Rotated { new: &'k Key, outgoing: Option<&'k Key> },
    /// A new key takes the place of one that was removed in the same write.
    Revoked { new: &'k Key, gone: &'k Key },
    /// A new key waits behind the current one, which signs until then.
    Waits { new: &'k Key, nbf: NumericDate, current: Option<&'k Key> },
    /// A key waits behind the current one, and too little time is left before it may be promoted.
    WaitsTooShort { new: &'k Key, nbf: NumericDate },
    /// A key that waited is the current one, and the one that was is retiring now.
    Promoted { key: &'k Key, outgoing: Option<&'k Key> },
    /// The key that was current before is again, and the one in its place is retiring now.
    RolledBack { key: &'k Key, outgoing: Option<&'k Key> },
    /// A key that waited is gone; the current one stays.
    GivenUp { current: Option<&'k Key> },
    /// An assumed `iat` was written down.
    Noted,
    /// Keys are written in another way, and are the same, or the service starts with them now.
    Rewritten,
    /// A key has another secret, algorithm or public key under the same kid.
    ReKeyed { key: &'k Key },
    /// A key was added; `current`: it is the current one.
    Added { new: &'k Key, current: bool },
    /// Keys got an `exp`. The latest of them is given.
    Retired(NumericDate),
    /// A secret is kept elsewhere: the same key.
    Moved(&'k Key),
    /// Keys lost their `exp`.
    Unretired,
    /// Keys are gone; `live`: they might still have verified tokens; `successor`: the key that is current now in place of one
    /// of them.
    Removed { live: bool, successor: Option<&'k Key> },
}

/// What the steps after a change depend on.
#[derive(Clone)]
pub(crate) struct Situation<'a> {
    /// The moment of the change.
    pub(crate) now: NumericDate,
    /// How long things take.
    pub(crate) policy: &'a Policy,
    /// The keys after the change.
    pub(crate) keys: &'a KeySet,
    pub(crate) means: Means<'a>,
    pub(crate) variables: Variables<'a>,
    /// Where running services were asked for the key that is promoted, and know it.
    pub(crate) live_at: &'a [String],
}

/// What the steps are done with.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    /// What restarts the service.
    pub(crate) platform: &'a Platform,
    /// The tool with the options that name this config: `powersync-jwks -c PATH`.
    pub(crate) tool: &'a CommandLine,
    /// The options that later commands need to count as this one did.
    pub(crate) timing: &'a [String],
    pub(crate) values: ValuesFrom<'a>,
}

/// Where the values of variables came from, which later commands need as well.
#[derive(Clone, Copy)]
pub(crate) enum ValuesFrom<'a> {
    /// The env file that was named.
    File(&'a str),
    /// They were looked for, and are found again in the same places.
    Places,
    /// Nobody looked.
    Nowhere,
}

/// Variables that come and go with a change.
#[derive(Clone, Default)]
pub(crate) struct Variables<'a> {
    /// The one that the change needs.
    pub(crate) new: Option<NewVariable>,
    /// Those that nothing in the config refers to any more.
    pub(crate) unused: &'a [String],
}

impl Means<'_> {
    pub(super) fn tool(&self, command: &str) -> CommandLine {
        self.tool.clone().arg(command)
    }

    /// A command that names a key, and counts as this one did.
    fn timed(&self, command: &str, key: String) -> CommandLine {
        self.tool(command).arg(key).args(self.timing)
    }
}

/// What a person does next.
#[must_use]
pub(crate) fn next_steps(done: Done<'_>, situation: &Situation<'_>) -> Steps {
    Steps { now: situation.now, list: planned_steps(done, situation) }
}

/// The same, to be put together with others.
pub(super) fn planned_steps(done: Done<'_>, situation: &Situation<'_>) -> Vec<Step> {
    let mut steps = situation.after(done);
    steps.extend(situation.drop_unused());
    steps
}

/// A step without a command.
pub(super) fn only(action: Action) -> Step {
    Step::new(action, Vec::new())
}

fn no_restart(why: NoRestart) -> Step {
    only(Action::NoRestart(why))
}

fn is_usable(key: &Key) -> bool {
    !matches!(key.material, Material::Unusable(_))
}

impl Situation<'_> {
    fn after(&self, done: Done<'_>) -> Vec<Step> {
        match done {
            Done::Rotated { new, outgoing } => self.after_rotation(new, outgoing),
            Done::Revoked { new, gone } => vec![
                self.restart(When::Now, Until::SignsIn(Some(gone.name()))),
                self.hand_over(Turn::With, new, Meanwhile::Nothing),
                self.losses(Signed::With(gone.name())),
            ],
            Done::Waits { new, nbf, current } => self.while_it_waits(new, nbf, current),
            Done::WaitsTooShort { new, nbf } => vec![
                self.restart(When::Now, Until::OldFile),
                only(Action::PromotedSoon { key: new.name(), not_before: nbf }),
            ],
            Done::Promoted { key, outgoing } => self.after_promotion(key, outgoing),
            Done::RolledBack { key, outgoing } => self.after_rollback(key, outgoing),
            Done::GivenUp { current } => {
                let mut steps = vec![self.restart(When::Anytime, Until::Accepted)];
                steps.extend(current.map(|key| only(Action::KeepSigning { key: self.lasting(key) })));
                steps.extend(self.next_rotation());
                steps
            }
            Done::Noted => vec![no_restart(NoRestart::NotRead("iat"))],
            Done::Rewritten => vec![no_restart(NoRestart::SameKeys)],
            Done::ReKeyed { key } => vec![
                self.restart(When::Anytime, Until::OldFile),
                only(Action::HandOverAgain { key: key.name() }),
                self.losses(Signed::WithOld(key.name())),
            ],
            Done::Added { new, current: true } => self.after_rotation(new, None),
            Done::Added { new, current: false } => {
                vec![
                    self.restart(When::Anytime, Until::OldFile),
                    only(Action::SignLater { key: new.reference() }),
                ]
            }
            Done::Retired(exp) => {
                let by = exp + (Seconds::default() - self.policy.least_overlap());
                let prune = Action::Prune { not_before: exp, what: Pruned::Retired };
                vec![
                    no_restart(NoRestart::NotRead("exp")),
                    only(Action::StopSigning { by: by.max(self.now) }),
                    Step::new(prune, vec![self.means.tool("prune")]),
                ]
            }
            Done::Moved(key) => {
                vec![self.restart(When::Anytime, Until::OldFile), only(Action::SameKey { key: key.name() })]
            }
            Done::Unretired => vec![no_restart(NoRestart::AcceptedAllAlong)],
            Done::Removed { live: false, .. } => vec![self.restart(When::Anytime, Until::Accepted)],
            Done::Removed { live: true, successor } => self.after_removal(successor),
        }
    }

    fn while_it_waits(&self, new: &Key, nbf: NumericDate, current: Option<&Key>) -> Vec<Step> {
        let promote = Action::Promote {
            key: new.name(),
            not_before: nbf,
            current: current.map(|current| self.lasting(current)),
            moving: self.moving(new),
        };
        vec![
            self.restart(When::By(self.now + self.policy.deploy_within), Until::OldFile),
            Step::new(promote, vec![self.means.timed("promote", new.argument())]),
        ]
    }

    fn after_rotation(&self, new: &Key, outgoing: Option<&Key>) -> Vec<Step> {
        let Some(outgoing) = outgoing else {
            return vec![
                self.restart(When::Anytime, Until::OldFile),
                self.hand_over(Turn::After, new, Meanwhile::Nothing),
            ];
        };
        let (deployed, switched) = self.policy.deadlines(self.now);
        let meanwhile = Meanwhile::SignsWith(self.lasting(outgoing));
        let hand_over = self.hand_over(Turn::AfterAndBy(switched), new, meanwhile);
        let mut steps = vec![
            self.restart(When::By(deployed), Until::OldFile),
            Step { commands: self.export(new), ..hand_over },
        ];
        steps.extend(self.leave(outgoing, new));
        steps
    }

    fn after_promotion(&self, key: &Key, outgoing: Option<&Key>) -> Vec<Step> {
        let (_, switched) = self.policy.deadlines(self.now);
        let hand_over = self.hand_over(Turn::By(switched), key, Meanwhile::Known(self.live_at.to_vec()));
        let mut steps =
            vec![Step { commands: self.export(key), ..hand_over }, no_restart(NoRestart::KnowsBoth)];
        steps.extend(outgoing.into_iter().flat_map(|outgoing| self.leave(outgoing, key)));
        steps
    }

    fn after_rollback(&self, key: &Key, outgoing: Option<&Key>) -> Vec<Step> {
        let Some(outgoing) = outgoing else { return self.after_promotion(key, None) };
        let (_, by) = self.policy.deadlines(self.now);
        let kid = self.handed(key);
        let back = Action::HandBack { key: kid, from: self.lasting(outgoing), by };
        let knows = Action::NoRestart(NoRestart::KnewBoth(self.lasting(outgoing)));
        let mut steps = vec![Step::new(back, self.export(key)), only(knows)];
        steps.extend(self.next_rotation());
        steps.extend(self.leave(outgoing, key));
        steps
    }

    /// When the schedule starts the rotation again.
    fn next_rotation(&self) -> Option<Step> {
        let due = schedule::next_due(self.keys, self.policy, self.now).ok().flatten()?;
        let starts = due.action == schedule::Action::Rotate;
        starts.then(|| only(Action::NextRotation { from: due.at.max(self.now) }))
    }

    fn after_removal(&self, successor: Option<&Key>) -> Vec<Step> {
        let mut steps = vec![self.restart(When::Now, Until::SignsIn(None))];
        if let Some(successor) = successor {
            steps.push(self.hand_over(Turn::With, successor, Meanwhile::Rejected));
        } else if self.keys.other_login().is_none() && !self.keys.keys().iter().any(is_usable) {
            let commands = match self.means.platform {
                Platform::Cloud => vec![self.means.tool("add"), CommandLine::new("powersync").arg("deploy")],
                _ => vec![self.means.tool("rotate")],
            };
            steps.push(Step::new(Action::AddKey, commands));
        }
        steps.push(self.losses(Signed::WithRemoved));
        steps
    }

    /// How the outgoing key leaves the file, and what to do if that has to be later.
    fn leave(&self, outgoing: &Key, successor: &Key) -> [Step; 2] {
        let not_before = outgoing.exp.value().copied().unwrap_or(self.now + self.policy.stay());
        let key = self.lasting(outgoing);
        let is_last = outgoing.is_wildcard() && self.keys.wildcards() == 1;
        let what = if is_last { Pruned::LastWildcard(key) } else { Pruned::Outgoing(key) };
        let verify = self.means.tool("verify").arg("--expect").arg(successor.argument());
        let verify = self.with_values(verify, successor).arg("TOKEN_FILE");
        [
            Step::new(Action::Prune { not_before, what }, vec![verify, self.means.tool("prune")]),
            Step::new(
                Action::RestartCountdown { moving: self.moving(outgoing) },
                vec![self.means.timed("retire", outgoing.argument())],
            ),
        ]
    }

    fn hand_over(&self, turn: Turn, new: &Key, meanwhile: Meanwhile) -> Step {
        only(Action::HandOver { turn, key: self.handed(new), meanwhile })
    }

    fn handed(&self, new: &Key) -> Handed {
        let wildcard = self.keys.wildcards() > 0;
        let kid = match (new.kid.is_absent(), wildcard) {
            (true, _) => HandedKid::None,
            (false, true) => HandedKid::Expected,
            (false, false) => HandedKid::Required,
        };
        Handed { name: new.name(), kid, variable: new.variable().map(str::to_owned) }
    }

    pub(super) fn restart(&self, when: When, until: Until) -> Step {
        let (platform, variable) = (self.means.platform, self.variables.new.clone());
        let mut commands = variable.as_ref().map_or_else(Vec::new, |new| platform.pass(&new.name));
        commands.extend(platform.restart());
        Step::new(Action::Restart { when, until, platform: platform.clone(), variable }, commands)
    }

    /// Variables that are in the way of nothing, and still hold a secret.
    fn drop_unused(&self) -> Option<Step> {
        let (names, platform) = (self.variables.unused.to_vec(), self.means.platform.clone());
        let drop = self.means.tool("prune").arg(format!("--drop-env={}", names.join(",")));
        (!names.is_empty()).then(|| Step::new(Action::DropVariables { names, platform }, vec![drop]))
    }

    /// How its secret is handed out, where it is known here.
    fn export(&self, key: &Key) -> Vec<CommandLine> {
        let export =
            || self.with_values(self.means.tool("export").arg(key.argument()).arg("--as").arg("env"), key);
        (key.secret().is_some() && !self.is_elsewhere(key)).then(export).into_iter().collect()
    }

    /// Whether the secret of a key was just written to where no later run finds it.
    fn is_elsewhere(&self, key: &Key) -> bool {
        let is_new = |new: &NewVariable| Some(new.name.as_str()) == key.variable();
        self.variables.new.as_ref().is_some_and(|new| is_new(new) && !matches!(new.kept, Kept::EnvFile(_)))
    }

    /// A command that needs the secret of a key, with the env file that has it, where it isn't found otherwise.
    fn with_values(&self, command: CommandLine, key: &Key) -> CommandLine {
        let is_elsewhere = self.is_elsewhere(key);
        // Where the change puts its value.
        if let Some(NewVariable { name, kept: Kept::EnvFile(file) }) = &self.variables.new
            && key.variable() == Some(name)
        {
            return command.arg("--env-file").arg(file);
        }
        match self.means.values {
            _ if key.variable().is_none() => command,
            _ if is_elsewhere => command.arg("--env-file").verbatim("ENV_FILE"),
            ValuesFrom::File(file) => command.arg("--env-file").arg(file),
            ValuesFrom::Places if key.secret().is_none() => command.arg("--env-file").verbatim("ENV_FILE"),
            ValuesFrom::Places | ValuesFrom::Nowhere => command,
        }
    }

    fn lasting(&self, key: &Key) -> LastingName {
        LastingName::of(key, self.keys)
    }

    /// Where a command for later names a key by its number.
    fn moving(&self, key: &Key) -> Option<Moving> {
        let moving = || Moving { key: self.lasting(key), status: self.means.tool("status") };
        (!key.has_plain_kid()).then(moving)
    }

    fn losses(&self, signed: Signed) -> Step {
        let last = self.now + self.policy.least_overlap();
        only(Action::Losses { signed, platform: self.means.platform.clone(), last })
    }
}

/// A backend that may not have left a key of an earlier rotation yet: the next one gives it no more time.
#[derive(Clone, Debug)]
pub(crate) struct EarlierRotation {
    /// As people name it.
    pub(crate) key: String,
    lasting: LastingName,
    /// When the backend must have left it.
    pub(crate) by: NumericDate,
    /// Gives it more time.
    retire: CommandLine,
    moving: Option<Moving>,
}

impl EarlierRotation {
    pub(crate) fn message(&self, now: NumericDate) -> Sentence {
        sentence!(
            "a backend that still signs with {} must stop by {}, whatever the steps below say. `{}` gives it more \
             time{}",
            self.lasting.message(now),
            self.by.for_people(now),
            self.retire,
            moved(self.moving.as_ref(), now)
        )
    }
}

/// The keys of earlier rotations that may still be signed with. `before`: the keys before the change.
#[must_use]
pub(crate) fn earlier_rotations(situation: &Situation<'_>, before: &KeySet) -> Vec<EarlierRotation> {
    let retiring = before.keys().iter().filter(|key| key.is_symmetric() && !before.is_current(key));
    let after = counterparts(before, situation.keys);
    let earlier = |key: &Key| {
        let Phase::Retiring { exp } = key.phase(situation.now) else { return None };
        // One that is current again has all the time there is.
        let is = after[key.index].map(|index| &situation.keys.keys()[index]);
        if is.is_some_and(|is| situation.keys.is_current(is)) {
            return None;
        }
        let by = exp + (Seconds::default() - situation.policy.least_overlap());
        let number = after[key.index].map_or(key.number(), |index| index + 1);
        let argument = key.reference_at(number).argument();
        (by > situation.now).then(|| EarlierRotation {
            key: key.name(),
            lasting: situation.lasting(key),
            by,
            retire: situation.means.timed("retire", argument),
            moving: situation.moving(key),
        })
    };
    retiring.filter_map(earlier).collect()
}
