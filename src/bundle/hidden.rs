//! A folder that nobody can list, for the moment in which a staged file is executable.
//!
//! The coordinator passes over a folder that it may not list. Who knows the name of a file in it can use the file all the
//! same, as its writer does. Root may list every folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::platform;

/// A folder with mode 0300. Dropped, it is removed if it is empty.
#[derive(Debug)]
pub struct Hidden(PathBuf);

impl Hidden {
    /// Makes the folder.
    pub fn make(path: PathBuf) -> io::Result<Self> {
        platform::create_unlistable(&path)?;
        Ok(Self(path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Not empty: its file could not be removed, and the next writer tries again.
        let _ = fs::remove_dir(&self.0);
    }
}
