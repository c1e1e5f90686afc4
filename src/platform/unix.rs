//! Unix.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Access, OFlags, access};

/// Equal for two paths exactly when they lead to one directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryIdentity {
    device: u64,
    inode: u64,
}

/// The identity of the directory at `path`, whose metadata (of the link's target) is `metadata`.
pub fn directory_identity(_path: &Path, metadata: &Metadata) -> Option<DirectoryIdentity> {
    Some(DirectoryIdentity {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

/// Whether this process's *real* user may execute the file, as Python's `os.access(path, os.X_OK)` says.
pub fn is_executable(path: &Path) -> bool {
    access(path, Access::EXEC_OK).is_ok()
}

/// Opens a file for reading. A pipe that has taken the file's place in the meantime is not waited for.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
}
