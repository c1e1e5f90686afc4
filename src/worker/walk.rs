//! The worker's walk over its `executables_root`.
//!
//! Depth first, roots in their order, each folder in the order that the file system gives; links are
//! followed, and a folder is visited once. What cannot be read is passed over.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::platform;

/// A regular file that the walk has met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The path by which it was met.
    pub path: PathBuf,
    /// Whether this user may execute it. The worker looks at no other file.
    pub executable: bool,
}

/// Walks over `roots`, which may be files or folders.
pub fn walk(roots: impl IntoIterator<Item = PathBuf>) -> impl Iterator<Item = Found> {
    let mut seen_folders = HashSet::new();
    let roots: Vec<PathBuf> = roots.into_iter().collect();
    // Folders that are being read, innermost last: a deep tree must not exhaust the stack.
    let mut open = vec![roots.into_iter()];
    std::iter::from_fn(move || {
        loop {
            let Some(path) = open.last_mut()?.next() else {
                open.pop();
                continue;
            };
            let Ok(metadata) = std::fs::metadata(&path) else {
                continue;
            };
            if metadata.is_file() {
                let executable = platform::is_executable(&path);
                return Some(Found { path, executable });
            }
            if metadata.is_dir()
                && let Ok(id) = platform::file_id(&path, &metadata)
                && seen_folders.insert(id)
            {
                open.push(children(&path).into_iter());
            }
        }
    })
}

/// What stands in a folder. All of it, as the worker lists it, before any of it is looked at.
fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let entries: Result<Vec<_>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    entries.unwrap_or_default()
}
