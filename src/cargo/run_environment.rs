//! What `cargo run` adds to the environment of an executable: `[env]` of cargo's configuration, and the folders of libraries.
//!
//! As in cargo 1.95: `Compilation::fill_env` in `src/cargo/core/compiler/compilation.rs`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use cargo_config2::de::{self, EnvConfigValue};
use cargo_metadata::{BuildScript, Metadata, Target, TargetKind};

use super::config;
use super::outer::{self, Change, LIBRARIES};
use super::runner::without_c_library;

/// The folders in which these build scripts have the linker look for libraries (`cargo::rustc-link-search`).
pub fn link_search(scripts: &[BuildScript]) -> Vec<PathBuf> {
    let paths = scripts.iter().flat_map(|script| &script.linked_paths);
    paths
        .map(|path| {
            let path = path.as_str();
            match path.split_once('=') {
                Some(("native" | "crate" | "dependency" | "framework" | "all", folder)) => folder,
                _ => path,
            }
            .into()
        })
        .collect()
}

/// The folders in which a program that `cargo run` starts looks for libraries first, before that of rustc's. `searched` are those of
/// the build scripts.
pub fn library_folders(
    executable: &Path,
    target: &Target,
    has_triple: bool,
    metadata: &Metadata,
    searched: Vec<PathBuf>,
) -> Vec<PathBuf> {
    let folder = executable.parent().unwrap_or(Path::new("."));
    // cargo puts examples one folder deeper.
    let is_example = target.kind.contains(&TargetKind::Example);
    let output = folder.parent().filter(|_| is_example).unwrap_or(folder);
    // What is in between goes to a folder of its own if `build.build-dir` says so: `<build-dir>/[<triple>/]<profile>/deps`.
    let target_folder = output.ancestors().nth(if has_triple { 2 } else { 1 });
    let layout = target_folder.and_then(|root| output.strip_prefix(root).ok());
    let between = match (&metadata.build_directory, layout) {
        (Some(build), Some(layout)) if *build != metadata.target_directory => {
            build.as_std_path().join(layout)
        }
        _ => output.to_owned(),
    };
    let mut folders = searched;
    folders.retain(|folder| folder.starts_with(output));
    folders.extend([output.to_owned(), between.join("deps")]);
    folders
}

/// What `cargo run` would change for an executable with these folders of libraries. `configs` are the values of `--config`.
pub fn of(
    libraries: &[PathBuf],
    triple: Option<&str>,
    configs: &[String],
) -> anyhow::Result<Vec<Change>> {
    let mut changes = outer::undone();
    let resolved = config::load();
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for (name, value) in resolved.iter().flat_map(|config| &config.env) {
        variables.insert(name.clone(), (value.value.clone(), value.force));
    }
    // The last one wins.
    for text in configs {
        let parsed = config::parsed(text, "env");
        let parsed = parsed.with_context(|| format!("failed to read `--config {text}`"))?;
        if let Some((config, root)) = parsed {
            read(config, &root, &mut variables);
        }
    }
    for (name, (value, force)) in variables {
        // An outer cargo's additions are none of the user's.
        let is_set = match changes.iter().find(|(changed, _)| *changed == *name) {
            Some((_, value)) => value.is_some(),
            None => std::env::var_os(&name).is_some(),
        };
        if force || !is_set {
            set(&mut changes, name.into(), value);
        }
    }
    let mut folders = libraries.to_vec();
    folders.extend(rustc_libraries(resolved.as_ref(), triple));
    let before = match changes.iter().find(|(name, _)| *name == *LIBRARIES) {
        Some((_, value)) => value.clone(),
        None => std::env::var_os(LIBRARIES),
    };
    let before: Vec<PathBuf> = before.iter().flat_map(std::env::split_paths).collect();
    if cfg!(target_os = "macos") && before.is_empty() {
        // What the loader looks at without the variable.
        folders.extend(std::env::home_dir().map(|home| home.join("lib")));
        folders.extend(["/usr/local/lib", "/usr/lib"].map(PathBuf::from));
    }
    if !before.starts_with(&folders) {
        folders.extend(before);
        let joined = std::env::join_paths(folders)
            .context("a folder of libraries has a character that no list of folders can hold")?;
        set(&mut changes, LIBRARIES.into(), joined);
    }
    Ok(changes)
}

/// A value, and whether it wins over the environment's.
type Variable = (OsString, bool);

/// Takes up `[env]` of a `--config`.
fn read(config: de::Config, root: &Path, variables: &mut BTreeMap<String, Variable>) {
    for (name, value) in config.env {
        let variable = match value {
            EnvConfigValue::Value(value) => (value.val.into(), false),
            EnvConfigValue::Table {
                value,
                force,
                relative,
                ..
            } => {
                let value = if relative.is_some_and(|relative| relative.val) {
                    root.join(value.val).into_os_string()
                } else {
                    value.val.into()
                };
                (value, force.is_some_and(|force| force.val))
            }
            _ => continue,
        };
        variables.insert(name, variable);
    }
}

fn set(changes: &mut Vec<Change>, name: OsString, value: OsString) {
    changes.retain(|(changed, _)| *changed != name);
    changes.push((name, Some(value)));
}

/// The folder of the standard library, if rustc tells it.
fn rustc_libraries(
    config: Option<&cargo_config2::Config>,
    triple: Option<&str>,
) -> Option<PathBuf> {
    let mut rustc = config.map_or_else(|| Command::new("rustc"), |config| config.rustc().into());
    rustc.args(["--print", "target-libdir"]);
    if let Some(triple) = triple {
        rustc.args(["--target", without_c_library(triple)]);
    }
    outer::forget(&mut rustc);
    let output = rustc
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(folder.trim_end_matches(['\r', '\n']).into())
}
