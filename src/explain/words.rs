//! The words for what a person does next.

use std::fmt::Display;

use super::step::{
    Action, Handed, HandedKid, Kept, LastingName, Meanwhile, Moving, NewVariable, NoRestart, Pruned, Signed,
    Step, Steps, Turn, Until, When,
};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::store::Platform;

impl Step {
    /// In words, among the steps it is told with: it calls others by their number.
    pub(crate) fn message(&self, among: &Steps) -> Sentence {
        let now = among.now;
        let date = |date: &NumericDate| date.for_people(now);
        match &self.action {
            Action::Restart { when, until, platform, variable } => {
                let variable = variable.as_ref().map(|variable| variable.message(platform));
                sentence!(
                    "{}{}{}",
                    when.message(platform, now),
                    until.message(platform),
                    or_nothing(variable)
                )
            }
            Action::NoRestart(why) => why.message(now),
            Action::FixFirst { what, platform } => fix_first(what.as_ref(), platform),
            Action::StillBroken => sentence!("{STILL_BROKEN}"),
            Action::SetVariables { names, platform } => set_variables(names, platform),
            Action::HandOver { turn, key, meanwhile } => {
                let (turn, meanwhile) = (turn.message(now), meanwhile.message(&key.name, now));
                sentence!("{turn}{}{meanwhile}{}", key.message(), self.printed(key.kid))
            }
            Action::HandBack { key, from, by } => sentence!(
                "By {}: see that every backend signs with {} again. One that never left it needs nothing. One that signs with \
                 {} already: give it {} again{}. Until then, tokens of both are accepted",
                date(by),
                key.name,
                from.message(now),
                if key.kid == HandedKid::None { "the secret" } else { "kid and secret together" },
                self.printed(key.kid)
            ),
            Action::KeepSigning { key } => {
                sentence!("Nothing changes for your backend: it keeps signing with {}", key.message(now))
            }
            Action::NextRotation { from } if *from <= now => {
                sentence!(
                    "`reconcile` starts the next rotation at its next run: pause its timer until the cause is found"
                )
            }
            Action::NextRotation { from } => sentence!(
                "From {}, `reconcile` starts the next rotation: pause its timer if the cause isn't found by then",
                date(from)
            ),
            Action::HandOverAgain { key } => sentence!(
                "At the same time: give the new secret of {key} to the backend that signs with it. Until both have it, new \
                 tokens are rejected, too"
            ),
            Action::SignLater { key } if key.is_wildcard() => {
                sentence!("Only then let someone sign with {}: give them its secret", key.in_words())
            }
            Action::SignLater { key } => {
                sentence!("Only then let someone sign with {key}: give them its kid and its secret together")
            }
            Action::PromotedSoon { key, not_before } => promoted_soon(key, date(not_before)),
            Action::Promote { key, not_before, current, moving } => {
                let current = current.as_ref().map(|current| sentence!(" with {}", current.message(now)));
                let (date, restart) = (date(not_before), among.restart());
                sentence!(
                    "Not before {date}, and only once step {restart} is done (`probe` asks a replica): promote {key}. \
                     Until then, your backend keeps signing{} and needs nothing new{}",
                    or_nothing(current),
                    moved(moving.as_ref(), now)
                )
            }
            Action::StopSigning { by } => sentence!(
                "Stop signing with it by {}: a token signed later is rejected once the key is removed",
                date(by)
            ),
            Action::Prune { not_before, what } => {
                sentence!("Not before {}: remove {}", date(not_before), what.message(now))
            }
            Action::RestartCountdown { moving } => among.countdown(moving.as_ref()),
            Action::SameKey { key } => sentence!("Nothing changes for your backend: {key} is the same key"),
            Action::AddKey => sentence!("Nobody can log in until there is a key again"),
            Action::Losses { signed: signed @ Signed::With(_), platform, last } => {
                both_sides(signed, platform, date(last))
            }
            Action::Losses { signed, platform, last } => losses(signed, platform, date(last)),
            Action::DropVariables { names, platform } => unused(names, platform),
            Action::ConfigDeleted => sentence!("{CONFIG_DELETED}"),
            Action::NothingElse => sentence!("{NOTHING_ELSE}"),
            Action::SetUp(_, text) => text.clone(),
        }
    }

    /// What the command of a hand-over prints.
    fn printed(&self, kid: HandedKid) -> &'static str {
        match (self.commands.is_empty(), kid) {
            (true, _) => "",
            (false, HandedKid::None) => ". This prints it",
            (false, _) => ". This prints both",
        }
    }
}

const STILL_BROKEN: &str = "Running replicas need no restart: what they read is the same. The service still does not start \
    with this file: fix what `check` reports before any restart";
const CONFIG_DELETED: &str = "Running replicas keep what they have read. One that restarts needs another config, or does \
    not start: name the config that replaces this one, or take the service down";
const NOTHING_ELSE: &str = "No further action needed: the config refers to none of what was dropped";

