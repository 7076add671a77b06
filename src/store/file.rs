//! One file: read whole, locked, and replaced whole.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::error::{StoreError, io, on_make_directory, on_open, on_unsupported, on_write};
use super::mounts::is_mount_point;
use super::temporary::{clear_up, directory_of, finish, flush, temporary_beside, temporary_prefix};

use crate::config::MAX_BYTES;

/// The bytes of a file at one moment. They are cleared when dropped: there are secrets among them.
pub(crate) type Snapshot = Zeroizing<Vec<u8>>;

fn check_regular(metadata: &Metadata) -> Result<(), StoreError> {
    if metadata.is_dir() {
        return Err(StoreError::NotAFile("a directory"));
    }
    if !metadata.is_file() {
        return Err(StoreError::NotAFile("a device, pipe or socket"));
    }
    Ok(())
}

/// Reads a stream to its end into one buffer, up to 64 MiB.
pub(crate) fn read(mut source: impl Read, expected: usize) -> Result<Snapshot, StoreError> {
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
pub(crate) fn snapshot(path: &Path) -> Result<Snapshot, StoreError> {
    // Asked before opening: opening a pipe would wait for its other end.
    check_regular(&fs::metadata(path).map_err(on_open)?)?;
    let file = File::open(path).map_err(on_open)?;
    let metadata = file.metadata().map_err(io("looking at it"))?;
    check_regular(&metadata)?;
    read(file, usize::try_from(metadata.len()).unwrap_or(0))
}

/// Reads a file that is only looked at on the way to something else. `None` where it can't be, or is larger than such
/// files are.
pub(crate) fn small(path: &Path) -> Option<Snapshot> {
    const LARGEST: u64 = 256 * 1024;
    check_regular(&fs::metadata(path).ok()?).ok()?;
    let file = File::open(path).ok()?;
    // It may have become another since, or grow.
    let metadata = file.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() <= LARGEST)?;
    let bytes = read(file.take(LARGEST + 1), usize::try_from(metadata.len()).unwrap_or(0)).ok()?;
    (bytes.len() as u64 <= LARGEST).then_some(bytes)
}

/// Whether a path, links followed, is in or below a directory. What isn't there yet is where its directory is.
pub(crate) fn is_inside(path: &Path, directory: &Path) -> bool {
    let Ok(directory) = fs::canonicalize(directory) else { return false };
    for above in path.ancestors() {
        match fs::canonicalize(above) {
            Ok(real) => {
                let rest = path.strip_prefix(above).unwrap_or(Path::new("")).components();
                return real.starts_with(directory)
                    && rest.into_iter().all(|part| matches!(part, Component::Normal(_)));
            }
            // A link to nothing leads anywhere.
            Err(_) if above.is_symlink() => return false,
            Err(_) => {}
        }
    }
    false
}

