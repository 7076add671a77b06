//! The config of `init --fill`, with the key, the audience and the token that it lacks.

use similar::{ChangeTag, TextDiff};
use zeroize::Zeroizing;

use super::file_change::FileChange;
use super::fill::EnvState;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::config::{Config, Input, edit};
use crate::init::{self, Lacking, TOKEN};
use crate::keyset::{HmacAlg, Kid, Secret};
use crate::schedule::{Change, NewKey, SecretForm, plan};
use crate::session::arguments::Times;
use crate::session::changeset::FileAction;
use crate::session::source::Opened;
use crate::session::{Error, Source, World, policy};
use crate::store::Snapshot;

/// A config that gains what it lacks.
pub(crate) struct Completed {
    pub(crate) text: Zeroizing<String>,
    lacking: Lacking,
    /// Its kid, and the variable of its secret.
    key: Option<(String, String)>,
}

impl Completed {
    /// `None`: it lacks nothing that can be added.
    pub(crate) fn of(
        source: &Source,
        config: &Config<'_>,
        input: Input,
        env: &EnvState,
        world: &mut World<'_>,
    ) -> Result<Option<Self>, Error> {
        let lacking = Lacking::of(config);
        if !lacking.key && !lacking.token {
            return Ok(None);
        }
        let (mut text, mut key_and_variable) = (Zeroizing::new(config.text().to_owned()), None);
        let name = source.name();
        let fail = Error::config(&name);
        if lacking.key {
            let prefix = policy::of(&Times::default(), source, world)?.kid_prefix;
            let now = world.clock.now();
            let fresh = Kid::fresh(&prefix, now, world.random)?;
            let variable = env.free_slot();
            key_and_variable = Some((fresh.to_string(), variable.clone()));
            let key = NewKey {
                kid: Some(fresh),
                kid_is_chosen: false,
                secret_is_imported: false,
                alg: HmacAlg::Hs256,
                // Its text is not written: the env file gets one.
                secret: Secret::new(Zeroizing::new(Vec::new())),
                iat: Some(now),
                form: SecretForm::Variable(variable.clone()),
            };
            let changes = [Change::Add { key, at: 0, nbf: None }];
            text = edit::apply(config, &plan(&changes, now, None)).map_err(&fail)?;
        }
        let text = init::completed(&text, input, lacking).map_err(&fail)?;
        Ok(Some(Self { text, lacking, key: key_and_variable }))
    }

    /// What is added, a line each.
    pub(crate) fn events(&self) -> Vec<Sentence> {
        let mut events = Vec::new();
        if let Some((kid, variable)) = &self.key {
            events.push(sentence!("a key, {}, with its secret in {variable}", Printable(kid)));
        }
        if self.lacking.audience {
            events
                .push(sentence!("the audience `powersync`: the `aud` of each token has to be one of these"));
        }
        if self.lacking.token {
            events.push(sentence!("{TOKEN}, in place of the example token for the admin API"));
        }
        events
    }

    /// The write of the config.
    pub(crate) fn change(
        &self,
        source: &Source,
        old: Snapshot,
        opened: &Opened<'_>,
        world: &World<'_>,
    ) -> Result<FileChange, Error> {
        let name = source.name();
        let fail = |source| Error::Envelope { name: name.clone(), source };
        let content = opened.envelope.wrap(self.text.as_bytes()).map_err(fail)?.into();
        let before = std::str::from_utf8(opened.envelope.inner()).unwrap_or_default();
        let diff = TextDiff::from_lines(before, self.text.as_str());
        let added = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert);
        Ok(FileChange {
            path: source.path(world).unwrap_or_default(),
            name,
            purpose: "the config".to_owned(),
            action: Some(FileAction::Replace { old: old.into(), content }),
            shown: added.map(|change| change.value()).collect(),
        })
    }
}
