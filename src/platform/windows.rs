//! Windows.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

/// Calls `handler` for each signal that asks the program to stop.
pub fn watch_stop_signals(handler: fn(i32)) -> io::Result<()> {
    let flags = [SIGINT, SIGTERM].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
    for (signal, flag) in &flags {
        signal_hook::flag::register(*signal, Arc::clone(flag))?;
    }
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            loop {
                for (signal, flag) in &flags {
                    if flag.swap(false, Ordering::SeqCst) {
                        handler(*signal);
                    }
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        })?;
    Ok(())
}

/// Tells two files apart: the canonical path. Stable Rust shows no file index here.
pub type FileId = PathBuf;

/// The identity of the file at `path`.
pub fn file_id(path: &Path, _metadata: &Metadata) -> io::Result<FileId> {
    path.canonicalize()
}

/// Nothing to do: Windows has no execute bit.
pub fn make_executable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Always: Windows has no execute bit.
pub fn is_executable_for_all(_metadata: &Metadata) -> bool {
    true
}

/// Nothing to do: files are made readable.
pub fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Always: Windows has no execute bit.
pub fn is_executable(_path: &Path) -> bool {
    true
}

/// Always, though there is no need to.
pub fn may_change_mode(_metadata: &Metadata) -> bool {
    true
}

/// Nothing to do: folders cannot be synced.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a file for reading and writing.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true).open(path)
}

/// Not to be had: Windows has no mode.
pub fn create_unlistable(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Opens a file for reading.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads from a position in bytes. The file's own position changes.
pub fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt as _;
    file.seek_read(buffer, position)
}

/// Locks a staged file while its writer lives, against [`File::try_lock`]. A shared lock would keep its holder from writing.
pub fn hold(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// The bytes of a path, for messages.
pub fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

/// Nothing to do: there are no process groups to kill.
pub fn own_group(_command: &mut Command) {}

/// Nothing to do: the child itself is killed with [`kill_child`].
pub fn kill_group(_id: u32) {}

/// Never: there is no such state.
pub fn is_stopped(_id: u32) -> bool {
    false
}

/// Nothing to do: a Ctrl-C reaches every process of the console.
pub fn signal_tree(_id: u32, _signal: i32) {}

/// Processes do not end by signal here.
pub fn ending_signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// Ends a child at once.
pub fn kill_child(child: &mut Child) {
    // An error means that the child is gone already.
    let _ = child.kill();
}
