//! The variables that `cargo run` adds to the environment of the program that it starts.
//!
//! `cargo run` starts an `xtask`. A cargo that the `xtask` starts in turn would hand the additions on, and build scripts that
//! ask to be run again when one changes (`rerun-if-env-changed=CARGO_PKG_NAME`) would be run by each of
//! `cargo build` and `cargo xtask` in turn.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Only `cargo run` and `cargo test` set this variable, for the programs that they start.
const MARK: &str = "CARGO_MANIFEST_DIR";

/// A variable of a program that is started, and its value; without a value, it is taken out.
pub type Change = (OsString, Option<OsString>);

/// The variable with the folders of dynamic libraries.
pub(super) const LIBRARIES: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// Takes out of the environment of `command` what an outer `cargo run` has put there.
pub fn forget(command: &mut Command) {
    for (name, value) in undone() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// The changes that take back the additions of an outer `cargo run`; none without an outer `cargo run`.
pub fn undone() -> Vec<Change> {
    if std::env::var_os(MARK).is_none() {
        return Vec::new();
    }
    let names = std::env::vars_os().map(|(name, _)| name);
    let mut changes: Vec<Change> = names
        .filter(|name| is_added(name))
        .map(|name| (name, None))
        .collect();
    if let (Some(folders), Ok(executable)) = (std::env::var_os(LIBRARIES), std::env::current_exe())
        && let Some(folder) = executable.parent()
        && let Some(before) = without_additions(&folders, folder)
    {
        changes.push((
            LIBRARIES.into(),
            Some(before).filter(|path| !path.is_empty()),
        ));
    }
    changes
}

fn is_added(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == MARK
        || name == "CARGO_MANIFEST_PATH"
        || name == "OUT_DIR"
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_BIN_EXE_")
}

/// The value as it was before cargo put in front the folders of what it has built, `folder` with the
/// executable among them, and that of rustc's libraries.
fn without_additions(value: &OsStr, folder: &Path) -> Option<OsString> {
    let folders: Vec<PathBuf> = std::env::split_paths(value).collect();
    let ours = |path: &PathBuf| path == folder || *path == folder.join("deps");
    let mut added = folders.iter().rposition(ours)? + 1;
    let of_rustc = |path: &PathBuf| {
        path.components()
            .any(|component| component.as_os_str() == "rustlib")
    };
    added += folders
        .iter()
        .skip(added)
        .take_while(|path| of_rustc(path))
        .count();
    std::env::join_paths(folders.iter().skip(added)).ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_an_outer_cargo_are_taken_out() {
        let run = "/p/target/debug/build/p-1/out:/p/target/debug:/p/target/debug/deps:\
                   /t/lib/rustlib/x86_64-unknown-linux-gnu/lib:/t/lib:/mine";
        let before = |value: &str| {
            let value = without_additions(value.as_ref(), Path::new("/p/target/debug"))?;
            value.into_string().ok()
        };
        assert_eq!(before(run).as_deref(), Some("/t/lib:/mine"));
        assert_eq!(
            before("/p/target/debug/deps:/p/target/debug").as_deref(),
            Some("")
        );
        assert_eq!(before("/mine:/p"), None);
    }
}
