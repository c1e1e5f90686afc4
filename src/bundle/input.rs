//! A file that goes into a bundle: opened once, and watched for changes while it is read.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::platform::{self, FileId};

/// An open input file.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    file: File,
    stamp: Stamp,
}

/// What must stay the same while a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    id: FileId,
    size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(path: &Path, metadata: &std::fs::Metadata) -> io::Result<Self> {
        Ok(Self {
            id: platform::file_id(path, metadata)?,
            size: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

impl Input {
    /// Opens the regular file at `path`. Folders, pipes and devices are refused with
    /// [`io::ErrorKind::InvalidInput`].
    pub fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe for reading would wait for a writer, so the kind of file is asked first.
        let refuse = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(refuse("it is a folder, not a file"));
        }
        if !metadata.is_file() {
            return Err(refuse("it is not a regular file"));
        }
        let file = File::open(path)?;
        let stamp = Stamp::of(path, &file.metadata()?)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            stamp,
        })
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Size when it was opened, in bytes.
    pub fn size(&self) -> u64 {
        self.stamp.size
    }

    /// Whether the file, or what the path names, is another one than when it was opened.
    pub fn changed(&self) -> io::Result<bool> {
        let open = Stamp::of(&self.path, &self.file.metadata()?)?;
        let named = Stamp::of(&self.path, &std::fs::metadata(&self.path)?)?;
        Ok(open != self.stamp || named != self.stamp)
    }
}
