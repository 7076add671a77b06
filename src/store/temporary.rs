//! The file that takes another's place: beside it, readable by its owner only, and cleared up where a run was killed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{StoreError, io, on_unsupported, on_write_directory};

/// Random characters follow it, then [`TEMPORARY_SUFFIX`].
const TEMPORARY_MARK: &str = ".jwks-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Names longer than this many bytes leave no room for what a temporary file adds to them.
const LONGEST_NAME: usize = 200;

/// How the names of a file's temporary files begin.
pub(super) fn temporary_prefix(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default();
    let mut prefix = OsString::from(".");
    if name.len() <= LONGEST_NAME {
        prefix.push(name);
    } else {
        // Other files' names may begin in the same way, so this one's is told by a hash.
        let hash = ring::digest::digest(&ring::digest::SHA256, name.as_encoded_bytes());
        prefix.push(URL_SAFE_NO_PAD.encode(hash));
    }
    prefix.push(TEMPORARY_MARK);
    prefix
}

/// Whether a name is that of a temporary file with this prefix.
fn is_temporary(name: &OsStr, prefix: &OsStr) -> bool {
    let rest = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
    rest.and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX.as_bytes()))
        .is_some_and(|random| random.len() == 6 && random.iter().all(u8::is_ascii_alphanumeric))
}

/// Removes the temporary files of runs that were killed: they hold secrets. A run that lives has a lock on its own.
pub(super) fn clear_up(directory: &Path, prefix: &OsStr) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_temporary(&entry.file_name(), prefix)) {
        // Only a file: opening a pipe would wait for its other end.
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // One that can't be opened, or removed, is in nobody's way.
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Readable by its owner only: it has no wider mode than the file it becomes at any moment.
pub(super) fn temporary_beside(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile, StoreError> {
    let (directory, prefix) = (directory_of(path), temporary_prefix(path));
    clear_up(directory, &prefix);
    let mut temporary = loop {
        let made = tempfile::Builder::new().prefix(&prefix).suffix(TEMPORARY_SUFFIX).tempfile_in(directory);
        let made = made.map_err(on_write_directory)?;
        // Another run that clears up may come between the two. Where files can't be locked, none is taken for left.
        let is_taken = matches!(made.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && made.path().exists() {
            break made;
        }
    };
    temporary.write_all(content).map_err(io("writing a temporary file beside it"))?;
    Ok(temporary)
}

/// Flushes it to disk.
pub(super) fn flush(temporary: &tempfile::NamedTempFile) -> Result<(), StoreError> {
    temporary.as_file().sync_all().map_err(io("flushing the new file to disk"))
}

/// Sets its permissions, where it doesn't have them.
pub(super) fn set_mode(
    temporary: &tempfile::NamedTempFile,
    wanted: fs::Permissions,
) -> Result<(), StoreError> {
    let file = temporary.as_file();
    let has = file.metadata().map_err(io("looking at the temporary file"))?.permissions();
    if has == wanted {
        return Ok(());
    }
    file.set_permissions(wanted).map_err(on_unsupported("set the mode of files"))
}

/// Sets its permissions, just before it takes its place, and flushes it to disk.
pub(super) fn finish(
    temporary: &tempfile::NamedTempFile,
    permissions: fs::Permissions,
) -> Result<(), StoreError> {
    set_mode(temporary, permissions)?;
    flush(temporary)
}

/// The directory that holds a file.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