fn set_variables(names: &[String], platform: &Platform) -> Sentence {
    if *platform == Platform::Cloud {
        return sentence!("First set {} where you deploy from", list(names));
    }
    sentence!(
        "First set {} on every replica: one that starts with this file and without it does not start. Containers have to \
         be recreated to see it",
        list(names)
    )
}

fn promoted_soon(key: &str, date: impl Display) -> Sentence {
    sentence!(
        "{key} may be promoted from {date}, and `reconcile` does it: a replica that has not restarted by then rejects its \
         tokens"
    )
}

/// Both sides of a revocation: tokens that are out, and those that are made from now on.
fn both_sides(signed: &Signed, platform: &Platform, last: impl Display) -> Sentence {
    if *platform == Platform::Cloud {
        return sentence!("{}. New tokens fail until the deploy is done", losses(signed, platform, last));
    }
    sentence!(
        "{}. New tokens fail, too, at replicas that have not restarted yet: until the last one has, a user may be let in by \
         one and rejected by another",
        losses(signed, platform, last)
    )
}

fn losses(signed: &Signed, platform: &Platform, last: impl Display) -> Sentence {
    let when = if *platform == Platform::Cloud { "from then on" } else { "as replicas restart" };
    sentence!(
        "Expect rejections: tokens signed {} fail {when}, until their users get new ones. The last of them would have \
         expired by {last}",
        signed.message()
    )
}

fn or_nothing(sentence: Option<Sentence>) -> Sentence {
    sentence.unwrap_or_else(|| sentence!(""))
}

impl Steps {
    /// The number of the first step of that kind.
    fn number(&self, is_it: impl Fn(&Action) -> bool) -> Option<usize> {
        self.list.iter().position(|step| is_it(&step.action)).map(|index| index + 1)
    }

    fn restart(&self) -> usize {
        self.number(|action| matches!(action, Action::Restart { .. })).unwrap_or(1)
    }

    fn countdown(&self, moving: Option<&Moving>) -> Sentence {
        // Only one that has to be done by some time can be late.
        let restart = self.number(|action| matches!(action, Action::Restart { when: When::By(_), .. }));
        let hand_over = self
            .number(|action| matches!(action, Action::HandOver { .. } | Action::HandBack { .. }))
            .unwrap_or(1);
        let prune = self.number(|action| matches!(action, Action::Prune { .. })).unwrap_or(1);
        sentence!(
            "If step {}{hand_over} is done later than planned, run this then, and before step {prune}, to restart the \
             countdown{}",
            or_nothing(restart.map(|restart| sentence!("{restart} or "))),
            moved(moving, self.now)
        )
    }
}

impl When {
    fn message(self, platform: &Platform, now: NumericDate) -> Sentence {
        let (upper, lower, what) = match platform {
            Platform::Cloud => ("Deploy", "deploy", "this file"),
            _ => ("Restart", "restart", "every replica of the PowerSync Service with this file"),
        };
        match self {
            Self::Anytime => sentence!("{upper} {what}"),
            Self::Now => sentence!("Now: {lower} {what}"),
            Self::By(by) => sentence!("By {}: {lower} {what}", by.for_people(now)),
        }
    }
}

impl Until {
    fn message(&self, platform: &Platform) -> Sentence {
        let is_cloud = *platform == Platform::Cloud;
        let until = if is_cloud { "Until then" } else { "Until the last one has restarted" };
        match self {
            Self::OldFile if is_cloud => sentence!(""),
            Self::OldFile => sentence!("; it reads it only at start"),
            Self::Accepted => sentence!(". Until then, what was removed is accepted"),
            Self::SignsIn(Some(key)) => {
                sentence!(". {until}, whoever has the secret of {key} can still sign in")
            }
            Self::SignsIn(None) => sentence!(". {until}, whoever has the removed secret can still sign in"),
        }
    }
}

impl NewVariable {
    fn message(&self, platform: &Platform) -> Sentence {
        let name = &self.name;
        let store = match &self.kept {
            Kept::EnvFile(_) => sentence!(""),
            Kept::File(file) => sentence!(
                ". Before that, store the content of {} as {name} where the service gets its secrets from, and delete \
                 the file",
                Printable(file)
            ),
            Kept::Nowhere => sentence!(
                ". Before that, store the printed value as {name} where the service gets its secrets from: it is not \
                 shown again"
            ),
        };
        match platform {
            Platform::Cloud => sentence!("{store}. {name} must be set where you deploy from"),
            _ => sentence!(
                "{store}. It needs {name} now, so pass that variable to its containers and recreate them; one that is \
                 only restarted keeps its old variables"
            ),
        }
    }
}

