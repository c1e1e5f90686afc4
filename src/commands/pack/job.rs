//! One bundle that is to be made.

use std::path::{Path, PathBuf};

use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{Package, Target, TargetKind};

use super::place::Place;
use crate::bundle::output::Output;
use crate::cargo::build::Built;
use crate::cargo::dep_info;
use crate::cargo::environment;
use crate::cargo::metadata::{Workspace, dependencies_of};
use crate::cargo::outer::Change;
use crate::cargo::select::{self, Selected};
use crate::cargo::triple::Triple;
use crate::manifest::SourceName;

/// One bundle that is to be made: from which files, and where.
#[derive(Debug)]
pub struct Job {
    /// The executable.
    pub executable: PathBuf,
    /// The source file.
    pub source: PathBuf,
    /// The source file as the manifest names it.
    pub source_name: SourceName,
    /// What cargo knows of the executable, if cargo built it.
    pub origin: Option<Origin>,
    /// Folders of the build, which workers do not have.
    pub build_folders: Vec<PathBuf>,
    /// Where the bundle goes.
    place: Place,
}

/// What cargo knows of an executable.
#[derive(Debug)]
pub struct Origin {
    /// The package.
    pub package: Package,
    /// The bin or example.
    pub target: Target,
    /// Whether the package says that it has something to pack.
    pub marked: bool,
    /// Whether the package reaches the SDK.
    pub reaches_sdk: bool,
    /// The triple that it was built for, if one was chosen.
    pub triple: Option<String>,
    /// The profile that it was built with.
    pub profile: String,
    /// Whether it was built without optimizations.
    pub unoptimized: bool,
    /// Where its dynamic libraries are looked for when cargo runs it.
    pub library_folders: Vec<PathBuf>,
    /// What was read to build it: [`cargo_files`] and the sources.
    pub read: Vec<PathBuf>,
}

/// The `Cargo.toml` of a package and of its workspace, and the lock file.
pub fn cargo_files(workspace: &Workspace, package: &Package) -> Vec<PathBuf> {
    let root = &workspace.metadata.workspace_root;
    [
        package.manifest_path.clone(),
        root.join("Cargo.toml"),
        root.join("Cargo.lock"),
    ]
    .map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf)
    .into()
}

impl Origin {
    /// What `cargo run` would change in the environment of the executable; `configs` are the values of `--config`.
    pub fn environment(&self, configs: &[String]) -> anyhow::Result<Vec<Change>> {
        environment::of_run(&self.library_folders, self.triple.as_deref(), configs)
    }
}

impl Job {
    /// A job for an executable that was built elsewhere.
    pub fn from_executable(executable: &Path, source: &Path, place: Place) -> Self {
        Self {
            executable: executable.to_owned(),
            source: source.to_owned(),
            source_name: SourceName::of_file(source, None),
            origin: None,
            build_folders: Vec::new(),
            place,
        }
    }

    /// A job for an executable that cargo built.
    pub fn from_build(
        workspace: &Workspace,
        selected: &Selected<'_>,
        built: Built,
        triple: &Triple,
        profile: &str,
        source: Option<&Path>,
        place: Place,
    ) -> Self {
        let source = source_of(selected, source);
        let root = selected.package.manifest_path.parent();
        let mut read = cargo_files(workspace, selected.package);
        read.extend(dep_info::sources(&built.executable));
        let library_folders = library_folders(workspace, selected.target, &built);
        let metadata = &workspace.metadata;
        let mut build_folders = vec![metadata.target_directory.clone().into_std_path_buf()];
        build_folders.extend(metadata.build_directory.clone().map(Into::into));
        Self {
            executable: built.executable,
            source_name: SourceName::of_file(&source, root.map(Utf8Path::as_std_path)),
            source,
            origin: Some(Origin {
                package: selected.package.clone(),
                target: selected.target.clone(),
                marked: select::marked(workspace, selected.package),
                reaches_sdk: select::reaches_sdk(workspace, selected.package),
                triple: triple.shown.clone(),
                profile: profile.to_owned(),
                unoptimized: built.unoptimized,
                library_folders,
                read,
            }),
            build_folders,
            place,
        }
    }

    /// What was read to build the executable, if cargo built it.
    pub fn files_read(&self) -> impl Iterator<Item = &Path> {
        let origins = self.origin.iter();
        origins.flat_map(|origin| origin.read.iter().map(PathBuf::as_path))
    }

    /// Where the bundle goes, if it may.
    pub fn output(&self, inputs: &[&Path]) -> anyhow::Result<Output> {
        self.place.check(&self.executable, inputs)
    }
}

fn library_folders(workspace: &Workspace, target: &Target, built: &Built) -> Vec<PathBuf> {
    // Examples are in a folder below that of the profile.
    let above = if target.kind.contains(&TargetKind::Example) {
        2
    } else {
        1
    };
    let Some(output) = built.executable.ancestors().nth(above) else {
        return Vec::new();
    };
    let dependencies = dependencies_of(&workspace.metadata, output);
    environment::library_folders(output, &dependencies, &built.linked_paths)
}

/// The source file of a target: the flag's or the environment's, the table's, or the main file.
pub fn source_of(selected: &Selected<'_>, source: Option<&Path>) -> PathBuf {
    source
        .map(Path::to_owned)
        .or_else(|| selected.table.source.clone())
        .unwrap_or_else(|| selected.target.src_path.clone().into_std_path_buf())
}
