//! Where the Dag processor's listing of a Dag bundle ends.
//!
//! Follows `_find_path_from_directory` in `airflow/sdk/_shared/module_loading/file_discovery.py` of `apache-airflow-task-sdk` 1.4.0b2: the
//! walk follows links to folders, and raises an exception at one that it has met already, by its resolved path. A task's search
//! ([`walk`](super::walk)) passes over such a folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::ignore::Ignored;

/// How a folder below `root` is met for the second time, through a link, if one is. `ignored` are the ignore files below `root`; a
/// folder that they name is not met.
pub(crate) fn met_twice(root: &Path, ignored: &mut Ignored) -> Option<PathBuf> {
    let mut met = HashSet::new();
    let mut pending = vec![(root.to_owned(), fs::canonicalize(root).ok()?)];
    while let Some((folder, resolved)) = pending.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = entry.path();
            let resolved = match kind {
                _ if kind.is_dir() => resolved.join(entry.file_name()),
                _ if kind.is_symlink() && path.is_dir() => match fs::canonicalize(&path) {
                    Ok(resolved) => resolved,
                    Err(_) => continue,
                },
                _ => continue,
            };
            if ignored.holds_folder(&path) {
                continue;
            }
            // A repeated folder is never entered, so that the walk has an end.
            if !met.insert(resolved.clone()) {
                return Some(path);
            }
            pending.push((path, resolved));
        }
    }
    None
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::os::unix::fs::symlink;

    use super::*;
    use crate::worker::ignore::FILE_NAME;

    #[test]
    fn a_folder_is_met_twice_through_a_link() {
        let outside = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let found = || met_twice(root.path(), &mut Ignored::below(root.path()));
        fs::create_dir_all(path("a/b")).unwrap();
        symlink(outside.path(), path("once")).unwrap();
        symlink("nowhere", path("dangling")).unwrap();
        fs::write(path("file"), "").unwrap();
        symlink("file", path("link to a file")).unwrap();
        assert_eq!(found(), None);
        symlink("../a", path("a/up")).unwrap();
        assert!(found().is_some());
        fs::write(path(FILE_NAME), "up\n").unwrap();
        assert_eq!(found(), None);
        assert_eq!(
            met_twice(&path("missing"), &mut Ignored::below(root.path())),
            None
        );
    }
}
