//! What to do after a change, in plain words, with times.

use super::events::counterparts;
use crate::base::text::{Printable, list};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeySet, Material, Member, Phase};
use crate::schedule::Policy;
use crate::store::Platform;

/// What was done, as far as the next steps depend on it. Keys that are still there are those after the change.
#[derive(Clone, Copy, Debug)]
pub enum Done<'k> {
    /// A new key stands first.
    Rotated {
        /// The new key.
        new: &'k Key,
        /// The one that was current and is retiring now.
        outgoing: Option<&'k Key>,
    },
    /// A new key stands in the place of one that was removed in the same write.
    Revoked {
        /// The new key.
        new: &'k Key,
        /// The key that is gone.
        gone: &'k Key,
    },
    /// A new key waits behind the current one.
    Waits {
        /// The new key.
        new: &'k Key,
        /// When it may be promoted.
        nbf: NumericDate,
        /// The key that signs until then.
        current: Option<&'k Key>,
    },
    /// A key waits behind the current one, and too little time is left before it may be promoted.
    WaitsTooShort {
        /// The new key.
        new: &'k Key,
        /// When it may be promoted.
        nbf: NumericDate,
    },
    /// A key that waited is the current one.
    Promoted {
        /// It.
        key: &'k Key,
        /// The one that was current and is retiring now.
        outgoing: Option<&'k Key>,
    },
    /// An assumed `iat` was written down.
    Noted,
    /// Keys are written in another way, and are the same, or the service starts with them now.
    Respelled,
    /// A key has another secret, algorithm or public key under the same kid.
    ReKeyed {
        /// It.
        key: &'k Key,
    },
    /// A key was appended.
    Added {
        /// The new key.
        new: &'k Key,
        /// Whether it is the current one.
        current: bool,
    },
    /// Keys got an `exp`. The latest of them is given.
    Retired(NumericDate),
    /// A secret stands elsewhere: the same key.
    Moved(&'k Key),
    /// Keys lost their `exp`.
    Unretired,
    /// Keys are gone.
    Removed {
        /// Whether they might still have verified tokens.
        live: bool,
        /// The key that is current now in place of one that is gone.
        successor: Option<&'k Key>,
    },
}

/// One thing to do: a sentence and the commands that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What and when.
    pub text: String,
    /// Command lines.
    pub commands: Vec<String>,
}

/// A variable that is new to the service.
#[derive(Clone, Copy, Debug)]
pub struct NewVariable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where its value is.
    pub kept: Kept<'a>,
}

/// Where a new variable's value is.
#[derive(Clone, Copy, Debug)]
pub enum Kept<'a> {
    /// In this env file.
    EnvFile(&'a str),
    /// Alone in this file, on its way elsewhere.
    File(&'a str),
    /// On the screen only.
    Nowhere,
}

/// Everything that the wording depends on.
pub struct Situation<'a> {
    /// The moment of the change.
    pub now: NumericDate,
    /// How long things take.
    pub policy: &'a Policy,
    /// What restarts the service.
    pub platform: &'a Platform,
    /// The tool with the options that name this config: `powersync-jwks -c PATH`.
    pub tool: &'a str,
    /// The flags that later commands need to count as this one did, with a space before each.
    pub flags: &'a str,
    /// The keys after the change.
    pub keys: &'a KeySet,
    /// The variable that the change needs.
    pub variable: Option<NewVariable<'a>>,
    /// Variables that nothing in the config refers to any more.
    pub unused: &'a [String],
    /// Where running services were asked for the key that is promoted, and know it.
    pub live_at: &'a [String],
}

/// What a step is, for steps that call it by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Every replica restarts.
    Restart,
    /// Nobody needs to.
    NoRestart,
    /// The backend gets another key.
    Switch,
    /// A key that waits takes the first place.
    Promote,
    /// Keys are removed.
    Prune,
    /// What to do if steps came late.
    CountAnew,
    /// Whose tokens fail.
    Losses,
    /// Anything else.
    Other,
}

/// A step before all are numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) role: Role,
    pub(super) step: Step,
}

