//! Files that are written elsewhere before they are put in their place.
//!
//! A worker of Airflow 3.4 looks at every file below the folder that it searches, whatever its mode and its name (3.3: at every
//! executable one; `_find_bundle_files` in `airflow/sdk/coordinators/executable/coordinator.py`). A bundle under a temporary name
//! would be started under that name, while it is open for writing ("Text file busy") or a moment before the name is gone. So a
//! file steps aside while it is empty.
//!
//! Staged files are locked while their writer lives, so that the next writer can tell what a killed one has left behind, and
//! removes it. On a file system without locks nothing is removed, nor over NFS, where only a file that is open for
//! writing can be locked for oneself alone.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::hidden::Hidden;
use super::temporary::{self, RANDOM};
use crate::platform;

/// How the names of staged files begin and end; [`RANDOM`] letters and digits stand between. No other program uses such names.
const PREFIX: &str = ".airflow-bundle-";
const SUFFIX: &str = ".tmp";

/// The end of the name of the folder in which a staged file is hidden. The name is otherwise that of the file.
const FOLDER_SUFFIX: &str = ".d";

/// How many files are made, if another process takes each for one that a killed writer has left, and removes it before it is
/// locked.
const ATTEMPTS: usize = 16;

/// A file that is written where a worker does not find it. Dropped, it is removed.
#[derive(Debug)]
pub struct Staged {
    file: File,
    path: TempPath,
    // Stands behind the path, because fields are dropped in this order, and the folder must be empty to be removed.
    hidden: Option<Hidden>,
}

impl Staged {
    /// Makes an empty file for `folder`, mode 0600, with a lock on it. It has the owner, the label and the access control list of
    /// a file of that folder, and steps aside: a worker that searches `root`, which is `folder` or one above it, does not find it.
    pub fn create(folder: &Path, root: &Path) -> io::Result<Self> {
        let (file, path) = create(folder)?.into_parts();
        let (path, hidden) = step_aside(path, root)?;
        Ok(Self { file, path, hidden })
    }

    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Syncs the file. Then it can only be published.
    pub fn finish(self) -> io::Result<Finished> {
        self.file.sync_all()?;
        Ok(Finished {
            file: close_for_writing(self.file, &self.path),
            path: self.path,
            hidden: self.hidden,
        })
    }
}

/// A staged file that is whole. Dropped, it is removed.
#[derive(Debug)]
pub struct Finished {
    // The lock is held until the file has its name.
    file: File,
    path: TempPath,
    hidden: Option<Hidden>,
}

impl Finished {
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name. `retry` is asked once whether an error can be mended.
    pub fn persist(
        self,
        path: &Path,
        retry: impl FnOnce(io::Error) -> io::Result<()>,
    ) -> io::Result<()> {
        let Self {
            path: file,
            // They are kept until the file has left the folder, or is removed.
            hidden: _hidden,
            file: _locked,
        } = self;
        file.persist(path).or_else(|failed| {
            retry(failed.error)?;
            failed.path.persist(path).map_err(|failed| failed.error)
        })
    }
}

/// Makes an empty file in `folder`, mode 0600, with a lock on it. Dropped, it is removed.
fn create(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..ATTEMPTS {
        let file = temporary::create(folder, PREFIX, SUFFIX)?;
        match platform::hold(file.as_file()) {
            // A file of this random name is the one made above, so its name is enough to find it again. Its inode number
            // proves nothing: on some network file systems the number of a file changes.
            Ok(()) if fs::symlink_metadata(file.path()).is_ok() => return Ok(file),
            // Another writer has found the file before it was locked, and has removed it or is about to.
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // On a file system without locks no writer removes another's file.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
    Err(io::Error::other(
        "other processes remove every new file there",
    ))
}

/// Removes the files in `folder` that a killed writer has left, hidden ones too. A file that cannot be opened, locked
/// or removed stays.
pub fn remove_left(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        // The type of the entry itself, because no writer stages a link.
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else {
            continue;
        };
        if kind.is_file() && random_part(name, SUFFIX).is_some() {
            remove_if_left(&entry.path());
        } else if kind.is_dir()
            && let Some(random) = random_part(name, FOLDER_SUFFIX)
        {
            let folder = entry.path();
            remove_if_left(&folder.join(format!("{PREFIX}{random}{SUFFIX}")));
            // This fails, as it should, while the folder holds the file of a living writer. A writer that has made the folder
            // and not moved its file yet makes it again.
            let _ = fs::remove_dir(&folder);
        }
    }
}

/// Whether a file of this name is staged: no bundle yet, or what a killed writer has left.
pub fn is_staged(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| random_part(name, SUFFIX).is_some())
}

