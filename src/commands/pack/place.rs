//! Where a bundle is written to.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::from_environment;
use crate::bundle::output::Output;
use crate::cargo::select::Selected;
use crate::cargo::triple::Triple;
use crate::cli::PackArgs;

/// Names the folder where no `--out-dir` does.
const OUT_DIR_VARIABLE: &str = "CARGO_AIRFLOW_BUNDLE_OUT_DIR";

/// The folder for bundles beside an executable.
const DEFAULT_FOLDER: &str = "airflow-bundle";

/// Where a bundle goes.
#[derive(Debug, Clone)]
pub enum Place {
    /// This file.
    File(PathBuf),
    /// A file named like the executable, in this folder, or in the one of its target there.
    Folder {
        /// The folder that was asked for.
        root: PathBuf,
        /// The target's folder in it.
        triple: Option<PathBuf>,
    },
    /// A file named like the executable, in the folder `airflow-bundle` beside it.
    BesideExecutable,
}

impl Place {
    /// The file, once the executable is known.
    pub fn path(&self, executable: &Path) -> PathBuf {
        let name = executable.file_name().unwrap_or_default();
        match self {
            Self::File(path) => path.clone(),
            Self::Folder { root, triple } => {
                let folder = triple
                    .as_ref()
                    .map_or(root.clone(), |triple| root.join(triple));
                folder.join(name)
            }
            Self::BesideExecutable => executable
                .parent()
                .unwrap_or(Path::new(""))
                .join(DEFAULT_FOLDER)
                .join(name),
        }
    }

    /// Looks at what stands at the file.
    pub fn check(&self, executable: &Path, inputs: &[&Path]) -> anyhow::Result<Output> {
        let output = check(&self.path(executable), inputs)?;
        Ok(match self {
            Self::Folder { root, .. } => output.below(root),
            Self::File(_) | Self::BesideExecutable => output,
        })
    }
}

/// The place for an executable that was built elsewhere.
pub fn of_executable(args: &PackArgs) -> Place {
    by_flags(args).unwrap_or(Place::BesideExecutable)
}

/// The place for an executable of cargo's: flag, environment, package, workspace, default.
pub fn of_selected(
    args: &PackArgs,
    selected: &Selected<'_>,
    triple: &Triple,
    several_triples: bool,
) -> Place {
    let place = by_flags(args)
        .or_else(|| selected.table.out_dir.clone().map(in_folder))
        .unwrap_or(Place::BesideExecutable);
    match (place, &triple.shown) {
        (Place::Folder { root, .. }, Some(triple)) if several_triples => {
            // A target specification is a JSON file; cargo names its folder by the stem.
            let file = Path::new(triple);
            let is_file = file
                .extension()
                .is_some_and(|extension| extension == "json");
            let name = file.file_stem().filter(|_| is_file);
            Place::Folder {
                root,
                triple: Some(name.unwrap_or(triple.as_ref()).into()),
            }
        }
        (place, _) => place,
    }
}

fn in_folder(root: PathBuf) -> Place {
    Place::Folder { root, triple: None }
}

fn by_flags(args: &PackArgs) -> Option<Place> {
    let file = args.output.clone().map(Place::File);
    let folder = args
        .out_dir
        .clone()
        .or_else(|| from_environment(OUT_DIR_VARIABLE));
    file.or_else(|| folder.map(in_folder))
}

/// Refuses, before anything is built, what can be known to fail. Returns the file, if it is known.
pub fn check_early(
    place: &Place,
    selected: &Selected<'_>,
    triple: Option<&str>,
    inputs: &[&Path],
) -> anyhow::Result<Option<PathBuf>> {
    let suffix = match triple {
        Some(triple) if triple.contains("windows") => ".exe",
        Some(_) => "",
        None => std::env::consts::EXE_SUFFIX,
    };
    let name = PathBuf::from(format!("{}{suffix}", selected.target.name));
    match place {
        Place::File(_) | Place::Folder { .. } => {
            let output = place.check(&name, inputs)?;
            Ok(Some(output.path().to_owned()))
        }
        Place::BesideExecutable => Ok(None),
    }
}

/// Refuses two bundles in one file.
pub fn check_distinct(files: &[PathBuf]) -> anyhow::Result<()> {
    for (index, file) in files.iter().enumerate() {
        if files.iter().skip(index + 1).any(|other| other == file) {
            bail!(
                "two bundles would be written to `{}`: pack one at a time, or leave out `--out-dir`, \
                 so that each lies beside its executable",
                file.display()
            );
        }
    }
    Ok(())
}

fn check(path: &Path, inputs: &[&Path]) -> anyhow::Result<Output> {
    let refused = || format!("cannot write the bundle to `{}`", path.display());
    let output = Output::check(path).with_context(refused)?;
    for input in inputs {
        output.must_not_be(input).with_context(refused)?;
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workers scan what `--out-dir` names, not the folders of the targets in it.
    #[test]
    fn a_targets_folder_is_not_the_root() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().to_owned();
        let triple = Some("aarch64-unknown-linux-gnu".into());
        let output = Place::Folder { root, triple }.check(Path::new("build/etl"), &[])?;
        assert_eq!(output.root(), folder.path());
        assert_eq!(
            output.path(),
            folder.path().join("aarch64-unknown-linux-gnu/etl")
        );
        Ok(())
    }
}