impl Planned {
    fn new(role: Role, text: impl Into<String>, commands: Vec<String>) -> Self {
        Self { role, step: Step { text: text.into(), commands } }
    }
}

pub(super) fn say(text: impl Into<String>) -> Planned {
    Planned::new(Role::Other, text, Vec::new())
}

fn no_restart(text: &str) -> Planned {
    Planned::new(Role::NoRestart, format!("No restart is needed{text}"), Vec::new())
}

/// What stands for the number of a step.
const NUMBER_OF: [(&str, Role); 3] =
    [("{restart}", Role::Restart), ("{switch}", Role::Switch), ("{prune}", Role::Prune)];

/// The steps as they are told, with the numbers of those they speak of.
pub(super) fn numbered(planned: Vec<Planned>) -> Vec<Step> {
    let number = |role| planned.iter().position(|one| one.role == role).map_or(1, |index| index + 1);
    let numbers = NUMBER_OF.map(|(mark, role)| (mark, number(role).to_string()));
    let tell = |Planned { role, mut step }| {
        if matches!(role, Role::Promote | Role::CountAnew) {
            for (mark, number) in &numbers {
                step.text = step.text.replace(mark, number);
            }
        }
        step
    };
    planned.into_iter().map(tell).collect()
}

/// What a person does next.
#[must_use]
pub fn next_steps(done: Done<'_>, situation: &Situation<'_>) -> Vec<Step> {
    numbered(planned_steps(done, situation))
}

/// The same, to be put together with others.
pub(super) fn planned_steps(done: Done<'_>, situation: &Situation<'_>) -> Vec<Planned> {
    let mut steps = steps(done, situation);
    steps.extend(situation.drop_unused());
    steps
}

fn switch(text: impl Into<String>) -> Planned {
    Planned::new(Role::Switch, text, Vec::new())
}

fn steps(done: Done<'_>, situation: &Situation<'_>) -> Vec<Planned> {
    match done {
        Done::Rotated { new, outgoing } => situation.after_rotation(new, outgoing),
        Done::Revoked { new, gone } => {
            let old = gone.name();
            vec![
                situation.restart(
                    &format!("Now: restart every replica of the PowerSync Service with this file. Until the last one has \
                     restarted, whoever has the secret of {old} can still sign in"),
                ),
                switch(format!("At the same time: {}", situation.hand_over(new))),
                situation.expect_rejections(&format!("with {old}")),
            ]
        }
        Done::Waits { new, nbf, current } => situation.while_it_waits(new, nbf, current),
        Done::WaitsTooShort { new, nbf } => vec![
            situation.restart(
                "Now: restart every replica of the PowerSync Service with this file; it reads it only at start",
            ),
            say(format!(
                "{} may be promoted from {nbf} on, and `reconcile` does it: a replica that has not restarted by then rejects \
                 its tokens",
                new.name()
            )),
        ],
        Done::Promoted { key, outgoing } => situation.after_promotion(key, outgoing),
        Done::Noted => vec![no_restart(": the service doesn't read `iat`, it is a note for us")],
        Done::Respelled => vec![say(
            "Replicas that run need no restart for this: what they read is the same. A service that did not start \
             with the old file starts with this one",
        )],
        Done::ReKeyed { key } => vec![
            situation.restart(RESTART),
            switch(format!(
                "At the same time: give your backend what it signs with now under the kid {}. Until both have it, new tokens \
                 are rejected, too",
                key.name()
            )),
            situation.expect_rejections(&format!("with the old {}", key.name())),
        ],
        Done::Added { new, current: true } => situation.after_rotation(new, None),
        Done::Added { new, current: false } => vec![
            situation.restart(RESTART),
            say(format!("Only then let someone sign with {}: give them its kid and its secret together", new.name())),
        ],
        Done::Retired(exp) => vec![
            no_restart(": the service doesn't read `exp`, it is a note for us"),
            say(format!(
                "By {}, nobody may sign with it any more: a token signed later is rejected once the key is gone",
                NumericDate::new(exp.seconds() - situation.policy.least_overlap().get())
                    .map_or(situation.now, |date| date.max(situation.now))
            )),
            situation.prune(exp, "what is retired"),
        ],
        Done::Moved(key) => vec![
            situation.restart(RESTART),
            say(format!("Nothing changes for your backend: {} is the same key", key.name())),
        ],
        Done::Unretired => vec![no_restart(": the service has accepted the key all the time")],
        Done::Removed { live: false, .. } => vec![situation.restart(
            "Restart every replica of the PowerSync Service with this file. Until then it accepts what was removed",
        )],
        Done::Removed { live: true, successor } => {
            let mut steps = vec![situation.restart(
                "Now: restart every replica of the PowerSync Service with this file. Until the last one has restarted, \
                 whoever has the removed secret can still sign in",
            )];
            if let Some(successor) = successor {
                steps.push(switch(format!(
                    "At the same time: {}. Until it has both, all its new tokens are rejected, too",
                    situation.hand_over(successor)
                )));
            } else if situation.keys.other_login.is_none() && !situation.keys.keys().iter().any(is_usable) {
                steps.push(Planned::new(
                    Role::Other,
                    "Nobody can log in until there is a key again",
                    if *situation.platform == Platform::Cloud {
                        vec![format!("{} add", situation.tool), "powersync deploy".to_owned()]
                    } else {
                        vec![format!("{} rotate", situation.tool)]
                    },
                ));
            }
            steps.push(situation.expect_rejections("with what was removed"));
            steps
        }
    }
}

