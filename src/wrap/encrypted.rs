//! Files in which nothing can be read: they are encrypted.

use crate::base::sentence::{Sentence, sentence};

/// What a file is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Ansible Vault, the whole file.
    AnsibleVault,
    /// Ansible Vault, single values: `!vault`.
    AnsibleValue,
    GitCrypt,
    Sops,
    Age,
    Pgp,
}

impl Encryption {
    /// What these bytes are encrypted with, as far as their form tells.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let begins = |with: &str| bytes.trim_ascii_start().starts_with(with.as_bytes());
        match () {
            () if bytes.starts_with(b"\0GITCRYPT\0") => Some(Self::GitCrypt),
            () if begins("$ANSIBLE_VAULT;") => Some(Self::AnsibleVault),
            () if begins("age-encryption.org/") || begins("-----BEGIN AGE ENCRYPTED FILE-----") => {
                Some(Self::Age)
            }
            () if begins("-----BEGIN PGP MESSAGE-----") => Some(Self::Pgp),
            () => {
                let text = std::str::from_utf8(bytes).ok()?;
                let is_vault = text.contains("!vault") && text.contains("$ANSIBLE_VAULT;");
                is_vault.then_some(Self::AnsibleValue)
            }
        }
    }

    /// What it is, and what to do.
    pub(crate) fn message(self) -> Sentence {
        match self {
            Self::AnsibleVault => sentence!(
                "this file is encrypted with Ansible Vault. Decrypt, change and encrypt it: `ansible-vault view FILE | \
                 powersync-jwks -c - COMMAND | ansible-vault encrypt --output NEW -`"
            ),
            Self::AnsibleValue => sentence!(
                "this file has values that are encrypted with Ansible Vault (`!vault`), so it is a template of the config. \
                 Let Ansible write the config, and pipe that in: `powersync-jwks -c - COMMAND < RENDERED`. A new secret \
                 goes into the template with `ansible-vault encrypt_string`"
            ),
            Self::GitCrypt => {
                sentence!(
                    "this file is encrypted with git-crypt. Unlock the repository first: `git-crypt unlock`"
                )
            }
            Self::Sops => sentence!(
                "this file is encrypted with sops. Decrypt, change and encrypt it: `sops decrypt FILE | powersync-jwks -c - \
                 COMMAND | sops encrypt --filename-override FILE /dev/stdin > NEW`"
            ),
            Self::Age => sentence!(
                "this file is encrypted with age. Decrypt, change and encrypt it: `age -d -i IDENTITY FILE | \
                 powersync-jwks -c - COMMAND | age -e -R RECIPIENTS -o NEW`"
            ),
            Self::Pgp => sentence!(
                "this file is encrypted with OpenPGP. Decrypt, change and encrypt it: `gpg -d FILE | powersync-jwks -c - \
                 COMMAND | gpg -e -o NEW`"
            ),
        }
    }
}
