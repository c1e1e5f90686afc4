//! `cargo metadata`: the packages of the workspace, and which of them the user means.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};

use super::options::CargoOptions;
use super::{CargoError, CargoFailed, Listener};

/// The workspace around the user.
#[derive(Debug)]
pub struct Workspace {
    /// The output of `cargo metadata`.
    pub metadata: Metadata,
    /// The manifest that cargo works on: `--manifest-path` or the nearest one.
    current_manifest: PathBuf,
}

/// The packages that `cargo build` would take.
#[derive(Debug)]
pub struct ChosenPackages<'a> {
    /// The packages.
    pub packages: Vec<&'a Package>,
    /// The flags that make `cargo build` take them: the user's own, so that cargo unifies the features of the same packages as
    /// it does without this program.
    pub args: Vec<OsString>,
    /// The values of `--exclude` that name no package.
    pub excluded_nothing: Vec<&'a str>,
}

impl Workspace {
    /// Asks cargo for the workspace around the current folder, or around `--manifest-path`.
    ///
    /// # Errors
    /// If cargo cannot be run or fails, or if it is too old.
    pub fn load(options: &CargoOptions, listener: &mut dyn Listener) -> Result<Self, CargoError> {
        let mut command = super::command();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        command.args(options.metadata_args());
        listener.starting(&super::shown(&command));
        // The caller may show what cargo says, on a terminal with colours or without.
        command.env("CARGO_TERM_COLOR", "always");
        let output = super::output_of(&mut command)?;
        if !output.status.success() {
            return Err(CargoError::Failed(CargoFailed {
                words: "metadata".to_owned(),
                status: output.status,
                stderr: output.stderr,
            }));
        }
        let stdout = String::from_utf8(output.stdout).map_err(CargoError::MetadataText)?;
        let metadata = MetadataCommand::parse(stdout).map_err(CargoError::Metadata)?;
        if !metadata.workspace_default_members.is_available() {
            return Err(CargoError::TooOld);
        }
        Ok(Self {
            current_manifest: current_manifest(options, &metadata)?,
            metadata,
        })
    }

    /// The workspace of `metadata` with the user at its root.
    #[cfg(test)]
    pub fn at_root(metadata: Metadata) -> Self {
        Self {
            current_manifest: metadata.workspace_root.join("Cargo.toml").into(),
            metadata,
        }
    }

    /// The packages that `cargo build` would take with these options.
    ///
    /// # Errors
    /// If `--package` names no member, or cargo fails when it is asked for one.
    pub fn choose<'a>(
        &'a self,
        options: &'a CargoOptions,
    ) -> Result<ChosenPackages<'a>, CargoError> {
        let members = self.metadata.workspace_packages();
        let mut args = Vec::new();
        for spec in &options.package {
            args.extend(["--package".into(), spec.into()]);
        }
        if options.workspace {
            args.push("--workspace".into());
        }
        let mut excluded_nothing = Vec::new();
        let mut excluded = Vec::new();
        for spec in &options.exclude {
            let found = matching_spec(&members, spec, options)?;
            if found.is_empty() {
                // cargo does not get the flag: it would tell the user the same once more.
                excluded_nothing.push(spec.as_str());
            } else {
                args.extend(["--exclude".into(), spec.into()]);
            }
            excluded.extend(found);
        }
        let mut packages = self.included(members, options)?;
        packages.retain(|package| !excluded.iter().any(|gone| gone.id == package.id));
        Ok(ChosenPackages {
            packages,
            args,
            excluded_nothing,
        })
    }

    /// The packages without regard to `--exclude`.
    fn included<'a>(
        &'a self,
        members: Vec<&'a Package>,
        options: &CargoOptions,
    ) -> Result<Vec<&'a Package>, CargoError> {
        if options.workspace {
            return Ok(members);
        }
        if !options.package.is_empty() {
            return matching(&members, &options.package, options);
        }
        let current = members
            .iter()
            .find(|package| same_file(package.manifest_path.as_std_path(), &self.current_manifest));
        let root = self.metadata.workspace_root.join("Cargo.toml");
        match current {
            Some(package) if !same_file(root.as_std_path(), &self.current_manifest) => {
                Ok(vec![*package])
            }
            _ => Ok(self.metadata.workspace_default_packages()),
        }
    }
}