pub(super) const RESTART: &str =
    "Restart every replica of the PowerSync Service with this file; it reads it only at start";

fn is_usable(key: &Key) -> bool {
    !matches!(key.material, Material::Unusable(_))
}

/// There are no replicas to restart: a config is deployed.
fn in_cloud(text: &str) -> String {
    let (when, rest) = if text.starts_with("Now: ") { ("Now: deploy", "") } else { ("Deploy", "") };
    let until = match text.split_once("Until ") {
        Some((_, until)) if until.contains("can still sign in") => {
            ". Until then, whoever has the removed secret can still sign in"
        }
        Some(_) => ". Until then, what was removed is accepted",
        None => rest,
    };
    format!("{when} this file{until}")
}

impl Situation<'_> {
    fn while_it_waits(&self, new: &Key, nbf: NumericDate, current: Option<&Key>) -> Vec<Planned> {
        vec![
            self.restart(&format!(
                "By {}: restart every replica of the PowerSync Service with this file; it reads it only at start",
                self.now + self.policy.deploy_within
            )),
            Planned::new(
                Role::Promote,
                format!(
                    "From {nbf}, not earlier, and only if {{restart}} is done (`{} probe URL` asks a replica): let {} take the \
                     first place. Until then your backend goes on signing with {}, and needs nothing new",
                    self.tool,
                    new.name(),
                    current.map_or_else(String::new, |current| self.lasting(current))
                ) + &self.moving(new),
                vec![format!("{} promote {}{}", self.tool, new.argument(), self.flags)],
            ),
        ]
    }

    fn after_rotation(&self, new: &Key, outgoing: Option<&Key>) -> Vec<Planned> {
        let Some(outgoing) = outgoing else {
            return vec![self.restart(RESTART), switch(format!("Only then: {}", self.hand_over(new)))];
        };
        let old = self.lasting(outgoing);
        let (deployed, switched) = self.policy.deadlines(self.now);
        let removable = outgoing.exp.value().copied().unwrap_or(self.now + self.policy.stay());
        vec![
            self.restart(&format!(
                "By {deployed}: restart every replica of the PowerSync Service with this file; it reads it only at start"
            )),
            Planned::new(
                Role::Switch,
                format!(
                    "Only then, and by {switched}: {}. Until it has both, it goes on signing with {old}{}",
                    self.hand_over(new),
                    Self::printed(new)
                ),
                self.export(new),
            ),
            self.prune_outgoing(removable, outgoing, new),
            self.count_anew("{restart} or {switch}", outgoing),
        ]
    }

    fn after_promotion(&self, key: &Key, outgoing: Option<&Key>) -> Vec<Planned> {
        let (_, switched) = self.policy.deadlines(self.now);
        let mut steps = vec![
            Planned::new(
                Role::Switch,
                format!(
                    "By {switched}: {}. {}{}",
                    self.hand_over(key),
                    self.known_to_replicas(key),
                    Self::printed(key)
                ),
                self.export(key),
            ),
            no_restart(" for this change alone: the service knows both keys already"),
        ];
        if let Some(outgoing) = outgoing {
            let removable = outgoing.exp.value().copied().unwrap_or(self.now + self.policy.stay());
            steps.push(self.prune_outgoing(removable, outgoing, key));
            steps.push(self.count_anew("{switch}", outgoing));
        }
        steps
    }

    fn count_anew(&self, late: &str, outgoing: &Key) -> Planned {
        Planned::new(
            Role::CountAnew,
            format!(
                "If {late} comes later than planned, run this when it is done, and before {{prune}}, to count anew{}",
                self.moving(outgoing)
            ),
            vec![format!("{} retire {}{}", self.tool, outgoing.argument(), self.flags)],
        )
    }

    /// Which replicas know the key, as far as it was asked.
    fn known_to_replicas(&self, key: &Key) -> String {
        if self.live_at.is_empty() {
            return format!(
                "Every replica must have restarted with {} before; that can't be seen from here",
                key.name()
            );
        }
        format!(
            "{} is live at {}; a replica that was not asked must have restarted with it before, too",
            key.name(),
            list(self.live_at)
        )
    }

    fn hand_over(&self, new: &Key) -> String {
        let wildcard = self.keys.keys().iter().any(Key::is_wildcard);
        let without = if wildcard { "" } else { ": one without is rejected" };
        let secret = new.variable().map_or_else(
            || "the `k` beside it (base64url)".to_owned(),
            |variable| format!("the value of {variable} (base64url)"),
        );
        if new.kid.is_absent() {
            return format!(
                "give your backend the secret of the key without a kid, {}: {secret}",
                new.name()
            );
        }
        format!(
            "give your backend the new kid and its secret together: kid {}, and {secret}. Its tokens must carry the kid in \
             their header{without}",
            new.name()
        )
    }

    pub(super) fn restart(&self, text: &str) -> Planned {
        let text = match self.platform {
            Platform::Cloud => in_cloud(text),
            _ => text.to_owned(),
        };
        let Some(NewVariable { name, kept }) = self.variable else {
            return Planned::new(Role::Restart, text, self.platform.restart());
        };
        let store = match kept {
            Kept::EnvFile(_) => String::new(),
            Kept::File(file) => format!(
                ". Before that, store what is in {} as {name} where the service gets its secrets from, and delete the file",
                Printable(file)
            ),
            Kept::Nowhere => format!(
                ". Before that, store the value that is printed as {name} where the service gets its secrets from: it is \
                 not shown again"
            ),
        };
        let needs = match self.platform {
            Platform::Cloud => format!("{name} must be set where you deploy from"),
            _ => format!(
                "It needs {name} now, so its containers must be given that variable and recreated; one that is only \
                 restarted keeps its old variables"
            ),
        };
        let mut commands = self.platform.pass(name);
        commands.extend(self.platform.restart());
        Planned::new(Role::Restart, format!("{text}{store}. {needs}"), commands)
    }

    /// Variables that are in the way of nothing, and still hold a secret.
    fn drop_unused(&self) -> Option<Planned> {
        let names = list(self.unused);
        let (verb, it) = if self.unused.len() == 1 { ("is", "it") } else { ("are", "them") };
        let until = match self.platform {
            Platform::Cloud => format!("Once this file is deployed, and unless another config uses {it}"),
            _ => format!(
                "A replica that starts with the old file needs {it}. Once every replica has the new one, and unless another \
                 config uses {it}"
            ),
        };
        (!self.unused.is_empty()).then(|| {
            Planned::new(
                Role::Other,
                format!("{names} {verb} no longer used by this config. {until}, drop {it} from the env file"),
                vec![format!("{} prune --drop-env={}", self.tool, self.unused.join(","))],
            )
        })
    }

    /// How its secret is handed out, where it is in the file.
    fn export(&self, key: &Key) -> Vec<String> {
        let export = || format!("{} export {} --as env", self.tool, key.argument());
        key.secret().map(|_| export()).into_iter().collect()
    }

    /// The end of the sentence before that command.
    fn printed(key: &Key) -> &'static str {
        match (key.secret(), key.kid.is_absent()) {
            (None, _) => "",
            (Some(_), true) => ". This prints it",
            (Some(_), false) => ". This prints both",
        }
    }

    fn prune_outgoing(&self, from: NumericDate, outgoing: &Key, successor: &Key) -> Planned {
        let mut planned = self.prune(from, &self.lasting(outgoing));
        let step = &mut planned.step;
        step.text += ". First ask, with a token that your backend made just now, whether it has switched";
        step.commands.insert(0, format!("{} verify --expect {} TOKEN_FILE", self.tool, successor.argument()));
        let others = self.keys.keys().iter().any(|key| key.is_wildcard() && key.index != outgoing.index);
        if outgoing.is_wildcard() && !others {
            step.text += ". From then on, a token without a kid in its header is rejected";
        }
        planned
    }

    /// A key by what stays the same when numbers move.
    fn lasting(&self, key: &Key) -> String {
        let wildcards = self.keys.keys().iter().filter(|key| key.is_wildcard()).count();
        match (&key.kid, key.exp.value()) {
            (Member::Value(kid), _) => kid.to_string(),
            (Member::Variable(name), _) => format!("the key with the kid `!env {name}`"),
            (Member::Absent, _) if wildcards <= 1 => "the key without a kid".to_owned(),
            (Member::Absent, Some(exp)) => format!("the key without a kid that may be removed from {exp}"),
            _ => format!("the key on line {} of this file", key.line),
        }
    }

    /// Said beside a command for later that names a key by its number.
    fn moving(&self, key: &Key) -> String {
        if !key.argument().starts_with('@') {
            return String::new();
        }
        format!(
            ". Numbers move with each change: look with `{} status` first which one {} has then",
            self.tool,
            self.lasting(key)
        )
    }

    fn prune(&self, from: NumericDate, what: &str) -> Planned {
        let text = format!("From {from}, not earlier: remove {what}, and restart every replica again");
        Planned::new(Role::Prune, text, vec![format!("{} prune", self.tool)])
    }

    fn expect_rejections(&self, signed: &str) -> Planned {
        let when = if *self.platform == Platform::Cloud { "from then on" } else { "as replicas restart" };
        let text = format!(
            "Expect rejections: tokens signed {signed} fail {when}, until their users get new ones. The \
             last of them would have expired by {}",
            self.now + self.policy.least_overlap()
        );
        Planned::new(Role::Losses, text, Vec::new())
    }
}

/// Backends that haven't left a key of an earlier rotation yet: the next one gives them no more time. `before`: the
/// keys before the change.
#[must_use]
pub fn earlier_rotations(situation: &Situation<'_>, before: &KeySet) -> Vec<String> {
    let retiring = before.keys().iter().filter(|key| key.is_symmetric() && !before.is_current(key));
    let after = counterparts(before, situation.keys);
    let deadline = |key: &Key| {
        let Phase::Retiring { exp } = key.phase(situation.now) else { return None };
        let last = exp + (Seconds::default() - situation.policy.least_overlap());
        (last > situation.now).then(|| {
            format!(
                "a backend that still signs with {} must have left it by {last}, whatever is said below. `{} retire {}{}` \
                 gives it more time{}",
                situation.lasting(key),
                situation.tool,
                key.reference_at(after[key.index].map_or(key.number(), |index| index + 1)).argument(),
                situation.flags,
                situation.moving(key)
            )
        })
    };
    retiring.filter_map(deadline).collect()
}
