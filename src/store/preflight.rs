//! Whether a file can be written, found out without writing it.

use std::fs::{self, Metadata, TryLockError};
use std::path::Path;

use super::StoreError;
use super::error::{io, on_make_directory, on_open, on_unsupported};
use super::file::{keep_owner, open_for_writing, release};
use super::temporary::{directory_of, set_mode, temporary_beside};

/// Fails where a new file can't be made.
pub(crate) fn try_create(path: &Path) -> Result<(), StoreError> {
    if super::exists(path) {
        return Err(StoreError::Exists);
    }
    let directory = directory_of(path);
    match directory.ancestors().find(|above| above.exists()) {
        Some(there) if there == directory => try_directory(path, None),
        // The directories on the way are made by the write itself.
        Some(there) if there.is_dir() => {
            try_directory(&there.join(path.file_name().unwrap_or_default()), None)
        }
        _ => Err(on_make_directory(std::io::ErrorKind::NotADirectory.into())),
    }
}

/// Fails where a file can't be replaced. Its lock is tried and released: another run that holds it is waited for later.
pub(crate) fn try_replace(path: &Path) -> Result<(), StoreError> {
    let real = fs::canonicalize(path).map_err(on_open)?;
    let file = open_for_writing(&real)?;
    match file.try_lock() {
        Err(TryLockError::Error(source)) => return Err(on_unsupported("lock files")(source)),
        Ok(()) => release(&file),
        Err(TryLockError::WouldBlock) => {}
    }
    try_directory(&real, Some(&file.metadata().map_err(io("looking at it"))?))
}

/// Makes a temporary file beside it, with the owner of the old one, renames it, and removes it.
fn try_directory(path: &Path, old: Option<&Metadata>) -> Result<(), StoreError> {
    let (temporary, place) = (temporary_beside(path, b"")?, temporary_beside(path, b"")?);
    if let Some(old) = old {
        keep_owner(temporary.as_file(), old)?;
        set_mode(&temporary, old.permissions())?;
    }
    let place = place.into_temp_path();
    let persisted = temporary.persist(&place).map_err(|error| on_unsupported("rename files")(error.error))?;
    release(&persisted);
    Ok(())
}