/// The permission bits of a file, on systems that have them.
#[must_use]
pub(crate) fn mode(path: &Path) -> Option<u32> {
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

/// How long another run is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A file that this run alone may write, until it is dropped. The lock is on the file itself (`flock`), so none is
/// left behind, whatever happens.
pub struct Locked {
    file: File,
    /// The file itself, symbolic links resolved.
    path: PathBuf,
}

impl Locked {
    /// Locks a file for writing. `waiting` is called once if another run holds the lock.
    pub fn open(path: &Path, waiting: impl FnMut()) -> Result<Self, StoreError> {
        Self::open_within(LONGEST_WAIT, path, waiting)
    }

    /// The same, waiting for that long at most: whoever may read a file can hold its lock.
    pub fn open_within(
        longest: Duration,
        path: &Path,
        mut waiting: impl FnMut(),
    ) -> Result<Self, StoreError> {
        let (begun, mut is_told) = (Instant::now(), false);
        loop {
            let real = fs::canonicalize(path).map_err(on_open)?;
            let file = open_for_writing(&real)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut is_told, true) {
                        waiting();
                    }
                    if begun.elapsed() >= longest {
                        return Err(StoreError::Busy(longest.as_secs()));
                    }
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Err(TryLockError::Error(source)) => return Err(on_unsupported("lock files")(source)),
            }
            // Another run may have replaced the file while this one waited: then this is the lock of the old one.
            if same_file(&file, &real)? && fs::canonicalize(path).map_err(on_open)? == real {
                return Ok(Self { file, path: real });
            }
        }
    }

    /// Reads the file under the lock.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let length = self.file.metadata().map_err(io("looking at it"))?.len();
        read(File::open(&self.path).map_err(on_open)?, usize::try_from(length).unwrap_or(0))
    }

    /// Replaces the content: a temporary file in the same directory, flushed to disk, takes the file's place, with its
    /// permissions and owner. `expected` is what the file held when the new content was made from it.
    pub fn replace(&self, expected: &[u8], content: &[u8]) -> Result<(), StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        self.put(expected, content, metadata.permissions())
    }

    /// The same for content that has nothing of the old: the file gets this mode.
    pub fn overwrite(&self, expected: &[u8], content: &[u8], mode: u32) -> Result<(), StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        self.put(expected, content, permissions(metadata.permissions(), mode))
    }

    /// Keeps a copy beside the file, with its mode: `NAME.bak`, or the first of `NAME.bak2`, … that is free.
    pub fn keep_copy(&self, content: &[u8]) -> Result<PathBuf, StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        let mut temporary = self.beside(content, &metadata)?;
        finish(&temporary, metadata.permissions())?;
        for number in 1_u32.. {
            let copy = copy_name(&self.path, number);
            match temporary.persist_noclobber(&copy) {
                Ok(_) => {
                    flush_directory(directory_of(&copy))?;
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

    /// A temporary file in the same directory, flushed to disk. Nobody else can read it yet.
    fn beside(&self, content: &[u8], old: &Metadata) -> Result<tempfile::NamedTempFile, StoreError> {
        let temporary = temporary_beside(&self.path, content)?;
        keep_owner(temporary.as_file(), old)?;
        flush(&temporary)?;
        Ok(temporary)
    }

    fn put(&self, expected: &[u8], content: &[u8], permissions: fs::Permissions) -> Result<(), StoreError> {
        let metadata = self.file.metadata().map_err(io("looking at it"))?;
        let temporary = self.beside(content, &metadata)?;
        if !same_file(&self.file, &self.path)? || *self.snapshot()? != *expected {
            return Err(StoreError::Changed);
        }
        finish(&temporary, permissions)?;
        // Released at once: the new file would be locked as the temporary one was.
        let persisted = temporary.persist(&self.path).map(|file| release(&file));
        persisted.map_err(|error| match error.error.kind() {
            io::ErrorKind::ResourceBusy => StoreError::MountPoint,
            _ => StoreError::Io { doing: "putting the new file in place", source: error.error },
        })?;
        flush_directory(directory_of(&self.path))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        release(&self.file);
    }
}

/// Releases a lock. Closing the file is not enough: a child process that is just being started has a copy of the
/// descriptor, and would hold the lock a moment longer.
pub(super) fn release(file: &File) {
    // Where there are no locks there is none to release.
    let _ = file.unlock();
}

/// Opens a file, links resolved, if it may be replaced.
pub(super) fn open_for_writing(real: &Path) -> Result<File, StoreError> {
    let metadata = fs::metadata(real).map_err(on_open)?;
    check_regular(&metadata)?;
    if let Err(StoreError::HardLinks(_)) = check_writable(&metadata) {
        // Where a file system can't rename without replacing, a killed run may leave its temporary file as a second name.
        clear_up(directory_of(real), &temporary_prefix(real));
    }
    check_writable(&fs::metadata(real).map_err(on_open)?)?;
    if is_mount_point(real) {
        return Err(StoreError::MountPoint);
    }
    OpenOptions::new().read(true).write(true).open(real).map_err(on_write)
}

/// Writes a new file whole, with these mode bits whatever the umask. Never over one that is there; missing directories
/// are created.
pub fn create(path: &Path, content: &[u8], mode: u32) -> Result<(), StoreError> {
    let directory = directory_of(path);
    fs::create_dir_all(directory).map_err(on_make_directory)?;
    let temporary = temporary_beside(path, content)?;
    let metadata = temporary.as_file().metadata().map_err(io("looking at the temporary file"))?;
    finish(&temporary, permissions(metadata.permissions(), mode))?;
    temporary.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists,
        _ => StoreError::Io { doing: "putting the new file in place", source: error.error },
    })?;
    flush_directory(directory)
}

/// Whether something of this name is there, be it a link to nothing.
#[must_use]
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether users other than its owner can read a file. No, where that is not known.
#[must_use]
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    mode(path).is_some_and(|mode| mode & 0o044 != 0)
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

#[cfg(unix)]
fn permissions(_: fs::Permissions, mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(mode)
}

#[cfg(not(unix))]
fn permissions(own: fs::Permissions, _: u32) -> fs::Permissions {
    own
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
pub(super) fn keep_owner(new: &File, old: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = new.metadata().map_err(io("looking at the temporary file"))?;
    if own.uid() == old.uid() && own.gid() == old.gid() {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid())).map_err(StoreError::Owner)
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_: &File, _: &Metadata) -> Result<(), StoreError> {
    Ok(())
}

/// The new name itself has to reach the disk, too.
fn flush_directory(directory: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(StoreError::Unflushed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_though_a_starting_process_has_a_copy_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("powersync.yaml");
        fs::write(&path, "storage: {}\n").unwrap();
        let locked = Locked::open(&path, || {}).unwrap();
        let copy = locked.file.try_clone().unwrap();
        drop(locked);
        Locked::open(&path, || panic!("the lock is still held")).unwrap();
        drop(copy);
    }
}
