//! Why a file can't be read or written.

use std::io;

/// A file can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not there.
    #[error("there is no such file")]
    Missing,
    /// There already, where a new one was to be written.
    #[error("a file of this name exists already, and it is not overwritten")]
    Exists,
    /// A directory, a socket, a device.
    #[error("this is not a file but {0}")]
    NotAFile(&'static str),
    /// Symbolic links that lead to themselves.
    #[error("this symbolic link leads back to itself")]
    Loop,
    /// Over 64 MiB.
    #[error("the file is larger than 64 MiB")]
    TooLarge,
    /// No permission to read.
    #[error("there is no permission to read this file")]
    Unreadable,
    /// The file, its directory or its file system may not be written.
    #[error("{0}, so nothing was written")]
    ReadOnly(&'static str),
    /// Another program has its lock.
    #[error(
        "another run, or another program, has held the lock on this file for {0} seconds. Nothing was written; try again once it has ended"
    )]
    Busy(u64),
    /// It is mounted by itself, so that nothing takes its place.
    #[error(
        "this file is a mount point, as in a container, and can't be replaced, so nothing was written. Run this on the host, \
         mount its directory in place of the file, or pipe it: `-c - < OLD > NEW`"
    )]
    MountPoint,
    /// Its directory takes no new file.
    #[error(
        "{0}, so it can't be replaced, and nothing was written. Run this as a user who may, or pipe it: `-c - < OLD > NEW`"
    )]
    Directory(&'static str),
    /// What its file system doesn't have.
    #[error(
        "this file system can't {doing} ({source}), as some network and Windows shares, so nothing was written. Run this \
         where the file is kept, or pipe it: `-c - < OLD > NEW`"
    )]
    Unsupported {
        /// What it can't do.
        doing: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Other names of the same file would keep the old content.
    #[error(
        "this file has {0} names (hard links), and replacing it would change only this one. Nothing was written; \
         `-c -` reads the config from stdin and writes the new one to stdout"
    )]
    HardLinks(u64),
    /// Another run, an editor, or version control.
    #[error(
        "the file, or what is due in it, changed after the diff was shown, so nothing was written. Run the command again to see the new diff"
    )]
    Changed,
    /// The temporary file could not take the owner of the old one.
    #[error(
        "the file belongs to another user, and its owner could not be kept ({0}). Nothing was written; run this as that user"
    )]
    Owner(#[source] io::Error),
    /// Anything else, before the file was replaced.
    #[error("{doing} failed: {source}. The file is as it was")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The new file is in place, but may not survive a power cut.
    #[error(
        "the new file is in place, but the directory could not be flushed to disk ({0}): a power cut might bring the old one back"
    )]
    Unflushed(#[source] io::Error),
}

pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Io { doing, source }
}

pub(super) fn on_open(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => StoreError::Missing,
        io::ErrorKind::PermissionDenied => StoreError::Unreadable,
        _ if is_loop(&error) => StoreError::Loop,
        _ => StoreError::Io { doing: "opening it", source: error },
    }
}

#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    // ELOOP: 40 on Linux, 62 on macOS and the BSDs. `io::ErrorKind::FilesystemLoop` isn't stable yet.
    error.raw_os_error() == Some(if cfg!(target_os = "linux") { 40 } else { 62 })
}

#[cfg(not(unix))]
fn is_loop(_: &io::Error) -> bool {
    false
}

pub(super) fn on_make_directory(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            StoreError::ReadOnly("a part of this path is a file, not a directory")
        }
        io::ErrorKind::PermissionDenied => {
            StoreError::ReadOnly("there is no permission to create this directory")
        }
        _ => StoreError::Io { doing: "creating its directory", source: error },
    }
}

pub(super) fn on_write(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => StoreError::ReadOnly("there is no permission to write this file"),
        io::ErrorKind::ReadOnlyFilesystem => StoreError::Directory("this file system is read-only"),
        _ => on_open(error),
    }
}

/// What a lock, a rename or a change of mode failed with. `doing`: what the file system is asked for.
pub(super) fn on_unsupported(doing: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |source| match source.kind() {
        io::ErrorKind::ResourceBusy => StoreError::MountPoint,
        _ => StoreError::Unsupported { doing, source },
    }
}

pub(super) fn on_write_directory(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            StoreError::Directory("there is no permission to write in this file's directory")
        }
        io::ErrorKind::ReadOnlyFilesystem => StoreError::Directory("this file system is read-only"),
        _ => StoreError::Io { doing: "creating a temporary file beside it", source: error },
    }
}
