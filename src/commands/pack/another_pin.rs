//! Bundles that lie in the output's folder already and serve the same Dags for other releases of Airflow.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use airflow_protocol::record::SCHEMA_VERSION_KEY;
use anyhow::bail;
use pyyaml_safe_load::ValueRef;

use super::Ready;
use crate::bundle::reader::Bundle;
use crate::bundle::staging;
use crate::text::one_line;
use crate::worker::manifest::{self, WorkerManifest};

/// Refuses a bundle beside another one that serves one of its Dags with another pin, such as that of the same executable for
/// another release: a worker that knows both takes either, so that arguments arrive for one task and not for the next.
///
/// Of each file in the folder, its end and its manifest are read. The outputs of this pack are replaced, and do not count.
pub fn check(bundles: &[Ready<'_>]) -> anyhow::Result<()> {
    let outputs: BTreeSet<&Path> = bundles.iter().map(|one| one.prepared.output()).collect();
    let folders: BTreeSet<&Path> = outputs.iter().filter_map(|path| path.parent()).collect();
    for folder in folders {
        // A folder that is not there yet, or that cannot be listed, has nothing to say.
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.filter_map(|one| Some(one.ok()?.path())).collect();
        files.retain(|file| !outputs.contains(&**file));
        files.sort();
        for file in files {
            let Some(there) = read(&file) else {
                continue;
            };
            let beside = bundles.iter().filter(|one| {
                let parent = one.prepared.output().parent();
                parent == Some(folder)
            });
            for one in beside {
                refuse(one, &file, &there)?;
            }
        }
    }
    Ok(())
}

/// The manifest of a bundle. `None` for all that is no bundle, or none that a worker can read.
fn read(file: &Path) -> Option<WorkerManifest> {
    if staging::is_staged(file.file_name().unwrap_or(OsStr::new("")))
        || !fs::metadata(file).ok()?.is_file()
    {
        return None;
    }
    let bundle = Bundle::open_regular(file, |_, _, _| ()).ok()?.ok()?;
    manifest::read(&bundle.manifest().ok()?).ok()
}

fn refuse(one: &Ready<'_>, file: &Path, there: &WorkerManifest) -> anyhow::Result<()> {
    let manifest = one.prepared.manifest();
    let sdk = there.root().get("sdk");
    let version = sdk.and_then(|sdk| sdk.get(SCHEMA_VERSION_KEY));
    let Some(version) = version.and_then(ValueRef::as_str) else {
        return Ok(());
    };
    let own = manifest.schema_version().unwrap_or_default();
    if version == own {
        return Ok(());
    }
    let served: BTreeSet<String> = there.dag_ids().into_iter().collect();
    let Some(dag) = manifest.dag_ids().find(|&dag| served.contains(dag)) else {
        return Ok(());
    };
    bail!(
        "`{}` would lie beside `{}`, which serves the dag `{}` too, for other releases of Airflow: the one would name the \
         supervisor schema version {own}, the other names {}, and a worker that knows both would take either. Write it into another folder \
         (`--out-dir DIR`), or remove the other file; nothing was packed",
        one.prepared.output().display(),
        file.display(),
        one_line(dag),
        one_line(version)
    );
}
