//! An executable that is to be packed: it exists, and its settings are known.

use std::path::{Path, PathBuf};

use cargo_metadata::TargetKind;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::cargo::build::{BuildTarget, Built};
use crate::cargo::config::CargoConfig;
use crate::cargo::dep_info;
use crate::cargo::environment::{self, EnvironmentError};
use crate::cargo::metadata::{Workspace, dependencies_of};
use crate::cargo::outer::Change;
use crate::manifest::SourceName;
use crate::plan::{BuildPlan, Destination, Planned};
use crate::release::Airflow;
use crate::settings::Setting;

/// An executable that is to be packed.
#[derive(Debug)]
pub struct Program<'p> {
    /// The path of the executable.
    pub path: PathBuf,
    /// The source file.
    pub source: &'p Setting<PathBuf>,
    /// The source file as the manifest names it.
    pub source_name: SourceName,
    /// Where the bundle goes.
    pub destination: &'p Setting<Destination>,
    /// The releases of Airflow that the bundle is for, if that is said.
    pub airflow: Option<&'p Setting<Airflow>>,
    /// The facts that cargo knows, if cargo built the executable.
    pub by_cargo: Option<ByCargo<'p>>,
    /// Folders of the build, which workers do not have.
    pub build_folders: Vec<PathBuf>,
}

/// The facts that cargo knows about an executable that it has built.
#[derive(Debug)]
pub struct ByCargo<'p> {
    /// The executable in the plan.
    pub planned: &'p Planned<'p>,
    /// The profile that it was built with.
    pub profile: String,
    /// Whether it was built without optimizations.
    pub unoptimized: bool,
    /// The folders in which cargo has dynamic libraries looked for when it runs the executable.
    pub library_folders: Vec<PathBuf>,
    /// The files that were read to build it: [`cargo_files`] and the sources.
    pub read: Vec<PathBuf>,
}

/// The `Cargo.toml` of a package and of its workspace, and the lock file.
pub fn cargo_files(workspace: &Workspace, target: BuildTarget<'_>) -> Vec<PathBuf> {
    let root = &workspace.metadata.workspace_root;
    [
        target.package.manifest_path.clone(),
        root.join("Cargo.toml"),
        root.join("Cargo.lock"),
    ]
    .map(Utf8PathBuf::into_std_path_buf)
    .into()
}

impl ByCargo<'_> {
    /// The triple that the executable was built for, if one was chosen.
    pub fn triple(&self) -> Option<&str> {
        self.planned.triple.as_deref()
    }

    /// The changes that `cargo run` would make in the environment of the executable.
    ///
    /// # Errors
    /// If cargo's configuration does not tell them.
    pub fn environment(&self, config: &CargoConfig) -> Result<Vec<Change>, EnvironmentError> {
        environment::of_run(&self.library_folders, self.triple(), config)
    }
}

impl<'p> Program<'p> {
    /// An executable that was built elsewhere.
    pub fn prebuilt(
        executable: &Path,
        source: &'p Setting<PathBuf>,
        destination: &'p Setting<Destination>,
        airflow: Option<&'p Setting<Airflow>>,
    ) -> Self {
        Self {
            path: executable.to_owned(),
            source_name: SourceName::of_file(&source.value, None),
            source,
            destination,
            airflow,
            by_cargo: None,
            build_folders: Vec::new(),
        }
    }

    /// An executable that cargo has built.
    pub fn built(build_plan: &'p BuildPlan<'p>, planned: &'p Planned<'p>, built: Built) -> Self {
        let workspace = build_plan.workspace;
        let package = planned.build_target.package;
        let root = package.manifest_path.parent().map(Utf8Path::as_std_path);
        let mut read = cargo_files(workspace, planned.build_target);
        read.extend(dep_info::sources(&built.executable));
        let metadata = &workspace.metadata;
        let mut build_folders = vec![metadata.target_directory.clone().into_std_path_buf()];
        build_folders.extend(metadata.build_directory.clone().map(Into::into));
        Self {
            source: &planned.source,
            source_name: SourceName::of_file(&planned.source.value, root),
            destination: &planned.destination,
            airflow: planned.airflow.as_ref(),
            by_cargo: Some(ByCargo {
                planned,
                profile: build_plan.options.profile_name().to_owned(),
                unoptimized: built.unoptimized,
                library_folders: library_folders(workspace, planned.build_target, &built),
                read,
            }),
            build_folders,
            path: built.executable,
        }
    }

    /// The files that were read to build the executable, if cargo built it.
    pub fn files_read(&self) -> impl Iterator<Item = &Path> {
        let read = self.by_cargo.iter().flat_map(|by_cargo| &by_cargo.read);
        read.map(PathBuf::as_path)
    }
}

fn library_folders(workspace: &Workspace, target: BuildTarget<'_>, built: &Built) -> Vec<PathBuf> {
    // cargo puts examples into a folder below the profile's.
    let above = if target.target.kind.contains(&TargetKind::Example) {
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
