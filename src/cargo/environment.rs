//! The part of `cargo run`'s environment without which some executables do not start: the folders of dynamic libraries, and
//! `[env]` of cargo's configuration.
//!
//! cargo's own order (cargo 1.95, `src/cargo/core/compiler/compilation.rs`, `fill_env` and `apply_env_config`): the folders
//! come first, and `[env]` does not replace what cargo itself has set.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_config2::de;

use super::config::{Argument, CargoConfig, ConfigError};
use super::outer::{self, Change, LIBRARIES};
use super::runner::without_c_library;

/// Why the environment that cargo would give to an executable is not known.
#[derive(Debug)]
pub enum EnvironmentError {
    /// The variable of library folders cannot hold one of the folders.
    Folders(std::env::JoinPathsError),
    /// This value of `--config` could not be read.
    Argument(String, ConfigError),
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folders(_) => write!(
                f,
                "a folder of dynamic libraries has a character that `{LIBRARIES}` cannot hold"
            ),
            Self::Argument(text, _) => write!(
                f,
                "failed to read `--config {text}`: only cargo understands it, so that the executable would not get the \
                 variable: write it into `.cargo/config.toml`"
            ),
        }
    }
}

impl Error for EnvironmentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Folders(error) => Some(error),
            Self::Argument(_, error) => Some(error),
        }
    }
}

/// The changes that cargo would make for an executable that it has built for `triple`, or for this machine, after those that
/// take back the additions of an outer cargo. `folders` are those of [`library_folders`].
///
/// # Errors
/// If a part of the environment is not known.
pub fn of_run(
    folders: &[PathBuf],
    triple: Option<&str>,
    config: &CargoConfig,
) -> Result<Vec<Change>, EnvironmentError> {
    let mut changes = outer::undone();
    let before = value(&changes, LIBRARIES.as_ref()).unwrap_or_default();
    let before: Vec<_> = std::env::split_paths(&before).collect();
    let own = folders.iter().cloned().chain(target_libdir(triple, config));
    let mut all: Vec<_> = own.collect();
    let by_cargo = !before.starts_with(&all);
    if by_cargo {
        let none = before.iter().all(|path| path.as_os_str().is_empty());
        all.extend(before.into_iter().filter(|_| !none));
        if none && cfg!(target_os = "macos") {
            // Where dyld looks without the variable.
            let home = std::env::var_os("HOME").map(|home| Path::new(&home).join("lib"));
            all.extend(home);
            all.extend(["/usr/local/lib", "/usr/lib"].map(PathBuf::from));
        }
        let joined = std::env::join_paths(all).map_err(EnvironmentError::Folders)?;
        set(&mut changes, LIBRARIES.into(), joined);
    }
    for (name, setting) in settings(config)? {
        let name = OsString::from(name);
        let is_ours = by_cargo && *name == *LIBRARIES;
        if !is_ours && (setting.force || value(&changes, &name).is_none()) {
            set(&mut changes, name, setting.value);
        }
    }
    Ok(changes)
}

/// The value of a variable after the changes.
fn value(changes: &[Change], name: &OsStr) -> Option<OsString> {
    match changes.iter().find(|(changed, _)| changed == name) {
        Some((_, value)) => value.clone(),
        None => std::env::var_os(name),
    }
}

fn set(changes: &mut Vec<Change>, name: OsString, value: OsString) {
    changes.retain(|(changed, _)| *changed != name);
    changes.push((name, Some(value)));
}

/// The folders that cargo has put dynamic libraries into: those of build scripts (`linked`, as cargo's messages name them)
/// below `output`, `output` itself, which holds the executables of a profile, and `dependencies`.
pub fn library_folders(output: &Path, dependencies: &Path, linked: &[PathBuf]) -> Vec<PathBuf> {
    // cargo sorts them with the kind in front.
    let mut linked: Vec<&PathBuf> = linked.iter().collect();
    linked.sort();
    linked.dedup();
    let mut folders: Vec<PathBuf> = linked
        .into_iter()
        .map(|path| without_kind(path))
        .filter(|path| path.starts_with(output))
        .collect();
    folders.push(output.to_owned());
    folders.push(dependencies.to_owned());
    folders
}