/// The letters and digits between [`PREFIX`] and `suffix`, if `name` is that of a staged file or its folder.
fn random_part<'n>(name: &'n str, suffix: &str) -> Option<&'n str> {
    let random = name.strip_prefix(PREFIX)?.strip_suffix(suffix)?;
    let ours = random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    ours.then_some(random)
}

fn remove_if_left(path: &Path) {
    let Ok(file) = platform::open_without_waiting(path) else {
        return;
    };
    if file.try_lock().is_ok() && is_named(&file, path) {
        // An error means that its own writer removes it at the same moment, or that the folder is read-only.
        let _ = fs::remove_file(path);
    }
}

/// Whether `path` is a name of the open file, and no link to it.
fn is_named(file: &File, path: &Path) -> bool {
    let identity = || -> io::Result<bool> {
        let named = fs::symlink_metadata(path)?;
        let open = file.metadata()?;
        Ok(named.is_file() && platform::file_id(path, &named)? == platform::file_id(path, &open)?)
    };
    identity().unwrap_or(false)
}

/// Closes a staged file for writing, and keeps it open and locked: a file that is open for writing cannot be executed
/// ("Text file busy"), and a worker may start a bundle as soon as it has its name.
fn close_for_writing(file: File, path: &Path) -> File {
    let Ok(reader) = platform::open_without_waiting(path) else {
        // Under `umask 777` not even its owner may open it.
        return file;
    };
    match platform::hold(&reader) {
        // On a file system without locks neither is locked, and `file` is not needed.
        Ok(()) | Err(TryLockError::Error(_)) => reader,
        // Windows locks a file for one handle alone. It executes files that are open for writing, so `file` may stay open.
        Err(TryLockError::WouldBlock) => file,
    }
}

/// Moves a staged file into a folder that nobody but root can list: above `root`, where not even root's worker searches, or else
/// beside the file. Where no such folder can be made (on Windows), it moves to the folder above as it is, or else stays.
fn step_aside(file: TempPath, root: &Path) -> io::Result<(TempPath, Option<Hidden>)> {
    let (Some(name), Some(own)) = (file.file_name(), file.parent()) else {
        return Ok((file, None));
    };
    let (name, own) = (name.to_owned(), own.to_owned());
    let above = above(root);
    let mut file = file;
    for folder in above.iter().chain([&own]) {
        file = match hide(file, folder)? {
            (path, Some(hidden)) => return Ok((path, Some(hidden))),
            // The folder is on another file system, or this user may not write there.
            (path, None) => path,
        };
    }
    if let Some(above) = above {
        file = moved(file, above.join(name))?.0;
    }
    Ok((file, None))
}

/// Moves a file into a new folder in `folder` that nobody but root can list. Returns the path of the file, and the new folder if
/// the file is there.
fn hide(file: TempPath, folder: &Path) -> io::Result<(TempPath, Option<Hidden>)> {
    let Some(name) = file.file_name().map(OsStr::to_owned) else {
        return Ok((file, None));
    };
    let mut path = folder.join(&name);
    path.set_extension(FOLDER_SUFFIX.trim_start_matches('.'));
    let mut file = file;
    for _ in 0..ATTEMPTS {
        let Ok(hidden) = Hidden::make(path.clone()) else {
            break;
        };
        file = match moved(file, path.join(&name))? {
            (file, true) => return Ok((file, Some(hidden))),
            (file, false) => file,
        };
        // Another writer removes a folder that is empty, for one that a killed writer has left.
        if path.exists() {
            break;
        }
    }
    Ok((file, None))
}

/// Moves a file to `to`, unless something stands there. Returns the path of the file, and whether it was moved.
fn moved(file: TempPath, to: PathBuf) -> io::Result<(TempPath, bool)> {
    match file.persist_noclobber(&to) {
        Ok(()) => Ok((TempPath::try_from_path(to)?, true)),
        Err(error) => Ok((error.path, false)),
    }
}

