//! Checks before anything is built: a mistake that can be seen now should not cost a build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::program::cargo_files;
use super::source_error;
use crate::interrupt;
use crate::packing;
use crate::plan::{BuildPlan, CallsForTriple, Destination, Introspection, Planned};

/// Opens every source file, and looks at what stands at the files of bundles that are known before their executables are built.
pub fn check(build_plan: &BuildPlan<'_>, introspection: &Introspection) -> anyhow::Result<()> {
    let mut opened = BTreeSet::new();
    let mut files = Vec::new();
    for planned in build_plan.triples.iter().flat_map(CallsForTriple::planned) {
        let source = &planned.source;
        if opened.insert(&source.value) {
            packing::open_source(&source.value, interrupt::stop_flag())
                .map_err(|error| source_error::explain(error, source))?;
        }
        let cargo_files = cargo_files(build_plan.workspace, planned.build_target);
        let inputs = cargo_files.iter().map(PathBuf::as_path);
        let inputs = inputs.chain([source.value.as_path()]);
        let inputs = inputs.chain(introspection.manifest_file.as_deref());
        files.extend(check_destination(planned, inputs)?);
    }
    check_distinct(&files)
}

/// Returns the file of the bundle, if it is known.
fn check_destination<'p>(
    planned: &Planned<'_>,
    inputs: impl Iterator<Item = &'p Path>,
) -> anyhow::Result<Option<PathBuf>> {
    let suffix = match &planned.triple {
        Some(triple) if triple.contains("windows") => ".exe",
        Some(_) => "",
        None => std::env::consts::EXE_SUFFIX,
    };
    let name = PathBuf::from(format!("{}{suffix}", planned.build_target.target.name));
    let destination = &planned.destination.value;
    match destination {
        Destination::File(_) | Destination::Folder { .. } => {
            let output =
                packing::check_output(&destination.path(&name), destination.root(), inputs)?;
            Ok(Some(output.path().to_owned()))
        }
        Destination::BesideExecutable => Ok(None),
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
