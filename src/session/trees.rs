//! Two trees of a repository, compared file by file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::arguments::Global;
use super::findings::not_compared;
use super::policy_file::PolicyFile;
use super::review_policy::{self, PolicyFinding};
use super::shared::{self, SharedSecrets};
use super::sides::Sides;
use super::{Error, Source, Usage, World, policy_file};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Named, Printable};
use crate::config::Input;
use crate::report::findings::{Earlier, Skipped};
use crate::rules::policy_changed;
use crate::store::git::{Content, Links, NotSeen, Objects, Repository, Tip, Tree};
use crate::store::{self, Snapshot};
use crate::wrap::manifest::{Holds, holds, tells_the_service};

/// What is compared.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) sides: Vec<Sides>,
    /// What can't be.
    pub(crate) skipped: Vec<Skipped>,
    /// Policies that change, or can't be read.
    pub(crate) policies: Vec<PolicyFinding>,
    /// The secrets of all configs of a tree, before and after.
    pub(crate) shared: [SharedSecrets; 2],
}

/// The branch that a change is merged into, where it went on since.
pub(super) struct Target {
    tree: Tree,
    branch: String,
}

impl Target {
    pub(super) fn of(repository: &Repository, tip: Tip) -> Result<Self, Error> {
        Ok(Self { tree: Tree::at(repository, &tip.commit)?, branch: tip.branch })
    }
}

/// Two trees, the old one a commit's.
pub(super) struct Change<'g> {
    pub(super) global: &'g Global,
    pub(super) repository: Repository,
    pub(super) old: Tree,
    /// What decides is this one's: else a change could choose by what it is judged, among all that ever held.
    pub(super) tip: Option<Target>,
    pub(super) new: Tree,
    pub(super) objects: Objects,
    pub(super) links: Links,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) found: Compared,
}

/// What a file is to a comparison.
enum Side {
    Nothing,
    Config,
    NotSeen(Sentence),
}

impl Side {
    fn of(content: &Content, input: Input) -> Self {
        match content {
            Content::Absent => Self::Nothing,
            Content::NotSeen(why) => Self::NotSeen(why.message()),
            Content::File(bytes) => match holds(bytes, input) {
                Holds::Config => Self::Config,
                Holds::Unseen(why) => Self::NotSeen(why.message()),
                Holds::Nothing => Self::Nothing,
            },
        }
    }
}

