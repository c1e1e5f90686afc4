//! Where a bundle is written to.

use std::path::{Path, PathBuf};

/// The folder for bundles beside an executable.
const DEFAULT_FOLDER: &str = "airflow-bundle";

/// Where a bundle goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
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

impl Destination {
    /// A file named like the executable, in the folder `root`.
    pub fn in_folder(root: PathBuf) -> Self {
        Self::Folder { root, triple: None }
    }

    /// The destination of the executable for `triple`, where there are executables for several triples.
    #[must_use]
    pub fn for_triple(self, triple: &str) -> Self {
        let Self::Folder { root, .. } = self else {
            return self;
        };
        // A target specification is a JSON file; cargo names its folder by the stem.
        let file = Path::new(triple);
        let is_file = file
            .extension()
            .is_some_and(|extension| extension == "json");
        let name = file.file_stem().filter(|_| is_file);
        Self::Folder {
            root,
            triple: Some(name.unwrap_or(triple.as_ref()).into()),
        }
    }

    /// The file for the bundle of `executable`.
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

    /// The folder that workers scan, if it was asked for. The bundle may go into a folder below it.
    pub fn root(&self) -> Option<&Path> {
        match self {
            Self::Folder { root, .. } => Some(root),
            Self::File(_) | Self::BesideExecutable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workers scan the folder that `--out-dir` names, not the folders of the targets in it.
    #[test]
    fn a_targets_folder_is_not_the_root() {
        let destination = Destination::in_folder("dags".into());
        for (triple, folder) in [
            ("aarch64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"),
            ("targets/mine.json", "mine"),
        ] {
            let destination = destination.clone().for_triple(triple);
            assert_eq!(destination.root(), Some(Path::new("dags")));
            let path = destination.path(Path::new("build/etl"));
            assert_eq!(path, Path::new("dags").join(folder).join("etl"));
        }
        let beside = Destination::BesideExecutable.for_triple("aarch64-unknown-linux-gnu");
        assert_eq!(
            beside.path(Path::new("build/etl")),
            Path::new("build/airflow-bundle/etl")
        );
    }
}
