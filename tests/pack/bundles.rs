//! Bundles in a folder: their names, and what they hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Outcome, PROGRAM, Run, is_bundle};

impl Outcome {
    /// The file names of the bundles.
    #[track_caller]
    pub fn names(self) -> Vec<String> {
        let bundles = self.bundles();
        bundles.iter().map(|path| name(path)).collect()
    }
}

/// The file name without `.exe`.
pub fn name(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.trim_end_matches(std::env::consts::EXE_SUFFIX)
        .to_owned()
}

/// What `inspect` prints.
pub fn manifest(bundle: &Path) -> String {
    let folder = bundle.parent().unwrap();
    let command = Command::new(PROGRAM);
    let run = Run::new(command, folder).arg("inspect").arg(bundle).run();
    run.ok().text().to_owned()
}

/// What `inspect --source` prints.
pub fn source(bundle: &Path) -> String {
    let folder = bundle.parent().unwrap();
    let command = Command::new(PROGRAM);
    let run = Run::new(command, folder)
        .args("inspect --source")
        .arg(bundle);
    run.run().ok().text().to_owned()
}

/// All files below a folder that are bundles.
pub fn bundles_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bundles_below(&path));
        } else if is_bundle(&path) {
            found.push(path);
        }
    }
    found
}