/// `native=/folder` without the kind of its libraries.
fn without_kind(path: &Path) -> PathBuf {
    const KINDS: [&str; 5] = ["native", "crate", "dependency", "framework", "all"];
    let text = path.to_str().and_then(|text| text.split_once('='));
    match text {
        Some((kind, folder)) if KINDS.contains(&kind) => folder.into(),
        _ => path.to_owned(),
    }
}

/// The folder of rustc's own libraries for a target. Without it, only executables with `-C prefer-dynamic` do not start.
fn target_libdir(triple: Option<&str>, config: &CargoConfig) -> Option<PathBuf> {
    let rustc = config.resolved().map_or_else(
        || std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()),
        |config| config.rustc().path.clone().into_os_string(),
    );
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir"]);
    if let Some(triple) = triple {
        command.args(["--target", without_c_library(triple)]);
    }
    outer::forget(&mut command);
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let folder = text.trim_end();
    (output.status.success() && !folder.is_empty()).then(|| folder.into())
}

/// One entry of `[env]`.
struct Setting {
    value: OsString,
    force: bool,
}

/// `[env]` of the files, under what `--config` sets.
fn settings(config: &CargoConfig) -> Result<BTreeMap<String, Setting>, EnvironmentError> {
    let files = config.resolved().into_iter().flat_map(|config| &config.env);
    let mut all: BTreeMap<_, _> = files
        .map(|(name, found)| {
            let setting = Setting {
                value: found.value.clone(),
                force: found.force,
            };
            (name.clone(), setting)
        })
        .collect();
    // The last one wins.
    for argument in config.arguments() {
        let found = by_flag(argument)
            .map_err(|error| EnvironmentError::Argument(argument.text().to_owned(), error))?;
        all.extend(found);
    }
    Ok(all)
}

/// The entries that one `--config` sets.
fn by_flag(argument: &Argument) -> Result<Vec<(String, Setting)>, ConfigError> {
    let concerns_env = |text: &str| {
        let mut lines = text
            .lines()
            .map(|line| line.trim_start().trim_start_matches('['));
        lines.any(|line| line.trim_start().starts_with("env"))
    };
    let mut entries = Vec::new();
    argument.parsed(concerns_env, |config, root| {
        for (name, entry) in &config.env {
            let setting = match entry {
                de::EnvConfigValue::Value(value) => Setting {
                    value: (&value.val).into(),
                    force: false,
                },
                de::EnvConfigValue::Table {
                    value,
                    force,
                    relative,
                } => Setting {
                    value: if relative.as_ref().is_some_and(|relative| relative.val) {
                        root.join(OsStr::new(&value.val)).into_os_string()
                    } else {
                        (&value.val).into()
                    },
                    force: force.as_ref().is_some_and(|force| force.val),
                },
                _ => continue,
            };
            entries.push((name.clone(), setting));
        }
    })?;
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_as_cargo_orders_them() {
        let linked = [
            "native=/t/debug/build/a/out/z",
            "/t/debug/build/a/out",
            "native=/t/debug/build/a/out/z",
            "dependency=/t/debug/build/a/out/y",
            "/opt",
            "native=/opt/lib",
            "/t/debug/build/b=c",
        ]
        .map(PathBuf::from);
        let found = library_folders(Path::new("/t/debug"), Path::new("/b/debug/deps"), &linked);
        let expected = [
            "/t/debug/build/a/out",
            "/t/debug/build/b=c",
            "/t/debug/build/a/out/y",
            "/t/debug/build/a/out/z",
            "/t/debug",
            "/b/debug/deps",
        ];
        assert_eq!(found, expected.map(PathBuf::from));
    }
}
