//! One file: read whole, locked, and replaced whole.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::config::MAX_BYTES;

/// A file can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not there.
    #[error("there is no such file")]
    Missing,
    /// There already, where a new one was to be written.
    #[error("there is a file of this name already, and it is not overwritten")]
    Exists,
    /// A folder, a socket, a device.
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
    /// The file, its folder or its file system may not be written.
    #[error("{0}, so nothing was written")]
    ReadOnly(&'static str),
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
        "the new file is in place, but the folder could not be flushed to disk ({0}): a power cut might bring the old one back"
    )]
    Unflushed(#[source] io::Error),
}

/// The bytes of a file at one moment. They are cleared when dropped: there are secrets among them.
pub type Snapshot = Zeroizing<Vec<u8>>;

fn io(doing: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Io { doing, source }
}

fn on_open(error: io::Error) -> StoreError {
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

fn check_regular(metadata: &Metadata) -> Result<(), StoreError> {
    if metadata.is_dir() {
        return Err(StoreError::NotAFile("a folder"));
    }
    if !metadata.is_file() {
        return Err(StoreError::NotAFile("a device, pipe or socket"));
    }
    Ok(())
}

/// Reads a stream to its end into one buffer, up to 64 MiB.
pub fn read(mut source: impl Read, expected: usize) -> Result<Snapshot, StoreError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected.min(MAX_BYTES) + 1));
    let mut chunk = Zeroizing::new(vec![0; 64 * 1024]);
    loop {
        let count = source.read(&mut chunk).map_err(io("reading"))?;
        if count == 0 {
            return Ok(bytes);
        }
        if bytes.len() + count > MAX_BYTES {
            return Err(StoreError::TooLarge);
        }
        if bytes.capacity() < bytes.len() + count {
            // Grown by hand: a vector that grows by itself leaves the secrets behind in the memory it gives back.
            let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + count) * 2));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// Reads a file without locking it.
pub fn snapshot(path: &Path) -> Result<Snapshot, StoreError> {
    // Asked before opening: opening a pipe would wait for its other end.
    check_regular(&fs::metadata(path).map_err(on_open)?)?;
    let file = File::open(path).map_err(on_open)?;
    let metadata = file.metadata().map_err(io("looking at it"))?;
    read(file, usize::try_from(metadata.len()).unwrap_or(0))
}

/// The permission bits of a file, on systems that have them.
#[must_use]
pub fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// A file that this run alone may write, until it is dropped. The lock is on the file itself (`flock`), so none is
/// left behind, whatever happens.
pub struct Locked {
    file: File,
    /// The file itself, symbolic links resolved.
    path: PathBuf,
}

impl Locked {
    /// Locks a file for writing. `waiting` is called once if another run holds the lock.
    pub fn open(path: &Path, mut waiting: impl FnMut()) -> Result<Self, StoreError> {
        loop {
            let real = fs::canonicalize(path).map_err(on_open)?;
            let metadata = fs::metadata(&real).map_err(on_open)?;
            check_regular(&metadata)?;
            if let Err(StoreError::HardLinks(_)) = check_writable(&metadata) {
                // Where a file system can't rename without replacing, a killed run may leave its temporary file as a second
                // name.
                clear_up(folder_of(&real), &temporary_prefix(&real));
            }
            check_writable(&fs::metadata(&real).map_err(on_open)?)?;
            let file = OpenOptions::new().read(true).write(true).open(&real).map_err(on_write)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    waiting();
                    file.lock().map_err(io("locking it"))?;
                }
                Err(TryLockError::Error(source)) => {
                    return Err(StoreError::Io { doing: "locking it", source });
                }
            }
            // Another run may have replaced the file while this one waited: then this is the lock of the old one.
            if same_file(&file, &real)? && fs::canonicalize(path).map_err(on_open)? == real {
                return Ok(Self { file, path: real });
            }
        }
    }

    /// Reads the file under the lock.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let length = self.file.metadata().map_err(io("looking at it"))?.len();
        read(File::open(&self.path).map_err(on_open)?, usize::try_from(length).unwrap_or(0))
    }

    /// Replaces the content: a temporary file in the same folder, flushed to disk, takes the file's place, with its
    /// permissions and owner. `expected` is what the file held when the new content was made from it.
    pub fn replace(&self, expected: &[u8], content: &[u8]) -> Result<(), StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        self.put(expected, content, metadata.permissions())
    }

    /// The same for content that is none of the old: the file gets this mode.
    pub fn overwrite(&self, expected: &[u8], content: &[u8], mode: u32) -> Result<(), StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        self.put(expected, content, permissions(metadata.permissions(), mode))
    }

    /// Keeps a copy beside the file, with its mode: `NAME.bak`, or the first of `NAME.bak2`, … that is free.
    pub fn keep_copy(&self, content: &[u8]) -> Result<PathBuf, StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        let mut temporary = self.beside(content, &metadata, metadata.permissions())?;
        for number in 1_u32.. {
            let copy = copy_name(&self.path, number);
            match temporary.persist_noclobber(&copy) {
                Ok(_) => {
                    flush_folder(folder_of(&copy))?;
                    return Ok(copy);
                }
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => temporary = error.file,
                Err(error) => {
                    return Err(StoreError::Io { doing: "keeping a copy of it", source: error.error });
                }
            }
        }
        Err(StoreError::Exists)
    }

    /// A temporary file in the same folder, flushed to disk.
    fn beside(
        &self,
        content: &[u8],
        old: &Metadata,
        permissions: fs::Permissions,
    ) -> Result<tempfile::NamedTempFile, StoreError> {
        let temporary = temporary_beside(&self.path, content)?;
        keep_owner(temporary.as_file(), old)?;
        finish(&temporary, permissions)?;
        Ok(temporary)
    }

    fn put(&self, expected: &[u8], content: &[u8], permissions: fs::Permissions) -> Result<(), StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        let temporary = self.beside(content, &metadata, permissions)?;
        if !same_file(&self.file, &self.path)? || *self.snapshot()? != *expected {
            return Err(StoreError::Changed);
        }
        // Closed at once: the new file would be locked as the temporary one was.
        let persisted = temporary.persist(&self.path).map(drop);
        persisted.map_err(|error| StoreError::Io {
            doing: "putting the new file in place",
            source: error.error,
        })?;
        flush_folder(folder_of(&self.path))
    }
}

