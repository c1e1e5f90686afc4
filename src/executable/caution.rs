//! Signs that an executable works on the machine that built it, and fails on others.

use std::fmt;
use std::path::{Path, PathBuf};

use super::architecture::Architecture;
use super::description::{Executable, LISTED, Shown};

/// The folders of people, of temporary files and of package managers that keep the files of each machine apart. A file below
/// them is on the machine that built an executable, and on other machines by accident only. `/opt` is not among them: programs
/// of conda and spack are built for it on purpose.
const LOCAL_FOLDERS: [&str; 7] = [
    "/nix/store",
    "/gnu/store",
    "/home",
    "/root",
    "/Users",
    "/tmp",
    "/var/tmp",
];

/// Something in an executable that is likely to fail on a worker, though it can be packed. `worker::Code` names its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caution {
    /// It needs the shared form of Rust's own libraries, which come with the toolchain only.
    SharedRust {
        /// Their names.
        libraries: Vec<String>,
    },
    /// It names libraries by paths that other machines lack, or that depend on the folder in which it is started.
    LibraryPath {
        /// The paths.
        libraries: Vec<String>,
    },
    /// Other machines than the one that built it lack its interpreter.
    LocalInterpreter {
        /// Its path.
        path: String,
        /// The usual one for this processor, where there is only one.
        usual: Option<&'static str>,
    },
    /// It is made for this machine, and its interpreter is not here.
    NoInterpreter {
        /// Its path.
        path: String,
    },
    /// Its loader looks for libraries in folders that other machines lack, or that depend on the folder in which it is started.
    LocalFolders {
        /// The folders.
        folders: Vec<String>,
    },
    /// Bytes stand behind what its headers describe.
    TrailingBytes {
        /// How many.
        count: u64,
    },
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedRust { libraries } => write!(
                f,
                "it needs Rust's own shared libraries, which workers do not have ({}): build it without \
                 `-C prefer-dynamic`, and without dependencies of the crate type `dylib`",
                Listed(libraries)
            ),
            Self::LibraryPath { libraries } => write!(
                f,
                "it needs libraries by their paths, which are those of the machine that built it ({}): give the library a \
                 name when it is linked (`-Wl,-soname,NAME`, `-install_name`), or link it statically",
                Listed(libraries)
            ),
            Self::LocalInterpreter { path, usual } => {
                let usual = usual.unwrap_or("PATH");
                write!(
                    f,
                    "its interpreter is one of the machine that built it ({}), and a worker without that file cannot start it: \
                     link it with `-C link-arg=-Wl,--dynamic-linker={usual}`, or use `patchelf --set-interpreter {usual}` before \
                     packing",
                    Shown(path)
                )
            }
            Self::NoInterpreter { path } => write!(
                f,
                "its interpreter is not on this machine ({}), so that it cannot be started here, nor on workers without it: build \
                 it for the C library that the workers have, or link it statically (`-C target-feature=+crt-static`, as the musl \
                 targets do by themselves)",
                Shown(path)
            ),
            Self::LocalFolders { folders } => write!(
                f,
                "its loader looks for libraries in folders of the machine that built it ({}): link it without this rpath or with \
                 one that begins with `$ORIGIN`, or use `patchelf --set-rpath` or `--remove-rpath` before packing",
                Listed(folders)
            ),
            Self::TrailingBytes { count } => write!(
                f,
                "{count} byte{} behind the image that its headers describe: a program that looks for them at its own end \
                 does not find them in a bundle, which ends in Airflow's footer; build them in (`include_bytes!`), or let it \
                 read another file",
                if *count == 1 { " stands" } else { "s stand" }
            ),
        }
    }
}

/// Names or paths, escaped, the first of them only.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, text) in self.0.iter().take(LISTED).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}`{}`", Shown(text))?;
        }
        if let Some(more @ 1..) = self.0.len().checked_sub(LISTED) {
            write!(f, " and {more} more")?;
        }
        Ok(())
    }
}

