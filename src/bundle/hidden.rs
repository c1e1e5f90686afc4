//! A folder that nobody can list, for a staged file.
//!
//! The coordinator passes over a folder that it may not list, and so does the Dag processor. The writer knows the name of its
//! file, and can use the file all the same. Root may list every folder.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::platform;

/// A folder with mode 0300. Dropped, it is removed if it is empty.
#[derive(Debug)]
pub struct Hidden(PathBuf);

impl Hidden {
    pub fn make(path: PathBuf) -> io::Result<Self> {
        platform::create_unlistable(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // An error means that the file in it could not be removed; the next writer tries again.
        let _ = fs::remove_dir(&self.0);
    }
}
