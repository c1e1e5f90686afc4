//! The files below a worker's folders, in the order of its search.
//!
//! Follows `_walk_executables` (in 3.4: `_walk_bundle_files`) in `airflow.sdk.coordinators.executable.coordinator`: depth first,
//! in the order in which the operating system lists a directory, through symbolic links, each directory once. An entry that cannot be
//! examined or listed is passed over in silence. A file's name does not matter.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::platform::{self, FileId};

/// A regular file that the walk has met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path by which it was met.
    pub path: PathBuf,
}

impl Found {
    /// Asks the operating system whether this user may execute the file, as Python's `os.access(path, os.X_OK)` does, and if
    /// not, whether the user may change that.
    pub fn may_execute(&self) -> MayExecute {
        if platform::is_executable(&self.path) {
            MayExecute::Yes
        } else if fs::metadata(&self.path).is_ok_and(|found| platform::may_change_mode(&found)) {
            MayExecute::OnceAllowed
        } else {
            MayExecute::No
        }
    }
}

/// Whether the worker's user may execute a file. The worker of a release that
/// [needs the execute bit](airflow_protocol::Release::needs_execute_bit) looks only at files that it may. The worker of another
/// sets the bit of the file that it has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayExecute {
    /// The user may execute it.
    Yes,
    /// The user may not, but may change the mode of the file, as its owner or root.
    OnceAllowed,
    /// The user may not, and may not change that.
    No,
}

/// Walks `roots`, directories or files, in the given order.
///
/// The walk is lazy and keeps a list of paths instead of calling itself, so no depth of directories can exhaust the
/// stack. (The worker's own walk calls itself and ends in a `RecursionError` some hundreds of directories down.) Each
/// directory is read whole before its entries are looked at, as the worker does.
pub fn walk<R: Into<PathBuf>>(roots: impl IntoIterator<Item = R>) -> Walk {
    let root = |path: R| Pending {
        path: path.into(),
        is_file: false,
    };
    let mut pending: Vec<_> = roots.into_iter().map(root).collect();
    pending.reverse();
    Walk {
        pending,
        seen: HashSet::new(),
    }
}

#[derive(Debug)]
struct Pending {
    path: PathBuf,
    /// Whether the directory's listing has said that it is a regular file, which saves a system call. The listing does not say
    /// where a link leads.
    is_file: bool,
}

/// See [`walk`].
#[derive(Debug)]
pub struct Walk {
    /// The paths that are still to be examined; the last comes next.
    pending: Vec<Pending>,
    seen: HashSet<FileId>,
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while let Some(Pending { path, is_file }) = self.pending.pop() {
            if is_file {
                return Some(Found { path });
            }
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if metadata.is_dir() {
                let new = platform::file_id(&path, &metadata).is_ok_and(|id| self.seen.insert(id));
                if new {
                    self.list(&path);
                }
            } else if metadata.is_file() {
                return Some(Found { path });
            }
        }
        None
    }
}

