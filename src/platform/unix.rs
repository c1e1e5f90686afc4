//! Linux, macOS and the BSDs.

use std::fs::{File, Metadata, Permissions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Calls `handler` for each signal that asks the program to stop: Ctrl-C, `kill`, a closed terminal.
/// Signals that are ignored already, as under `nohup`, stay ignored.
pub fn watch_stop_signals(handler: fn(i32)) -> io::Result<()> {
    // Without a handler, a write beyond the limit of `ulimit -f` would kill the process before it has removed its files.
    let over_limit = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(Signal::XFSZ.as_raw(), over_limit)?;
    let ignored = ignored_signals();
    let signals = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = signal_hook::iterator::Signals::new(signals)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(handler))?;
    Ok(())
}

/// The mask of ignored signals from `/proc`; none where there is no such file.
fn ignored_signals() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status
                .lines()
                .find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .unwrap_or(0)
}

/// Tells two files apart: device and inode.
pub type FileId = (u64, u64);

/// The identity of the file that `metadata` describes.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
pub fn file_id(_path: &Path, metadata: &Metadata) -> io::Result<FileId> {
    Ok((metadata.dev(), metadata.ino()))
}

/// Sets a bundle's mode, 0755, whatever the umask.
pub fn make_executable(file: &File) -> io::Result<()> {
    if file.metadata()?.mode() & 0o7777 == 0o755 {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(0o755))
}

/// Whether everybody may read and execute the file: mode bits 0555.
pub fn is_executable_for_all(metadata: &Metadata) -> bool {
    metadata.mode() & 0o555 == 0o555
}

/// Sets the mode of a file that is no program, 0644, whatever the umask.
pub fn make_readable(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o644))
}

/// Whether this user may execute the file, by `access(2)`: what Python's `os.access` asks.
pub fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Whether this user may change the mode of the file: root and its owner may.
pub fn may_change_mode(metadata: &Metadata) -> bool {
    let user = rustix::process::geteuid();
    user.is_root() || user.as_raw() == metadata.uid()
}

/// Makes renames in `folder` durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a file that only its owner may use, mode 0600, for reading and writing.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    options.mode(0o600).open(path)
}

/// Makes a folder with mode 0300: its owner may use the files in it by their names, and only root may list it.
pub fn create_unlistable(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o300).create(path)
}

/// Opens a file for reading, without waiting for the writer if it is a pipe, or for a device.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    // O_NONBLOCK has no effect on regular files, which the caller goes on to read.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    File::options()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)
}

/// Reads from a position in bytes, whatever the file's own position is.
pub fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    file.read_at(buffer, position)
}

/// Locks a staged file while its writer lives, against [`File::try_lock`]. A writer may hold it twice.
pub fn hold(file: &File) -> Result<(), TryLockError> {
    file.try_lock_shared()
}

/// The bytes of a path, for messages.
pub fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// Starts `command` as the leader of a process group of its own, so that [`kill_group`] reaches its
/// children.
pub fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Kills a child that was started with [`own_group`], and its whole group.
pub fn kill_group(id: u32) {
    if let Some(pid) = pid(id) {
        // An error means that the group is gone already.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Asks a child and all its descendants to end with `signal`.
pub fn signal_tree(id: u32, signal: i32) {
    let Some(signal) = Signal::from_named_raw(signal) else {
        return;
    };
    for id in descendants(id).into_iter().chain([id]) {
        if let Some(pid) = pid(id) {
            // An error means that the process is gone already.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Whether a process was stopped by a signal, as one in the background that reads the terminal is; from `/proc`, false
/// where there is none.
pub fn is_stopped(id: u32) -> bool {
    // `pid (name) state ...`; the name may hold spaces and parentheses.
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .ok()
        .and_then(|stat| Some(stat.rsplit_once(')')?.1.trim_start().starts_with('T')))
        .unwrap_or(false)
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// The running descendants of a process, from `/proc`; empty where there is none. A signal for
/// cargo alone would leave its compilers running.
fn descendants(id: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let parents: Vec<(u32, u32)> = processes
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let child = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // `pid (name) state ppid ...`; the name may hold spaces and parentheses.
            let parent = stat
                .rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some((child, parent))
        })
        .collect();
    let mut found = vec![id];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        for &(child, of) in &parents {
            if of == parent && !found.contains(&child) {
                found.push(child);
            }
        }
        next += 1;
    }
    found.split_off(1)
}

/// The signal that ended a process.
pub fn ending_signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Ends a child at once.
pub fn kill_child(child: &mut Child) {
    // An error means that the child is gone already.
    let _ = child.kill();
}