impl Change<'_> {
    /// The files that are meant: the named ones, each with the name it was given, those below named directories, or all.
    pub(super) fn chosen(
        &mut self,
        paths: &[PathBuf],
        world: &World<'_>,
    ) -> Result<Vec<(PathBuf, Option<String>)>, Error> {
        let both: BTreeSet<&Path> = self.old.paths().chain(self.new.paths()).collect();
        let all: Vec<PathBuf> =
            both.into_iter().filter(|path| store::is_looked_into(path)).map(Path::to_owned).collect();
        if paths.is_empty() {
            return Ok(all.into_iter().map(|path| (path, None)).collect());
        }
        let mut chosen = Vec::new();
        for path in paths {
            let inside = self.inside(path, world)?;
            if world.path(path).is_dir() {
                let below = all.iter().filter(|path| path.starts_with(&inside));
                chosen.extend(below.map(|path| (path.clone(), None)));
            } else {
                self.new.name(&inside);
                chosen.push((inside, Some(path.display().to_string())));
            }
        }
        Ok(chosen)
    }

    /// A path from the root of the repository.
    fn inside(&self, path: &Path, world: &World<'_>) -> Result<PathBuf, Error> {
        self.repository
            .below(&world.path(path))
            .ok_or_else(|| Usage::OutsideOfRepository(path.display().to_string()).into())
    }

    /// Compares a file if it is or was a config and is another now.
    pub(super) fn compare(&mut self, path: &Path, world: &World<'_>) -> Result<(), Error> {
        let new = self.links.read(&self.new, path, &mut self.objects)?;
        if let Some(bytes) = new.bytes().filter(|bytes| self.old.is_at(path, bytes)) {
            self.share(path, [Some(bytes), Some(bytes)], world);
            return Ok(());
        }
        let old = self.links.read(&self.old, path, &mut self.objects)?.with_endings_of(&new);
        let is_same = match (&old, &new) {
            (Content::File(old), Content::File(new)) => **old == **new,
            (_, Content::NotSeen(NotSeen::ManyLinks)) => false,
            // What stands for the file in git is the same: what it stands for is, too.
            // What a link leads to may be another all the same.
            (Content::NotSeen(_), Content::File(_)) if self.old.is_link(path) => false,
            (Content::NotSeen(_), _) => self.old.has_same_object(&self.new, path),
            _ => false,
        };
        self.share(path, [old.bytes(), new.bytes()], world);
        if is_same {
            return Ok(());
        }
        let name = name_of(&self.repository, path, world);
        let input = Input::of_path(path);
        match (Side::of(&old, input), Side::of(&new, input)) {
            (Side::Nothing, Side::Nothing) => {
                if [&old, &new].into_iter().filter_map(Content::bytes).any(|bytes| tells_the_service(bytes)) {
                    let why = sentence!(
                        "it names `POWERSYNC_CONFIG_…`, which tells the service where its config is"
                    );
                    self.found.skipped.push(not_compared(&name, path, why, Earlier::Other));
                }
            }
            (was, Side::NotSeen(why)) => {
                // Nobody has so many links or directories but to hide one.
                let is_full = matches!(new, Content::NotSeen(NotSeen::ManyLinks | NotSeen::TooDeep));
                let was_config = is_full || matches!(was, Side::Config);
                let was = if was_config { Earlier::Config } else { Earlier::Other };
                self.found.skipped.push(not_compared(&name, path, why, was));
            }
            (Side::NotSeen(why), Side::Nothing) => {
                self.found.skipped.push(not_compared(&name, path, why, Earlier::Other));
            }
            (Side::NotSeen(why), Side::Config) => {
                // What it was can't be told: all that it has counts as new.
                self.found.skipped.push(not_compared(&name, path, why, Earlier::Other));
                self.add(path, name, (None, new.bytes().cloned()), world)?;
            }
            _ => self.add(path, name, (old.bytes().cloned(), new.bytes().cloned()), world)?,
        }
        Ok(())
    }

    /// Takes note of the secrets of a config, for the others.
    fn share(&mut self, path: &Path, texts: [Option<&Snapshot>; 2], world: &World<'_>) {
        let input = Input::of_path(path);
        let name = name_of(&self.repository, path, world);
        let source = Source::File(PathBuf::from(&name));
        let secrets = |text: Option<&Snapshot>| {
            let text = text.filter(|text| matches!(holds(text, input), Holds::Config));
            let keys = text.and_then(|text| shared::keys(&source, self.global, text, input));
            keys.iter().flat_map(shared::secrets).collect::<Vec<_>>()
        };
        let [old, new] = texts;
        let was = secrets(old);
        let is = if old == new { was.clone() } else { secrets(new) };
        for (shared, secrets) in self.found.shared.iter_mut().zip([was, is]) {
            shared.add(&name, secrets);
        }
    }

    /// Compares a file that was named, whatever is in it.
    pub(super) fn compare_named(
        &mut self,
        path: &Path,
        name: String,
        world: &World<'_>,
    ) -> Result<(), Error> {
        let new = self.new.read(path, &mut self.objects)?;
        let old = self.old.read(path, &mut self.objects)?.with_endings_of(&new);
        match (&old, &new) {
            (Content::Absent, Content::Absent) => {
                return Err(Usage::NowhereInGit { name, from: self.from.clone(), to: self.to.clone() }.into());
            }
            (Content::NotSeen(why), _) | (_, Content::NotSeen(why)) => {
                return Err(Usage::NotCompared { name: Named(&name).to_string(), why: *why }.into());
            }
            _ => self.add(path, name, (old.bytes().cloned(), new.bytes().cloned()), world)?,
        }
        Ok(())
    }

    fn add(
        &mut self,
        path: &Path,
        name: String,
        (old, new): (Option<Snapshot>, Option<Snapshot>),
        world: &World<'_>,
    ) -> Result<(), Error> {
        let input = Input::of_path(path);
        let (from, to) = (self.from.clone(), self.to.clone());
        let source = Source::File(PathBuf::from(&name));
        let (input_old, input_new) = (input, input);
        let (old_name, policy) = (name.clone(), self.policy_of(path, world)?);
        if let Some(branch) = self.moved_on(path, new.as_ref())? {
            let branch = Printable(&branch);
            let why = sentence!(
                "`{branch}` changed it since, and what a merge makes of both isn't seen here: merge `{branch}` into this \
                 branch, and review again"
            );
            self.found.skipped.push(not_compared(&name, path, why, Earlier::Config));
        }
        let sides = Sides {
            name,
            old_name,
            old,
            new,
            from,
            to,
            input_old,
            input_new,
            source,
            policy,
            moved_from: None,
        };
        self.found.sides.push(sides);
        Ok(())
    }

    /// The branch it is merged into, where that changed this file, too, and not to the same.
    fn moved_on(&mut self, path: &Path, new: Option<&Snapshot>) -> Result<Option<String>, Error> {
        let Some(tip) = self
            .tip
            .as_ref()
            .filter(|tip| tip.tree.is_link(path) || !tip.tree.has_same_object(&self.old, path))
        else {
            return Ok(None);
        };
        let is = new.map_or(Content::Absent, |new| Content::File(new.clone()));
        let (old, tip_has) =
            (self.old.read(path, &mut self.objects)?, tip.tree.read(path, &mut self.objects)?);
        let bytes = |content: &Content| content.clone().with_endings_of(&is).bytes().cloned();
        let tip_is = bytes(&tip_has);
        let is_known =
            matches!(tip_has, Content::NotSeen(_)) || (tip_is != bytes(&old) && tip_is.as_ref() != new);
        Ok(is_known.then(|| tip.branch.clone()))
    }

    /// The policy that decides on a config at this path: the nearest above it.
    fn policy_of(&mut self, path: &Path, world: &World<'_>) -> Result<PolicyFile, Error> {
        let above = path.ancestors().skip(1);
        for file in above.flat_map(|directory| policy_file::NAMES.map(|name| directory.join(name))) {
            let base = self.tip.as_ref().map_or(&self.old, |tip| &tip.tree);
            match base.read(&file, &mut self.objects)? {
                Content::Absent => {}
                Content::NotSeen(_) => return Ok(PolicyFile::default()),
                Content::File(text) => {
                    let name = || (name_of(&self.repository, &file, world), file.display().to_string());
                    return Ok(review_policy::of_text(&text, name, &mut self.found.policies).named(&file));
                }
            }
        }
        Ok(PolicyFile::default())
    }

    /// The policies that the change adds, changes or removes.
    pub(super) fn policies(&mut self, world: &World<'_>) -> Result<(), Error> {
        let both: BTreeSet<&Path> = self.old.paths().chain(self.new.paths()).collect();
        let is_policy =
            |path: &&Path| policy_file::NAMES.iter().any(|name| path.file_name() == Some(name.as_ref()));
        for path in both.into_iter().filter(is_policy) {
            let old = self.old.read(path, &mut self.objects)?;
            let new = self.new.read(path, &mut self.objects)?;
            let (name, place) = (name_of(&self.repository, path, world), path.display().to_string());
            if let Content::NotSeen(why) = new {
                self.found.skipped.push(not_compared(&name, path, why.message(), Earlier::Other));
                continue;
            }
            let text = new.bytes().cloned().unwrap_or_default();
            if old.bytes().cloned().unwrap_or_default() == text {
                continue;
            }
            let decides = match &self.tip {
                Some(tip) => tip.tree.read(path, &mut self.objects)?,
                None => old,
            };
            let was = decides.bytes().map(|text| policy_file::parse_bytes(text).unwrap_or_default());
            match policy_file::parse_bytes(&text) {
                Err(bad) => self.found.policies.push(PolicyFinding::unreadable(name, place, text, &bad)),
                Ok(is) => {
                    let changes = was.unwrap_or_default().changes(&is);
                    if !changes.is_empty() {
                        let finding = policy_changed(changes);
                        self.found.policies.push(PolicyFinding { name, path: place, text, finding });
                    }
                }
            }
        }
        Ok(())
    }

    /// Names the submodules that moved: what is in them isn't looked at.
    pub(super) fn submodules(&mut self, paths: &[PathBuf], world: &World<'_>) -> Result<(), Error> {
        let named: Vec<PathBuf> =
            paths.iter().map(|path| self.inside(path, world)).collect::<Result<_, Error>>()?;
        let is_meant = |path: &&Path| named.is_empty() || named.iter().any(|above| path.starts_with(above));
        let both: BTreeSet<&Path> = self.old.submodules().chain(self.new.submodules()).collect();
        for path in both.into_iter().filter(is_meant) {
            if !self.old.has_same_object(&self.new, path) {
                let name = name_of(&self.repository, path, world);
                self.found.skipped.push(not_compared(
                    &name,
                    path,
                    NotSeen::Submodule.message(),
                    Earlier::Other,
                ));
            }
        }
        Ok(())
    }
}

/// A file as people in this directory name it.
fn name_of(repository: &Repository, path: &Path, world: &World<'_>) -> String {
    let path = repository.root.join(path);
    let here = std::fs::canonicalize(&world.directory).unwrap_or_else(|_| world.directory.clone());
    path.strip_prefix(here).unwrap_or(&path).display().to_string()
}
