//! Where a bundle lies: modes, owners, links, loops, folders that may not be read, other files beside it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::any;
use super::texts::Random;

/// The user and group that the unprivileged part runs as: `nobody` on most systems; that nobody has the number is enough.
pub const NOBODY: u32 = 65534;

#[rustfmt::skip]
const MODES: &[u32] = &[
    0o755, 0o644, 0o000, 0o111, 0o100, 0o010, 0o001, 0o4755, 0o400, 0o500, 0o555, 0o444, 0o677, 0o766, 0o711, 0o700, 0o070, 0o007, 0o005, 0o050, 0o654, 0o1777, 0o2755,
];

const NAMES: &[&[u8]] = &[
    b"bundle",
    b".hidden",
    b"with space",
    b"line\nbreak",
    "größe 😀".as_bytes(),
    b"not\xffutf8",
    b"-rf",
    b"a.py",
    b"\x1b[31m",
    b"..bundle",
    b"b~",
    b"\\",
    b"'\"$(x)",
];

/// A folder with files, in which modes may be set that keep even its owner out.
pub struct Place {
    root: PathBuf,
    /// Folders and their modes, set when everything is in them.
    modes: Vec<(PathBuf, u32)>,
}

impl Place {
    /// Puts `bytes` below `root`, which is made: mostly one file that everybody may execute.
    pub fn make(
        root: &Path,
        bytes: &[u8],
        good: &[u8],
        privileged: bool,
        random: &mut Random,
    ) -> Self {
        fs::create_dir_all(root).unwrap();
        let mut place = Self {
            root: root.to_owned(),
            modes: Vec::new(),
        };
        // Most mutants are about the bytes.
        if !random.one_in(6) {
            write(&root.join("bundle"), bytes, 0o755);
            return place;
        }
        let mut folder = root.to_owned();
        for _ in 0..random.below(4) {
            folder.push(OsStr::from_bytes(random.pick(NAMES)));
            fs::create_dir_all(&folder).unwrap();
        }
        let path = folder.join(OsStr::from_bytes(random.pick(NAMES)));
        if !path.exists() {
            write(&path, bytes, any(random, MODES));
        }
        for _ in 0..random.below(4) {
            place.more(&folder, &path, good, random);
        }
        if privileged && random.one_in(2) {
            // Whose file it is decides which of the three bits counts.
            for path in [&path, &folder] {
                let _ = chown(
                    path,
                    Some(any(random, &[0, NOBODY])),
                    Some(any(random, &[0, NOBODY])),
                );
            }
        }
        if random.one_in(2) && folder != root {
            let mode = any(random, MODES);
            place.modes.push((folder, mode));
        }
        place.seal();
        place
    }

    /// Something else beside the bundle: another one, a link, a loop, a pipe, a socket, a device. What is there already stays.
    fn more(&mut self, folder: &Path, bundle: &Path, good: &[u8], random: &mut Random) {
        let at = folder.join(format!("more{}", random.below(4)));
        if fs::symlink_metadata(&at).is_ok() {
            return;
        }
        match random.below(16) {
            0 => write(&at, good, any(random, MODES)),
            1 => write(&at, good, 0o755),
            2 => symlink(bundle, &at).unwrap(),
            3 => symlink(bundle.file_name().unwrap(), &at).unwrap(),
            4 => symlink(".", &at).unwrap(),
            5 => symlink("..", &at).unwrap(),
            6 => symlink(&self.root, &at).unwrap(),
            7 => symlink(at.file_name().unwrap(), &at).unwrap(),
            8 => symlink("nowhere", &at).unwrap(),
            9 => symlink("/dev/null", &at).unwrap(),
            10 => {
                // Longer than the system follows.
                fs::create_dir(&at).unwrap();
                let mut target = bundle.to_owned();
                for number in 0..any(random, &[2, 38, 39, 40, 41, 42]) {
                    let link = at.join(number.to_string());
                    symlink(&target, &link).unwrap();
                    target = link;
                }
            }
            11 => drop(fs::hard_link(bundle, &at)),
            12 => special(&at, random),
            13 => {
                let name = at.join("x".repeat(255));
                fs::create_dir(&at).unwrap();
                write(&name, good, 0o755);
            }
            14 => {
                fs::create_dir(&at).unwrap();
                write(&at.join("inner"), good, 0o755);
                let mode = any(random, MODES);
                self.modes.push((at, mode));
            }
            _ => {
                // A folder, and a link to it: the first that is met counts.
                fs::create_dir(&at).unwrap();
                write(&at.join("inner"), good, 0o755);
                let link = at.with_extension("link");
                if fs::symlink_metadata(&link).is_err() {
                    symlink(&at, link).unwrap();
                }
            }
        }
    }

    fn seal(&self) {
        for (folder, mode) in &self.modes {
            fs::set_permissions(folder, Permissions::from_mode(*mode)).unwrap();
        }
    }

    /// What is below the root, for a report.
    pub fn listing(&self) -> String {
        let output = Command::new("ls")
            .args(["-lanR"])
            .arg(&self.root)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Makes something that is neither a file nor a folder, for everybody to read and execute.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
fn special(path: &Path, random: &mut Random) {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let mode = Mode::from_raw_mode(0o777);
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FileType, makedev, mknodat};
        let made = match random.below(3) {
            0 => mknodat(CWD, path, FileType::Socket, mode, 0),
            // The null device, which only root may make, and not in every container.
            1 => mknodat(CWD, path, FileType::CharacterDevice, mode, makedev(1, 3)),
            _ => Err(rustix::io::Errno::NOSYS),
        };
        if made.is_ok() {
            return fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        }
    }
    mkfifoat(CWD, path, mode).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
}

impl Drop for Place {
    /// Lets the folders be removed again.
    fn drop(&mut self) {
        for (folder, _) in self.modes.iter().rev() {
            let _ = fs::set_permissions(folder, Permissions::from_mode(0o755));
        }
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
