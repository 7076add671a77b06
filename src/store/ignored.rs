//! Whether git leaves a file alone, by the `.gitignore` files around it.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::Gitignore;

/// Whether a `.gitignore` in its directory, or above up to the root of its repository, ignores a file.
#[must_use]
pub(crate) fn is_ignored(path: &Path) -> bool {
    let directory = path.parent().unwrap_or(Path::new(""));
    let root = directory.ancestors().find(|above| above.join(".git").exists()).unwrap_or(directory);
    // The nearest one that names it decides.
    for above in directory.ancestors().take_while(|above| above.starts_with(root)) {
        let file = above.join(".gitignore");
        if !file.is_file() {
            continue;
        }
        match Gitignore::new(&file).0.matched_path_or_any_parents(path, false) {
            Match::None => {}
            found => return found.is_ignore(),
        }
    }
    false
}
