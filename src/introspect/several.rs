//! An executable with more than one manifest in it: each `bundle!` that the linker has kept leaves a record.

use std::fmt;
use std::path::Path;

use crate::manifest::Manifest;

/// The most Dags that are named of one manifest.
const SHOWN: usize = 3;

/// What is said of an executable that holds more than one manifest.
#[derive(Debug)]
pub struct SeveralManifests {
    executable: String,
    /// The Dags of each.
    manifests: Vec<String>,
}

impl SeveralManifests {
    /// `records` are the texts of the manifests.
    pub fn new(executable: &Path, records: &[String]) -> Self {
        Self {
            executable: executable.display().to_string(),
            manifests: records.iter().map(|text| dags(text)).collect(),
        }
    }
}

/// The Dags of a manifest, for a message.
fn dags(text: &str) -> String {
    let Ok(manifest) = Manifest::parse(text) else {
        return "one that cannot be read".to_owned();
    };
    let all: Vec<_> = manifest.dag_ids().map(|id| format!("`{id}`")).collect();
    let shown = all.get(..SHOWN).unwrap_or(&all).join(", ");
    match all.len().checked_sub(SHOWN) {
        None | Some(0) => format!("one with {shown}"),
        Some(more) => format!("one with {shown} and {more} more"),
    }
}

impl fmt::Display for SeveralManifests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` holds {} manifests ({}), and its link section does not tell which of them it serves: the linker has kept a \
             `bundle!` that this program does not use. Let the program itself say it, where it can run (`--introspect run`, \
             or `--airflow-metadata FILE` with what it prints), or move each `bundle!` into the crate of its own executable",
            self.executable,
            self.manifests.len(),
            self.manifests.join("; ")
        )
    }
}

impl std::error::Error for SeveralManifests {}
