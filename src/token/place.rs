//! Where a key is that verifies tokens, and what is known of keys from elsewhere.

use crate::base::text::Printable;
use crate::keyset::{FetchedKey, FetchedSet, InvalidSet, Key, KeySet, Login, TokenTerms};

/// A key that verifies tokens, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// In the file, from 0.
    File(usize),
    /// The text of `supabase_jwt_secret`.
    SupabaseSecret,
    /// In the set behind a login, by their places, both from 0.
    Elsewhere {
        /// Which of the logins whose keys are fetched.
        login: usize,
        /// Which of the set's keys.
        key: usize,
    },
}

/// What is known of the keys behind a login.
#[derive(Clone, Debug, Default)]
pub enum Behind {
    /// Nothing: it was not looked at.
    #[default]
    Unseen,
    /// These.
    Seen(FetchedSet),
    /// The service takes nothing from there: why.
    Invalid(InvalidSet),
    /// It was asked, and gave no answer that the service could use.
    Failed,
}

/// All ways in, with what is known of each.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    pub(super) keys: KeySet,
    /// One for each login whose keys are fetched, in their order.
    pub(super) behind: Vec<Behind>,
}

impl Ways {
    /// `behind`: of the logins whose keys are fetched, in their order; those that are missing were not looked at.
    pub(super) fn new(keys: &KeySet, mut behind: Vec<Behind>) -> Self {
        behind.resize_with(fetched(keys).count(), Behind::default);
        Self { keys: keys.clone(), behind }
    }

    /// The logins whose keys are fetched, each with what is behind it.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = (usize, &Login, &Behind)> {
        fetched(&self.keys)
            .zip(&self.behind)
            .enumerate()
            .map(|(index, (login, behind))| (index, login, behind))
    }

    /// The keys that are known of them, in the order in which the service looks.
    pub(super) fn elsewhere_keys(&self) -> impl Iterator<Item = (KeyPlace, &FetchedKey)> {
        self.elsewhere().flat_map(|(login, _, behind)| {
            let keys = match behind {
                Behind::Seen(set) => set.keys.as_slice(),
                _ => &[],
            };
            keys.iter().enumerate().map(move |(key, one)| (KeyPlace::Elsewhere { login, key }, one))
        })
    }

    /// The names of those that were not looked at.
    pub(super) fn unseen(&self) -> Vec<String> {
        let unseen = self.elsewhere().filter(|(_, _, behind)| matches!(behind, Behind::Unseen));
        unseen.map(|(_, login, _)| login.name()).collect()
    }

    /// The names of all logins whose keys are fetched.
    pub(super) fn trusted(&self) -> Vec<String> {
        fetched(&self.keys).map(Login::name).collect()
    }

    /// What the service says of the first login whose keys it doesn't get.
    pub(super) fn failure(&self) -> Option<(&'static str, String)> {
        self.elsewhere().find_map(|(_, login, behind)| match behind {
            Behind::Invalid(why) => Some((why.of_service(), login.name())),
            Behind::Failed => Some(("JWKS request failed", login.name())),
            Behind::Unseen | Behind::Seen(_) => None,
        })
    }

    /// What the service asks of tokens of a key.
    pub(super) fn terms(&self, place: KeyPlace) -> TokenTerms {
        match place {
            KeyPlace::File(_) => TokenTerms::USUAL,
            KeyPlace::SupabaseSecret => TokenTerms::SUPABASE,
            KeyPlace::Elsewhere { login, .. } => {
                fetched(&self.keys).nth(login).map_or(TokenTerms::USUAL, Login::terms)
            }
        }
    }

    /// A key as people name it.
    pub(super) fn name(&self, place: KeyPlace) -> String {
        match place {
            KeyPlace::File(index) => self.keys.keys().get(index).map(Key::name).unwrap_or_default(),
            KeyPlace::SupabaseSecret => "supabase_jwt_secret".to_owned(),
            KeyPlace::Elsewhere { login, key } => {
                let Some((_, login, behind)) = self.elsewhere().nth(login) else { return String::new() };
                let name = match behind {
                    Behind::Seen(set) => set.keys.get(key).map(FetchedKey::name),
                    _ => None,
                };
                let set = login.url().map_or_else(|| login.name(), |url| url.to_string());
                format!("{} of {set}", Printable(&name.unwrap_or_default()))
            }
        }
    }
}

/// The logins whose keys are fetched.
fn fetched(keys: &KeySet) -> impl Iterator<Item = &Login> {
    keys.logins.all().iter().filter(|login| login.is_fetched())
}
