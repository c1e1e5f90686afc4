//! `cargo metadata`: the packages of the workspace, and which of them the user means.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package};

use super::options::CargoOptions;
use crate::exit::CargoFailed;
use crate::shell::Shell;

/// The workspace around the user.
#[derive(Debug)]
pub struct Workspace {
    /// What cargo says of it.
    pub metadata: Metadata,
    /// The manifest that cargo works on: `--manifest-path` or the nearest one.
    current_manifest: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub fn load(options: &CargoOptions, shell: &mut Shell) -> anyhow::Result<Self> {
        let mut command = super::command();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        command.args(options.metadata_args());
        shell.verbose("Running", format!("`{}`", super::shown(&command)));
        // Shown only if it fails, by a shell that knows whether there are colours.
        command.env("CARGO_TERM_COLOR", "always");
        let output = super::output_of(&mut command)?;
        if !output.status.success() {
            // cargo's own words say it best.
            shell.foreign(&output.stderr);
            if options.manifest_path.is_none() && nearest_manifest()?.is_none() {
                shell.note(
                    "a program that was built elsewhere needs no Cargo project: pass \
                     `--executable FILE --source FILE`",
                );
            }
            let code = output
                .status
                .code()
                .and_then(|code| u8::try_from(code).ok());
            return Err(CargoFailed {
                code: code.unwrap_or(1),
                action: "metadata".to_owned(),
                triple: None,
            }
            .into());
        }
        let stdout =
            String::from_utf8(output.stdout).context("`cargo metadata` printed no UTF-8")?;
        let metadata = MetadataCommand::parse(stdout).context("failed to read `cargo metadata`")?;
        if !metadata.workspace_default_members.is_available() {
            bail!("this cargo is older than 1.71; a newer one is needed (`rustup update`)");
        }
        Ok(Self {
            current_manifest: current_manifest(options, &metadata)?,
            metadata,
        })
    }

    /// The packages that `cargo build` would take with these options.
    pub fn packages(
        &self,
        options: &CargoOptions,
        shell: &mut Shell,
    ) -> anyhow::Result<Vec<&Package>> {
        let mut members = self.metadata.workspace_packages();
        if options.workspace {
            for spec in &options.exclude {
                let excluded = matching_spec(&members, spec, options)?;
                if excluded.is_empty() {
                    shell.warn(format!("no package `{spec}` to exclude in this workspace"));
                }
                members.retain(|package| !excluded.iter().any(|gone| gone.id == package.id));
            }
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

    /// The flags that make `cargo build` take these packages: the user's own, so that it unifies the
    /// features of the same packages as it does without us.
    pub fn package_args(&self, options: &CargoOptions) -> anyhow::Result<Vec<OsString>> {
        let mut args = Vec::new();
        for spec in &options.package {
            args.extend(["--package".into(), spec.into()]);
        }
        if options.workspace {
            args.push("--workspace".into());
        }
        let members = self.metadata.workspace_packages();
        for spec in &options.exclude {
            // The user has been told of those that exclude nothing; cargo would say it again.
            if !matching_spec(&members, spec, options)?.is_empty() {
                args.extend(["--exclude".into(), spec.into()]);
            }
        }
        Ok(args)
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
) -> anyhow::Result<Vec<&'a Package>> {
    let mut found: Vec<&Package> = Vec::new();
    for spec in specs {
        let matches = matching_spec(members, spec, options)?;
        if matches.is_empty() {
            let with_version = spec.contains(['@', ':']);
            let names: Vec<_> = members
                .iter()
                .map(|package| {
                    if with_version {
                        format!("{}@{}", package.name, package.version)
                    } else {
                        package.name.to_string()
                    }
                })
                .collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            bail!(
                "no package `{spec}` in this workspace{}; its members are {}",
                super::select::did_you_mean(spec, &names),
                super::select::listed(&names)
            );
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
) -> anyhow::Result<Vec<&'a Package>> {
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
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("cargo does not know the package `{spec}`: {}", words.trim());
    }
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(members
        .iter()
        .copied()
        .filter(|package| package.id.repr == id)
        .collect())
}

/// The manifest that cargo finds, by cargo's own rule: the nearest `Cargo.toml` above.
fn current_manifest(options: &CargoOptions, metadata: &Metadata) -> anyhow::Result<PathBuf> {
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

fn nearest_manifest() -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("failed to find the current folder")?;
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