impl NoRestart {
    fn message(&self, now: NumericDate) -> Sentence {
        match self {
            Self::NotRead(member) => sentence!(
                "No restart is needed: the service doesn't read `{member}`, which only this tool uses"
            ),
            Self::KnowsBoth => {
                sentence!("No restart is needed for this change alone: the service knows both keys already")
            }
            Self::KnewBoth(key) => sentence!(
                "No restart is needed where every replica knows both keys. One that hasn't restarted since {} was added \
                 rejects its tokens: restart it, or let its backends go back first",
                key.message(now)
            ),
            Self::AcceptedAllAlong => {
                sentence!("No restart is needed: the service has accepted the key all the time")
            }
            Self::SameKeys => sentence!(
                "Running replicas need no restart: what they read is the same. A service that did not start with the \
                 old file starts with this one"
            ),
        }
    }
}

fn fix_first(what: Option<&Sentence>, platform: &Platform) -> Sentence {
    let (before, then) = match platform {
        Platform::Cloud => ("you deploy", ""),
        _ => ("any restart", ", and a replica that restarts stays down"),
    };
    match what {
        Some(what) => sentence!(
            "Before {before}, fix {what}: the service does not start with this file{then}. `check` says how"
        ),
        None => sentence!(
            "Before {before}, fix this file: the service does not start with it{then}. `check` says what is wrong"
        ),
    }
}

fn unused(names: &[String], platform: &Platform) -> Sentence {
    let (verb, it) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    let until = match platform {
        Platform::Cloud => sentence!("Once this file is deployed"),
        _ => sentence!(
            "A replica that starts with the old file needs {it}. Once every replica has the new one"
        ),
    };
    sentence!(
        "{} {verb} no longer used by this config. {until}, and unless another config uses {it}, drop {it} from the env \
         file",
        list(names)
    )
}

impl Turn {
    fn message(self, now: NumericDate) -> Sentence {
        match self {
            Self::With => sentence!("At the same time: "),
            Self::After => sentence!("Only then: "),
            Self::AfterAndBy(by) => sentence!("Only then, and by {}: ", by.for_people(now)),
            Self::By(by) => sentence!("By {}: ", by.for_people(now)),
        }
    }
}

impl Handed {
    fn message(&self) -> Sentence {
        let name = &self.name;
        let secret = self.variable.as_ref().map_or_else(
            || sentence!("the `k` beside it (base64url)"),
            |variable| sentence!("the value of {variable} (base64url)"),
        );
        let without = match self.kid {
            HandedKid::None => {
                return sentence!("give your backend the secret of the key without a kid: {secret}");
            }
            HandedKid::Expected => "",
            HandedKid::Required => ": one without is rejected",
        };
        sentence!(
            "give your backend the new kid and its secret together: kid {name}, and {secret}. Its tokens must carry the \
             kid in their header{without}"
        )
    }
}

impl Meanwhile {
    fn message(&self, key: &str, now: NumericDate) -> Sentence {
        match self {
            Self::Nothing => sentence!(""),
            Self::SignsWith(old) => {
                sentence!(". Until it has both, it keeps signing with {}", old.message(now))
            }
            Self::Rejected => sentence!(". Until it has both, all its new tokens are rejected, too"),
            Self::Known(at) if at.is_empty() => sentence!(
                ". Every replica must have restarted with {key} before; that can't be seen from here"
            ),
            Self::Known(at) => sentence!(
                ". {key} is live at {}; a replica that was not asked must have restarted with it before, too",
                list(at)
            ),
        }
    }
}

impl Pruned {
    fn message(&self, now: NumericDate) -> Sentence {
        let check = "First ask, with a token that your backend made just now, whether it has switched";
        match self {
            Self::Retired => sentence!("what is retired, and restart every replica again"),
            Self::Outgoing(key) => {
                sentence!("{}, and restart every replica again. {check}", key.message(now))
            }
            Self::LastWildcard(key) => sentence!(
                "{}, and restart every replica again. {check}. From then on, a token without a kid in its header is \
                 rejected",
                key.message(now)
            ),
        }
    }
}

impl Signed {
    fn message(&self) -> Sentence {
        match self {
            Self::With(key) => sentence!("with {key}"),
            Self::WithOld(key) => sentence!("with the old {key}"),
            Self::WithRemoved => sentence!("with what was removed"),
        }
    }
}

impl LastingName {
    pub(super) fn message(&self, now: NumericDate) -> Sentence {
        match self {
            Self::Kid(kid) => sentence!("{kid}"),
            Self::KidOf(variable) => sentence!("the key with the kid `!env {variable}`"),
            Self::WithoutKid => sentence!("the key without a kid"),
            Self::RemovableFrom(exp) => {
                sentence!("the key without a kid that may be removed from {}", exp.for_people(now))
            }
            Self::OnLine(line) => sentence!("the key on line {line} of this file"),
        }
    }
}

/// The end of a sentence about a command for later.
pub(super) fn moved(moving: Option<&Moving>, now: NumericDate) -> Sentence {
    or_nothing(moving.map(|Moving { key, status }| {
        sentence!(
            ". Numbers change with each edit: `{status}` shows which one {} has by then",
            key.message(now)
        )
    }))
}