impl Walk {
    fn list(&mut self, directory: &Path) {
        let before = self.pending.len();
        let entries = fs::read_dir(directory).and_then(|entries| {
            entries
                .map(|entry| {
                    entry.map(|entry| Pending {
                        path: entry.path(),
                        is_file: entry.file_type().is_ok_and(|kind| kind.is_file()),
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        });
        // An error in the middle of a listing makes the worker pass over the whole directory.
        self.pending.extend(entries.unwrap_or_default());
        self.pending.get_mut(before..).unwrap_or_default().reverse();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::{Found, MayExecute, walk};
    use std::fs;
    use std::path::Path;

    fn file(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn roots_may_be_files_and_missing() {
        let root = tempfile::tempdir().unwrap();
        file(&root.path().join("a"), "xAFBNDL01");
        let found: Vec<_> = walk([root.path().join("missing"), root.path().join("a")]).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(walk(Vec::<&Path>::new()).count(), 0);
    }

    #[cfg(windows)]
    #[test]
    fn every_file_counts_as_executable() {
        let root = tempfile::tempdir().unwrap();
        file(&root.path().join("d/a"), "");
        assert_eq!(
            walk([root.path()]).collect::<Vec<_>>(),
            [Found {
                path: root.path().join("d").join("a"),
            }]
        );
        assert!(walk([root.path()]).all(|found| found.may_execute() == MayExecute::Yes));
    }

    #[cfg(unix)]
    mod unix {
        use super::{Found, MayExecute, file, walk};
        use std::collections::HashSet;
        use std::fs::{self, Permissions};
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        use std::path::{Path, PathBuf};

        fn executable(path: &Path) {
            file(path, "");
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }

        fn executables(root: &Path) -> Vec<PathBuf> {
            walk([root])
                .map(|found| {
                    if found.may_execute() == MayExecute::Yes {
                        found.path.strip_prefix(root).unwrap().to_path_buf()
                    } else {
                        Path::new("not").join(found.path.file_name().unwrap())
                    }
                })
                .collect()
        }

        #[test]
        fn depth_first_in_the_order_of_the_listing() {
            fn expected(directory: &Path, found: &mut Vec<PathBuf>) {
                for entry in fs::read_dir(directory).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        expected(&path, found);
                    } else {
                        found.push(path);
                    }
                }
            }
            let root = tempfile::tempdir().unwrap();
            for name in ["b", "a/x", "a/y/z", "c", ".hidden", "d/q", "a.tmp"] {
                executable(&root.path().join(name));
            }
            let mut order = Vec::new();
            expected(root.path(), &mut order);
            assert_eq!(order.len(), 7);
            let found: Vec<_> = walk([root.path()]).collect();
            let expected = order.into_iter().map(|path| Found { path });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }

        #[test]
        fn files_without_the_execute_bit_are_marked() {
            let root = tempfile::tempdir().unwrap();
            executable(&root.path().join("yes"));
            file(&root.path().join("no"), "textAFBNDL01");
            let found: HashSet<_> = executables(root.path()).into_iter().collect();
            assert_eq!(found, HashSet::from(["yes".into(), "not/no".into()]));
        }

        #[test]
        fn links_are_followed_and_each_directory_is_listed_once() {
            let root = tempfile::tempdir().unwrap();
            let outside = tempfile::tempdir().unwrap();
            executable(&outside.path().join("target"));
            executable(&root.path().join("d/x"));
            symlink("..", root.path().join("d/loop")).unwrap();
            symlink("d", root.path().join("twin")).unwrap();
            symlink("self", root.path().join("self")).unwrap();
            symlink("nowhere", root.path().join("dangling")).unwrap();
            symlink(outside.path(), root.path().join("out")).unwrap();
            symlink("d/x", root.path().join("link")).unwrap();
            let found = executables(root.path());
            assert_eq!(found.len(), 3, "{found:?}");
            assert!(found.contains(&"out/target".into()));
            assert!(
                found.contains(&"link".into()),
                "a link to a file is a file of its own"
            );
            assert_ne!(
                found.contains(&"d/x".into()),
                found.contains(&"twin/x".into())
            );
            assert_eq!(walk([root.path(), root.path()]).count(), 3);
        }

        #[test]
        fn other_kinds_of_files_are_passed_over() {
            let root = tempfile::tempdir().unwrap();
            let pipe = root.path().join("pipe");
            rustix::fs::mkfifoat(
                rustix::fs::CWD,
                &pipe,
                rustix::fs::Mode::from_raw_mode(0o777),
            )
            .unwrap();
            let _socket =
                std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
            executable(&root.path().join("file"));
            assert_eq!(executables(root.path()), [Path::new("file")]);
        }

        #[test]
        fn what_cannot_be_listed_is_passed_over() {
            let root = tempfile::tempdir().unwrap();
            let closed = root.path().join("closed");
            executable(&closed.join("inside"));
            executable(&root.path().join("file"));
            fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
            let found: HashSet<_> = executables(root.path()).into_iter().collect();
            let readable = fs::read_dir(&closed).is_ok();
            fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
            // Nothing is closed to root.
            let expected = if readable { 2 } else { 1 };
            assert_eq!(found.len(), expected, "{found:?}");
            assert!(found.contains(Path::new("file")));
        }

        #[test]
        fn deep_directories_do_no_harm() {
            let root = tempfile::tempdir().unwrap();
            let mut path = root.path().to_path_buf();
            // As deep as a path can be named.
            while path.as_os_str().len() < 4000 {
                path.push("d");
            }
            executable(&path.join("x"));
            assert_eq!(walk([root.path()]).count(), 1);
        }
    }
}