impl Executable {
    /// What is likely to fail on a worker. `build_folders` are more folders that only the machine has that built it, such as
    /// the crate's target folder.
    pub fn cautions(&self, build_folders: &[PathBuf]) -> Vec<Caution> {
        let is_local = |path: &str| is_local(path, build_folders);
        let select = |from: &[String], test: &dyn Fn(&str) -> bool| {
            let selected = from.iter().filter(|text| test(text));
            Some(selected.cloned().collect::<Vec<_>>()).filter(|selected| !selected.is_empty())
        };
        let mut found = Vec::new();
        if let Some(libraries) = select(&self.needed, &is_shared_rust) {
            found.push(Caution::SharedRust { libraries });
        }
        let by_path = |library: &str| library.contains('/') && is_local(library);
        if let Some(libraries) = select(&self.needed, &by_path) {
            found.push(Caution::LibraryPath { libraries });
        }
        found.extend(self.interpreter.as_deref().and_then(|path| {
            let path = path.to_owned();
            if is_local(&path) {
                let usual = self.usual_interpreter();
                Some(Caution::LocalInterpreter { path, usual })
            } else if self.is_for_this_machine() && !self.has_interpreter_here() {
                Some(Caution::NoInterpreter { path })
            } else {
                None
            }
        }));
        if let Some(folders) = select(&self.rpath, &is_local) {
            found.push(Caution::LocalFolders { folders });
        }
        if self.trailing_bytes != 0 {
            found.push(Caution::TrailingBytes {
                count: self.trailing_bytes,
            });
        }
        found
    }

    /// The loader of the GNU C library, for the processors on which most workers run.
    fn usual_interpreter(&self) -> Option<&'static str> {
        match self.architectures.as_slice() {
            [Architecture::X86_64] => Some("/lib64/ld-linux-x86-64.so.2"),
            [Architecture::Aarch64] => Some("/lib/ld-linux-aarch64.so.1"),
            _ => None,
        }
    }
}

/// Whether a path leads into a folder that other machines lack, or depends on the folder in which a program is started. A path
/// that begins with `$ORIGIN` or `@rpath` is neither.
fn is_local(path: &str, build_folders: &[PathBuf]) -> bool {
    if path.starts_with(['$', '@']) {
        return false;
    }
    let path = Path::new(path);
    let mut local = LOCAL_FOLDERS.iter().map(Path::new);
    // An ELF file's path is absolute if it begins with a slash, whatever the system of this program says.
    !path.has_root()
        || local.any(|folder| path.starts_with(folder))
        || build_folders.iter().any(|folder| path.starts_with(folder))
}

/// Whether a library is one of Rust's own, by its name: `libstd-0123456789abcdef.so`.
fn is_shared_rust(library: &str) -> bool {
    let name = library.rsplit('/').next().unwrap_or(library);
    let name = name.strip_prefix("lib").unwrap_or(name);
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let Some((name, hash)) = stem.rsplit_once('-') else {
        return false;
    };
    matches!(name, "std" | "test" | "rustc_driver")
        && matches!(extension, "so" | "dylib" | "dll")
        && hash.len() == 16
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_rust_itself() {
        for name in [
            "libstd-0cf5e1b0c2dbd1b8.so",
            "@rpath/libstd-0cf5e1b0c2dbd1b8.dylib",
            "std-0cf5e1b0c2dbd1b8.dll",
            "librustc_driver-0cf5e1b0c2dbd1b8.so",
            "libtest-0cf5e1b0c2dbd1b8.so",
        ] {
            assert!(is_shared_rust(name), "{name}");
        }
        for name in [
            "libstd.so",
            "libstdc++.so.6",
            "libstd-1.so",
            "libmine-0cf5e1b0c2dbd1b8.so",
            "libstd-0cf5e1b0c2dbd1b8.so.1",
            "",
            ".",
            "-",
        ] {
            assert!(!is_shared_rust(name), "{name}");
        }
    }

    #[test]
    fn folders_of_one_machine() {
        let own = [PathBuf::from("/builds/etl/target")];
        for path in [
            "/nix/store/abc-glibc-2.40/lib",
            "/home/me/lib",
            "/home",
            "//tmp//x",
            "/builds/etl/target/release/build/x/out",
            "target/release",
        ] {
            assert!(is_local(path, &own), "{path}");
        }
        for path in [
            "$ORIGIN",
            "$ORIGIN/../lib",
            "${ORIGIN}/lib",
            "@executable_path/../lib",
            "/opt/conda/lib",
            "/usr/local/lib",
            "/homework",
            "/builds/etl/target2",
        ] {
            assert!(!is_local(path, &own), "{path}");
        }
    }
}