/// The folder in which cargo keeps the dependencies of the executables in `output`, the folder of a profile.
pub fn dependencies_of(metadata: &Metadata, output: &Path) -> PathBuf {
    let below = output.strip_prefix(metadata.target_directory.as_std_path());
    match (&metadata.build_directory, below) {
        (Some(folder), Ok(below)) => folder.as_std_path().join(below).join("deps"),
        _ => output.join("deps"),
    }
}

/// The members that any of `specs` names.
fn matching<'a>(
    members: &[&'a Package],
    specs: &[String],
    options: &CargoOptions,
) -> Result<Vec<&'a Package>, CargoError> {
    let mut found: Vec<&Package> = Vec::new();
    for spec in specs {
        let matches = matching_spec(members, spec, options)?;
        if matches.is_empty() {
            let with_version = spec.contains(['@', ':']);
            let names = members
                .iter()
                .map(|package| {
                    if with_version {
                        format!("{}@{}", package.name, package.version)
                    } else {
                        package.name.to_string()
                    }
                })
                .collect();
            return Err(CargoError::NoPackage {
                spec: spec.clone(),
                members: names,
            });
        }
        for package in matches {
            if !found.iter().any(|other| other.id == package.id) {
                found.push(package);
            }
        }
    }
    Ok(found)
}

/// Members that a package spec names: `name`, `name@version`, a pattern, or anything that
/// `cargo pkgid` knows.
fn matching_spec<'a>(
    members: &[&'a Package],
    spec: &str,
    options: &CargoOptions,
) -> Result<Vec<&'a Package>, CargoError> {
    let (name, version) = match spec.split_once(['@', ':']) {
        Some((name, version)) if !spec.contains("://") => (name, Some(version)),
        _ => (spec, None),
    };
    let pattern = glob::Pattern::new(name).ok();
    let named: Vec<_> = members
        .iter()
        .copied()
        .filter(|package| {
            let name_fits = package.name == name
                || pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.matches(package.name.as_str()));
            let full = package.version.to_string();
            let version_fits = version
                .is_none_or(|version| full == version || full.starts_with(&format!("{version}.")));
            name_fits && version_fits
        })
        .collect();
    if !named.is_empty() || !spec.contains("://") {
        return Ok(named);
    }
    // `cargo pkgid` wants a lock file, and there may be none yet; an id as cargo prints it can do
    // without.
    let same: Vec<_> = members
        .iter()
        .copied()
        .filter(|package| package.id.repr == spec)
        .collect();
    if !same.is_empty() {
        return Ok(same);
    }
    let mut command = super::command();
    command.arg("pkgid").args(options.metadata_args()).arg(spec);
    let output = super::output_of(&mut command)?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(CargoError::UnknownPackage {
            spec: spec.to_owned(),
            stderr: stderr.trim().to_owned(),
        });
    }
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(members
        .iter()
        .copied()
        .filter(|package| package.id.repr == id)
        .collect())
}

/// The manifest that cargo finds, by cargo's own rule: the nearest `Cargo.toml` above.
fn current_manifest(options: &CargoOptions, metadata: &Metadata) -> Result<PathBuf, CargoError> {
    if let Some(path) = &options.manifest_path {
        return Ok(path.clone());
    }
    Ok(nearest_manifest()?.unwrap_or_else(|| {
        metadata
            .workspace_root
            .join("Cargo.toml")
            .into_std_path_buf()
    }))
}

/// The manifest that cargo finds without `--manifest-path`, if there is one.
///
/// # Errors
/// If the current folder is not known.
pub fn nearest_manifest() -> Result<Option<PathBuf>, CargoError> {
    let here = std::env::current_dir().map_err(CargoError::CurrentFolder)?;
    Ok(here
        .ancestors()
        .map(|folder| folder.join("Cargo.toml"))
        .find(|path| path.is_file()))
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
