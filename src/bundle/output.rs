//! The place that a bundle is written to: what may stand there already, and the folders that lead
//! to it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::platform::{self, FileId};

/// Why a path cannot be written to.
#[derive(Debug)]
pub enum OutputError {
    /// The path ends in no file name.
    NoFileName,
    /// A folder stands there.
    IsFolder,
    /// A symbolic link to nothing stands there.
    DanglingLink,
    /// A pipe, device or socket stands there.
    NotRegular,
    /// A parent of the path is a file.
    ParentIsFile(PathBuf),
    /// A parent of the path is a symbolic link to nothing.
    ParentIsDangling(PathBuf),
    /// The file is an input of the same pack.
    IsInput(PathBuf),
    /// The operating system refused.
    Io(io::Error),
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFileName => {
                f.write_str("the path ends in no file name; name a file, or pass `--out-dir`")
            }
            Self::IsFolder => f.write_str("it is a folder; name a file, or pass `--out-dir`"),
            Self::DanglingLink => {
                f.write_str("it is a symbolic link to a file that does not exist")
            }
            Self::NotRegular => f.write_str("it exists and is not a regular file"),
            Self::ParentIsFile(parent) => {
                write!(f, "`{}` is a file, not a folder", parent.display())
            }
            Self::ParentIsDangling(parent) => write!(
                f,
                "`{}` is a symbolic link to a folder that does not exist",
                parent.display()
            ),
            Self::IsInput(input) => write!(
                f,
                "it is the same file as the input `{}`, and inputs are never overwritten",
                input.display()
            ),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for OutputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // `Display` holds the inner text already.
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A path that can be written to, as far as could be seen when it was checked.
#[derive(Debug, Clone)]
pub struct Output {
    path: PathBuf,
    root: Option<PathBuf>,
    existing: Option<FileId>,
}

impl Output {
    /// Looks at what stands at `path`. A symbolic link to a file is followed, so that the link stays
    /// one and its target is replaced.
    pub fn check(path: &Path) -> Result<Self, OutputError> {
        let absolute = std::path::absolute(path)?;
        if path.file_name().is_none() || names_a_folder(path) {
            let folder = absolute.is_dir();
            return Err(if folder {
                OutputError::IsFolder
            } else {
                OutputError::NoFileName
            });
        }
        match fs::symlink_metadata(&absolute) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                check_parents(&absolute)?;
                return Ok(Self {
                    path: absolute,
                    root: None,
                    existing: None,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                check_parents(&absolute)?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        let metadata = match fs::metadata(&absolute) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OutputError::DanglingLink);
            }
            Err(error) => return Err(error.into()),
        };
        if metadata.is_dir() {
            return Err(OutputError::IsFolder);
        }
        if !metadata.is_file() {
            return Err(OutputError::NotRegular);
        }
        let is_link = fs::symlink_metadata(&absolute)?.is_symlink();
        Ok(Self {
            root: None,
            existing: Some(platform::file_id(&absolute, &metadata)?),
            path: if is_link {
                absolute.canonicalize()?
            } else {
                absolute
            },
        })
    }

    /// Says that workers may scan `root`, a folder that the output is below.
    #[must_use]
    pub fn below(mut self, root: &Path) -> Self {
        // A link may lead to somewhere else.
        self.root = std::path::absolute(root)
            .ok()
            .filter(|root| self.path.starts_with(root));
        self
    }

    /// The folder that workers may scan: the output's own, or one above that was given.
    pub fn root(&self) -> &Path {
        let own = || self.path.parent().unwrap_or(Path::new("."));
        self.root.as_deref().unwrap_or_else(own)
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file stands there.
    pub fn exists(&self) -> bool {
        self.existing.is_some()
    }

    /// Refuses to overwrite `input`, through whatever links it was reached.
    pub fn must_not_be(&self, input: &Path) -> Result<(), OutputError> {
        if self.existing.is_none() {
            return Ok(());
        }
        let Ok(metadata) = fs::metadata(input) else {
            // The caller reports that the input is missing, when it opens it.
            return Ok(());
        };
        if self.existing == Some(platform::file_id(input, &metadata)?) {
            return Err(OutputError::IsInput(input.to_owned()));
        }
        Ok(())
    }
}

/// Whether a path ends in `/` or `/.`, which can only be a folder.
fn names_a_folder(path: &Path) -> bool {
    let bytes = platform::path_bytes(path);
    let name = bytes.strip_suffix(b".").unwrap_or(&bytes);
    name.last()
        .is_some_and(|&byte| std::path::is_separator(char::from(byte)))
}

fn check_parents(path: &Path) -> Result<(), OutputError> {
    let mut parents = path.ancestors().skip(1);
    let Some(nearest) = parents.find(|parent| parent.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    if nearest.is_dir() {
        return Ok(());
    }
    Err(if nearest.exists() {
        OutputError::ParentIsFile(nearest.to_owned())
    } else {
        OutputError::ParentIsDangling(nearest.to_owned())
    })
}

/// Folders that were made for an output. Dropped, it removes those that are still empty; kept, they
/// stay.
#[derive(Debug, Default)]
pub struct NewFolders(Vec<PathBuf>);

impl NewFolders {
    /// Makes `folder` and its missing parents.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let mut made = Self::default();
        made.add(folder)?;
        Ok(made)
    }

    /// Makes `folder` and its missing parents too. It tries again where a parent vanishes meanwhile: another pack that had made
    /// it, and failed, removes it.
    pub fn add(&mut self, folder: &Path) -> io::Result<()> {
        let mut attempts = 16;
        loop {
            attempts -= 1;
            match self.make_missing(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && attempts > 0 => {}
                result => return result,
            }
        }
    }

    fn make_missing(&mut self, folder: &Path) -> io::Result<()> {
        let mut missing: Vec<_> = folder
            .ancestors()
            .take_while(|parent| !parent.as_os_str().is_empty() && !parent.exists())
            .map(Path::to_owned)
            .collect();
        missing.reverse();
        for folder in missing {
            match fs::create_dir(&folder) {
                Ok(()) => self.0.push(folder),
                // Another pack made it a moment ago.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Leaves the folders in place.
    pub fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            // An error means that another program has put something into the folder, or has removed it.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    #[test]
    fn the_root_is_a_folder_that_the_output_is_below() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::check(&folder.path().join("x86_64/etl")).unwrap();
        assert_eq!(output.root(), folder.path().join("x86_64"));
        let below = output.clone().below(folder.path());
        assert_eq!(below.root(), folder.path());
        let elsewhere = output.below(&folder.path().join("other"));
        assert_eq!(elsewhere.root(), folder.path().join("x86_64"));
    }
}
