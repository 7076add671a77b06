//! The files of a commit, and those of the working tree: all that git tracks, and what is new and not ignored.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use ring::digest;

use super::content::{Content, NotSeen};
use super::objects::Objects;
use super::{GitError, Repository};
use crate::config::MAX_BYTES;
use crate::store::{StoreError, snapshot};

/// Files by their paths from the root of the repository.
pub(crate) struct Tree {
    entries: BTreeMap<PathBuf, Entry>,
    /// The root of the working tree, where its files are the ones that are meant.
    disk: Option<PathBuf>,
}

struct Entry {
    kind: EntryKind,
    /// What git has of it. `None`: git doesn't track it.
    object: Option<String>,
    /// Left out of the working tree on purpose (a sparse checkout).
    is_sparse: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    File,
    Link,
    Submodule,
}

impl EntryKind {
    fn of(mode: &str) -> Self {
        match mode {
            "120000" => Self::Link,
            "160000" => Self::Submodule,
            _ => Self::File,
        }
    }
}

/// In how many directories a file may be: each is looked at for each.
const DEEPEST: usize = 64;

/// How many links may lead to a file, as on Linux.
const LINKS: usize = 40;

/// What was read through links. A tree of some lines may have any number of them to one large file.
#[derive(Default)]
pub(crate) struct Links {
    bytes: usize,
}

impl Links {
    /// What is at a path, unless links led to too much before.
    pub(crate) fn read(
        &mut self,
        tree: &Tree,
        path: &Path,
        objects: &mut Objects,
    ) -> Result<Content, GitError> {
        if path.components().count() > DEEPEST {
            return Ok(if tree.entries.contains_key(path) {
                Content::NotSeen(NotSeen::TooDeep)
            } else {
                Content::Absent
            });
        }
        if !tree.is_link(path) {
            return tree.read(path, objects);
        }
        if self.bytes > MAX_BYTES {
            return Ok(Content::NotSeen(NotSeen::ManyLinks));
        }
        let content = tree.read(path, objects)?;
        self.bytes += content.bytes().map_or(0, |bytes| bytes.len());
        Ok(content)
    }
}

impl Tree {
    /// The files of a commit.
    pub(crate) fn at(repository: &Repository, commit: &str) -> Result<Self, GitError> {
        let listed = repository.list("ls-tree", &["-r", "-z", "--full-tree", commit])?;
        // `MODE TYPE OBJECT<TAB>PATH`
        let entries = lines(&listed).filter_map(|line| {
            let (head, path) = cut(line)?;
            let mut words = head.split(' ');
            let kind = EntryKind::of(words.next()?);
            let object = words.nth(1).map(str::to_owned);
            Some((path, Entry { kind, object, is_sparse: false }))
        });
        Ok(Self { entries: entries.collect(), disk: None })
    }

    /// The files as they are staged.
    pub(crate) fn staged(repository: &Repository) -> Result<Self, GitError> {
        Ok(Self { entries: Self::index(repository)?, disk: None })
    }

    /// What git tracks, with what is staged of it.
    fn index(repository: &Repository) -> Result<BTreeMap<PathBuf, Entry>, GitError> {
        let listed = repository.list("ls-files", &["-z", "-t", "--stage"])?;
        // `TAG MODE OBJECT STAGE<TAB>PATH`
        let tracked = lines(&listed).filter_map(|line| {
            let (head, path) = cut(line)?;
            let mut words = head.split(' ');
            let is_sparse = words.next()? == "S";
            let kind = EntryKind::of(words.next()?);
            let object = words.next().map(str::to_owned);
            Some((path, Entry { kind, object, is_sparse }))
        });
        Ok(tracked.collect())
    }

    /// The files of the working tree, whatever ignore files say of those that git tracks.
    pub(crate) fn working(repository: &Repository) -> Result<Self, GitError> {
        let mut entries = Self::index(repository)?;
        let new = repository.list("ls-files", &["-z", "--others", "--exclude-standard"])?;
        for path in lines(&new).map(path_of) {
            let is_link = repository.root.join(&path).is_symlink();
            let kind = if is_link { EntryKind::Link } else { EntryKind::File };
            entries.entry(path).or_insert(Entry { kind, object: None, is_sparse: false });
        }
        Ok(Self { entries, disk: Some(repository.root.clone()) })
    }

