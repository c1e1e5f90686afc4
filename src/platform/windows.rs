//! Windows, where no worker runs but bundles may be looked at.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Equal for two paths exactly when they lead to one directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryIdentity(PathBuf);

/// The identity of the directory at `path`, or `None` if it cannot be resolved.
pub fn directory_identity(path: &Path, _metadata: &Metadata) -> Option<DirectoryIdentity> {
    path.canonicalize().ok().map(DirectoryIdentity)
}

/// Windows has no execute bit, and Python's `os.access(path, os.X_OK)` says yes to every file that exists.
pub fn is_executable(_path: &Path) -> bool {
    true
}

/// Opens a file for reading.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}
