//! What is at a path, and why it can't be looked at.

use zeroize::Zeroizing;

use crate::base::sentence::{Sentence, sentence};
use crate::store::{Snapshot, StoreError};

/// What is at a path of a commit or of the working tree. Not `Debug`: it holds secrets.
#[derive(Clone)]
pub(crate) enum Content {
    /// Nothing.
    Absent,
    /// A file.
    File(Snapshot),
    /// Something that can't be looked at.
    NotSeen(NotSeen),
}

/// Why something can't be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSeen {
    /// Another repository, of which this one has only a commit's number.
    Submodule,
    /// A link out of the repository.
    LeadsOutside,
    /// A link to nothing, or to itself.
    BrokenLink,
    NotAFile,
    TooLarge,
    /// Links to one large file, again and again.
    ManyLinks,
    /// In more directories than anyone makes.
    TooDeep,
    NoPermission,
    /// Something else went wrong.
    Unreadable,
    Lfs,
    GitCrypt,
}

impl NotSeen {
    /// In words, to follow the name of the file.
    pub(crate) fn message(self) -> Sentence {
        match self {
            Self::Submodule => sentence!("a submodule: run the tool in its own repository"),
            Self::LeadsOutside => sentence!("a symbolic link that leads out of the repository"),
            Self::BrokenLink => sentence!("a symbolic link that leads to nothing"),
            Self::NotAFile => sentence!("neither a file nor a link to one"),
            Self::TooLarge => sentence!("larger than 64 MiB"),
            Self::ManyLinks => sentence!("the links up to this one lead to more than 64 MiB together"),
            Self::TooDeep => sentence!("it is more than 64 directories deep"),
            Self::NoPermission => sentence!("there is no permission to read it"),
            Self::Unreadable => sentence!("it can't be read"),
            Self::Lfs => sentence!("kept in Git LFS, which isn't read"),
            Self::GitCrypt => sentence!("encrypted with git-crypt"),
        }
    }
}

impl Content {
    /// What these bytes are: those of the file, or what stands for it in the repository.
    pub(super) fn of(bytes: Snapshot) -> Self {
        if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
            return Self::NotSeen(NotSeen::Lfs);
        }
        if bytes.starts_with(b"\0GITCRYPT\0") {
            return Self::NotSeen(NotSeen::GitCrypt);
        }
        Self::File(bytes)
    }

    pub(super) fn failed(error: &StoreError) -> Self {
        Self::NotSeen(match error {
            StoreError::Missing | StoreError::Loop => NotSeen::BrokenLink,
            StoreError::NotAFile(_) => NotSeen::NotAFile,
            StoreError::TooLarge => NotSeen::TooLarge,
            StoreError::Unreadable => NotSeen::NoPermission,
            _ => NotSeen::Unreadable,
        })
    }

    /// The bytes, if they could be read.
    pub(crate) fn bytes(&self) -> Option<&Snapshot> {
        match self {
            Self::File(bytes) => Some(bytes),
            Self::Absent | Self::NotSeen(_) => None,
        }
    }

    /// With the line endings that a checkout gave the other: git keeps them as LF.
    pub(crate) fn with_endings_of(self, other: &Self) -> Self {
        let is_crlf = other.bytes().is_some_and(|bytes| bytes.windows(2).any(|pair| pair == b"\r\n"));
        match self {
            Self::File(bytes) if is_crlf && !bytes.contains(&b'\r') => {
                let breaks = bytes.split(|byte| *byte == b'\n').count();
                let mut converted = Zeroizing::new(Vec::with_capacity(bytes.len() + breaks));
                for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                    match line.strip_suffix(b"\n") {
                        Some(line) => converted.extend([line, b"\r\n"].concat()),
                        None => converted.extend_from_slice(line),
                    }
                }
                Self::File(converted)
            }
            same => same,
        }
    }
}