    /// The files and links, in the order of their paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.kind != EntryKind::Submodule)
            .map(|(path, _)| path.as_path())
    }

    /// The submodules.
    pub(crate) fn submodules(&self) -> impl Iterator<Item = &Path> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.kind == EntryKind::Submodule)
            .map(|(path, _)| path.as_path())
    }

    /// Whether this is the same object of git in both trees.
    pub(crate) fn has_same_object(&self, other: &Self, path: &Path) -> bool {
        let object = |tree: &Self| tree.entries.get(path).and_then(|entry| entry.object.clone());
        object(self).is_some_and(|own| object(other) == Some(own))
    }

    /// Whether this is a link.
    pub(crate) fn is_link(&self, path: &Path) -> bool {
        self.entries.get(path).is_some_and(|entry| entry.kind == EntryKind::Link)
    }

    /// Whether the file at this path is these bytes, told without reading it.
    pub(crate) fn is_at(&self, path: &Path, bytes: &[u8]) -> bool {
        let entry = self.entries.get(path).filter(|entry| entry.kind == EntryKind::File);
        let object = entry.and_then(|entry| entry.object.as_deref());
        object.is_some_and(|object| object_of(bytes, object.len()) == object)
    }

    /// Has a file that is named, whether or not git ignores it.
    pub(crate) fn name(&mut self, path: &Path) {
        let entry = Entry { kind: EntryKind::File, object: None, is_sparse: false };
        self.entries.entry(path.to_owned()).or_insert(entry);
    }

    /// What is at a path, links followed as far as they stay inside.
    pub(crate) fn read(&self, path: &Path, objects: &mut Objects) -> Result<Content, GitError> {
        let is = |kind| move |above: &Path| self.entries.get(above).is_some_and(|entry| entry.kind == kind);
        if path.ancestors().any(is(EntryKind::Submodule)) {
            return Ok(Content::NotSeen(NotSeen::Submodule));
        }
        let Some(root) = &self.disk else { return self.in_objects(path, objects) };
        let is_meant = self.entries.contains_key(path) || path.ancestors().any(is(EntryKind::Link));
        let is_sparse = self.entries.get(path).is_some_and(|entry| entry.is_sparse);
        match on_disk(root, path) {
            // An ignored file is none of the working tree's.
            _ if !is_meant => Ok(Content::Absent),
            Content::Absent if is_sparse => self.in_objects(path, objects),
            content => Ok(content),
        }
    }

    fn in_objects(&self, path: &Path, objects: &mut Objects) -> Result<Content, GitError> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let Some((link, id)) = self.first_link(&path) else {
                let entry = self.entries.get(&path).filter(|entry| entry.kind == EntryKind::File);
                let object = entry.and_then(|entry| entry.object.as_deref());
                return object.map_or(Ok(Content::Absent), |object| objects.read(object));
            };
            let Content::File(target) = objects.read(id)? else {
                return Ok(Content::NotSeen(NotSeen::BrokenLink));
            };
            let rest = path.strip_prefix(&link).unwrap_or(Path::new("")).to_owned();
            let target = link.parent().unwrap_or(Path::new("")).join(path_of(&target)).join(rest);
            let Some(target) = inside(&target) else { return Ok(Content::NotSeen(NotSeen::LeadsOutside)) };
            if !self.has(&target) {
                return Ok(Content::NotSeen(NotSeen::BrokenLink));
            }
            path = target;
        }
        Ok(Content::NotSeen(NotSeen::BrokenLink))
    }

    /// The first part of a path that is a link, and its object.
    fn first_link(&self, path: &Path) -> Option<(PathBuf, &str)> {
        let mut parts: Vec<&Path> = path.ancestors().collect();
        parts.reverse();
        parts.into_iter().find_map(|part| {
            let entry = self.entries.get(part).filter(|entry| entry.kind == EntryKind::Link)?;
            Some((part.to_owned(), entry.object.as_deref()?))
        })
    }

    /// Whether this is a file, a link, or on the way to one.
    fn has(&self, path: &Path) -> bool {
        self.first_link(path).is_some()
            || self.entries.range(path.to_owned()..).next().is_some_and(|(next, _)| next.starts_with(path))
    }
}

/// A path without `.` and `..`. `None`: it leads out.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir if inside.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(inside)
}

/// What is at a path below a directory, whose links are resolved. Only what is inside of it is opened.
pub(crate) fn on_disk(root: &Path, path: &Path) -> Content {
    let named = root.join(path);
    let real = match std::fs::canonicalize(&named) {
        Ok(real) => real,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return if named.is_symlink() { Content::NotSeen(NotSeen::BrokenLink) } else { Content::Absent };
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Content::NotSeen(NotSeen::NoPermission);
        }
        Err(_) => return Content::NotSeen(NotSeen::BrokenLink),
    };
    let is_inside =
        real.strip_prefix(root).is_ok_and(|path| path.components().all(|part| part.as_os_str() != ".git"));
    if !is_inside {
        return Content::NotSeen(NotSeen::LeadsOutside);
    }
    match snapshot(&real) {
        Ok(bytes) => Content::of(bytes),
        Err(StoreError::NotAFile(_)) if real.is_dir() && !named.is_symlink() => Content::Absent,
        Err(error) => Content::failed(&error),
    }
}

/// The name that git has for a file of these bytes: SHA-1, or SHA-256 where its names are as long.
fn object_of(bytes: &[u8], length: usize) -> String {
    let algorithm = if length == 64 { &digest::SHA256 } else { &digest::SHA1_FOR_LEGACY_USE_ONLY };
    let mut hash = digest::Context::new(algorithm);
    hash.update(format!("blob {}\0", bytes.len()).as_bytes());
    hash.update(bytes);
    hash.finish().as_ref().iter().fold(String::with_capacity(length), |mut name, byte| {
        // Writing to a string can't fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

fn lines(listed: &[u8]) -> impl Iterator<Item = &[u8]> {
    listed.split(|byte| *byte == 0).filter(|line| !line.is_empty())
}

/// What git says of a path, and the path.
fn cut(line: &[u8]) -> Option<(&str, PathBuf)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    Some((std::str::from_utf8(&line[..tab]).ok()?, path_of(&line[tab + 1..])))
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::new(&*String::from_utf8_lossy(bytes)))
}