/// The folder above `folder`, in which staged files stand. Links and `..` are resolved first, because the path that
/// leads to a link, or to `..`, may lie below `folder`.
pub fn above(folder: &Path) -> Option<PathBuf> {
    let mut folder = folder.canonicalize().ok()?;
    folder.pop().then_some(folder)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is a test failure")]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let left = create(folder.path()).unwrap();
        // As after SIGKILL: the file stays, and nobody holds a lock.
        let (file, path) = left.into_parts();
        drop(file);
        path.keep().unwrap();
        let live = create(folder.path()).unwrap();
        let others = [
            "airflow-bundle-abcDEF.tmp",
            ".airflow-bundle-.tmp",
            ".airflow-bundle-abcDEF",
            ".airflow-bundle-notes.tmp",
            ".airflow-bundle-my-old.tmp",
            ".airflow-bundle-abc_EF.tmp",
        ];
        for name in others {
            fs::write(at(name), "x").unwrap();
        }
        fs::create_dir(at(".airflow-bundle-folder.tmp")).unwrap();
        fs::create_dir(at(".airflow-bundle-fold12.tmp")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(
            at("airflow-bundle-abcDEF.tmp"),
            at(".airflow-bundle-link12.tmp"),
        )
        .unwrap();
        let before = names(folder.path());
        remove_left(folder.path());
        let after = names(folder.path());
        assert_eq!(before.len(), after.len() + 1);
        assert!(live.path().exists());
        drop(live);
        remove_left(folder.path());
        assert_eq!(names(folder.path()).len(), after.len() - 1);
    }

    /// As after SIGKILL of the writer: its files stay, and nobody holds a lock.
    #[cfg(unix)]
    fn kill(staged: Staged) {
        let Staged { file, path, hidden } = staged;
        drop(file);
        path.keep().unwrap();
        std::mem::forget(hidden);
    }

    #[test]
    fn a_staged_file_steps_aside() {
        let above = tempfile::tempdir().unwrap();
        let real = above.path().canonicalize().unwrap();
        let folder = above.path().join("bundles");
        // A root further up counts, and the folder between does not.
        let deeper = folder.join("x86_64-unknown-linux-gnu");
        fs::create_dir_all(&deeper).unwrap();
        for own in [&folder, &deeper] {
            let staged = Staged::create(own, &folder).unwrap();
            // Unix has a folder between.
            assert!(staged.path.ancestors().skip(1).take(2).any(|at| at == real));
            assert!(is_named(&staged.file, &staged.path));
            assert_eq!(names(&deeper).len(), 0);
            assert_eq!(names(&folder).len(), 1);
            drop(staged);
            assert_eq!(names(&real), ["bundles"]);
        }
        fs::remove_dir(&deeper).unwrap();
        let mut staged = Staged::create(&folder, &folder).unwrap();
        staged.file().write_all(b"bytes").unwrap();
        let bundle = folder.join("etl");
        let finished = staged.finish().unwrap();
        finished.persist(&bundle, Err).unwrap();
        assert_eq!(fs::read(&bundle).unwrap(), b"bytes");
        assert_eq!(names(&folder), ["etl"]);
        assert_eq!(names(&real), ["bundles"]);
    }

    /// Somebody's file is never replaced, and a file is hidden beside its place if it cannot be above.
    #[cfg(unix)]
    #[test]
    fn a_staged_file_is_hidden() {
        use std::os::unix::fs::PermissionsExt as _;
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("bundles");
        fs::create_dir(&folder).unwrap();
        let (_file, path) = create(&folder).unwrap().into_parts();
        let name = path.file_name().unwrap().to_owned();
        let rival = above.path().join(&name).with_extension("d");
        fs::write(&rival, "somebody's").unwrap();
        let (path, hidden) = step_aside(path, &folder).unwrap();
        assert_eq!(path.ancestors().nth(2), Some(&*folder));
        assert_eq!(fs::read(&rival).unwrap(), b"somebody's");
        let mode = fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o300);
        drop((path, hidden));
        assert_eq!(names(&folder).len(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_hidden_file_of_a_killed_writer_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        // There is nothing above the root of all folders.
        let hide = || Staged::create(folder.path(), Path::new("/")).unwrap();
        kill(hide());
        let live = hide();
        fs::create_dir(folder.path().join(".airflow-bundle-notes.d")).unwrap();
        let others = folder.path().join(".airflow-bundle-abc123.d");
        fs::create_dir(&others).unwrap();
        fs::write(others.join("file"), "somebody's").unwrap();
        assert_eq!(names(folder.path()).len(), 4);
        remove_left(folder.path());
        assert_eq!(names(folder.path()).len(), 3);
        assert!(live.path.exists() && others.join("file").exists());
        drop(live);
        assert_eq!(names(folder.path()).len(), 2);
    }

    /// `bundles/x/..` is above nothing: `bundles/x` is in the folder.
    #[cfg(unix)]
    #[test]
    fn the_folder_above_is_the_real_one() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().canonicalize().unwrap();
        let bundles = real.join("bundles");
        fs::create_dir_all(bundles.join("x")).unwrap();
        std::os::unix::fs::symlink(&bundles, bundles.join("link")).unwrap();
        for folder in ["x/..", "link", "link/link", ".", "../bundles"] {
            assert_eq!(above(&bundles.join(folder)), Some(real.clone()), "{folder}");
        }
        assert_eq!(above(Path::new("/")), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_closed_for_writing_is_not_taken_for_a_left_one() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, path) = create(folder.path()).unwrap().into_parts();
        file.write_all(b"bytes").unwrap();
        let mut file = close_for_writing(file, &path);
        assert!(file.write_all(b"more").is_err());
        remove_left(folder.path());
        assert!(path.exists());
        drop(file);
        remove_left(folder.path());
        assert!(!path.exists());
    }
}
