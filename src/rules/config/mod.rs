//! Rules about one config, one a file.

pub(super) mod bad_public_key;
mod blocking;
pub(super) mod cloud_schema;
pub(super) mod current_key_retiring;
pub(super) mod double_encoding;
pub(super) mod duplicate_kid;
pub(super) mod duplicate_member;
pub(super) mod duplicate_secret;
pub(super) mod empty_kid;
pub(super) mod empty_secret;
pub(super) mod env_name;
pub(super) mod file_mode;
pub(super) mod guessable_secret;
pub(super) mod ignored_member;
pub(super) mod inline_secret;
pub(super) mod invalid_shape;
pub(super) mod jwks_uri;
pub(super) mod key_sets;
pub(super) mod leaving_shared_secret;
pub(super) mod merge_key;
pub(super) mod misplaced_login;
pub(super) mod missing_kid;
pub(super) mod missing_member;
pub(super) mod no_audience;
pub(super) mod no_keys;
pub(super) mod no_schedule;
pub(super) mod non_string_member;
pub(super) mod not_base64url;
pub(super) mod overdue;
pub(super) mod padded_secret;
pub(super) mod placeholder;
pub(super) mod plain_http;
pub(super) mod private_key;
pub(super) mod same_variable;
pub(super) mod shared_secret;
pub(super) mod short_overlap;
pub(super) mod short_rsa;
pub(super) mod stuck_standby;
pub(super) mod supabase;
pub(super) mod template;
pub(super) mod unknown_alg;
pub(super) mod unknown_kty;
pub(super) mod unreadable_date;
pub(super) mod unset_variable;
pub(super) mod weak_secret;

use super::inspected::Inspected;
use super::rule::About;
use crate::base::sentence::{Sentence, sentence};
use crate::keyset::Key;

/// How to get rid of a key that can't wait.
enum Replacement {
    /// Of the current key.
    Rotate,
    /// Of another one.
    Remove,
    /// On Cloud, where no key is current by its place.
    OnCloud,
}

impl Replacement {
    fn of(on: &Inspected<'_>, key: &Key) -> Self {
        if on.keys.is_cloud {
            Self::OnCloud
        } else if on.keys.is_current(key) {
            Self::Rotate
        } else {
            Self::Remove
        }
    }

    fn message(&self, key: &About, tool: &str) -> Sentence {
        let key = key.argument();
        match self {
            Self::Rotate => sentence!(
                "Replace it at once: `{tool} rotate --revoke`. Tokens signed with it are rejected then, and should be."
            ),
            Self::Remove => sentence!("Remove it: `{tool} remove {key} --allow live-key`."),
            Self::OnCloud => sentence!(
                "`{tool} add` another, deploy it and let your backend sign with it, then `{tool} remove {key} --allow \
                 live-key` and deploy again."
            ),
        }
    }
}