/// Writes a new file whole, with these mode bits whatever the umask. Never over one that is there; folders on the way
/// are made.
pub fn create(path: &Path, content: &[u8], mode: u32) -> Result<(), StoreError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(on_make_folder)?;
    let temporary = temporary_beside(path, content)?;
    let metadata = temporary.as_file().metadata().map_err(io("looking at the temporary file"))?;
    finish(&temporary, permissions(metadata.permissions(), mode))?;
    temporary.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists,
        _ => StoreError::Io { doing: "putting the new file in place", source: error.error },
    })?;
    flush_folder(folder)
}

/// Whether something of this name is there, be it a link to nothing.
#[must_use]
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether users other than its owner can read a file. No, where that is not known.
#[must_use]
pub fn is_open_to_others(path: &Path) -> bool {
    mode(path).is_some_and(|mode| mode & 0o044 != 0)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of the Nth copy of a file.
fn copy_name(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    if number > 1 {
        name.push(number.to_string());
    }
    PathBuf::from(name)
}

/// Behind it stand random characters, then [`TEMPORARY_SUFFIX`].
const TEMPORARY_MARK: &str = ".jwks-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Names longer than this many bytes leave no room for what a temporary file adds to them.
const LONGEST_NAME: usize = 200;

/// How the names of a file's temporary files begin.
fn temporary_prefix(path: &Path) -> OsString {
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
fn clear_up(folder: &Path, prefix: &OsStr) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
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
fn temporary_beside(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile, StoreError> {
    let (folder, prefix) = (folder_of(path), temporary_prefix(path));
    clear_up(folder, &prefix);
    let mut temporary = loop {
        let made = tempfile::Builder::new().prefix(&prefix).suffix(TEMPORARY_SUFFIX).tempfile_in(folder);
        let made = made.map_err(on_write_folder)?;
        // Another run that clears up may come between the two. Where files can't be locked, none is taken for left.
        let is_taken = matches!(made.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && made.path().exists() {
            break made;
        }
    };
    temporary.write_all(content).map_err(io("writing a temporary file beside it"))?;
    Ok(temporary)
}

fn finish(temporary: &tempfile::NamedTempFile, permissions: fs::Permissions) -> Result<(), StoreError> {
    temporary.as_file().set_permissions(permissions).map_err(io("setting its permissions"))?;
    temporary.as_file().sync_all().map_err(io("flushing the new file to disk"))
}

#[cfg(unix)]
fn permissions(_: fs::Permissions, mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(mode)
}

#[cfg(not(unix))]
fn permissions(own: fs::Permissions, _: u32) -> fs::Permissions {
    own
}

fn on_make_folder(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            StoreError::ReadOnly("a part of this path is a file, not a folder")
        }
        io::ErrorKind::PermissionDenied => StoreError::ReadOnly("there is no permission to make this folder"),
        _ => StoreError::Io { doing: "making its folder", source: error },
    }
}

fn on_write(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => StoreError::ReadOnly("there is no permission to write this file"),
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly("this file system is read-only"),
        _ => on_open(error),
    }
}

fn on_write_folder(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            StoreError::ReadOnly("there is no permission to write in this file's folder")
        }
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly("this file system is read-only"),
        _ => StoreError::Io { doing: "making a temporary file beside it", source: error },
    }
}

fn check_writable(metadata: &Metadata) -> Result<(), StoreError> {
    if metadata.permissions().readonly() {
        return Err(StoreError::ReadOnly("this file is read-only"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.nlink() > 1 {
            return Err(StoreError::HardLinks(metadata.nlink()));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> Result<bool, StoreError> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata().map_err(io("looking at it"))?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok(open.dev() == named.dev() && open.ino() == named.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io("looking at it")(error)),
    }
}

#[cfg(not(unix))]
fn same_file(_: &File, _: &Path) -> Result<bool, StoreError> {
    // An open file can't be replaced there.
    Ok(true)
}

#[cfg(unix)]
fn keep_owner(new: &File, old: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = new.metadata().map_err(io("looking at the temporary file"))?;
    if own.uid() == old.uid() && own.gid() == old.gid() {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid())).map_err(StoreError::Owner)
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> Result<(), StoreError> {
    Ok(())
}

/// The new name itself has to reach the disk, too.
fn flush_folder(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::Unflushed)?;
    }
    Ok(())
}
