//! The subcommands: the only place where cargo, introspection and bundles meet.

mod inspect;
mod pack;
mod unpack;
mod verify;

use std::path::Path;

use anyhow::Context as _;

use crate::bundle::reader::Bundle;
use crate::cli::{Cli, Command};
use crate::shell::Shell;
use crate::worker::manifest::WorkerManifest;
use crate::worker::pyyaml::{Value, ValueRef};

/// Runs what the command line asks for. Returns the exit code.
pub fn run(cli: Cli, shell: &mut Shell) -> anyhow::Result<u8> {
    match cli.command {
        None => pack::run(&cli.pack, cli.common.into(), shell),
        Some(Command::Inspect(args)) => inspect::run(&args, shell),
        Some(Command::Verify(args)) => verify::run(&args, shell),
        Some(Command::Unpack(args)) => unpack::run(&args, shell),
    }
}

/// Opens a bundle that was named on the command line.
fn open(path: &Path) -> anyhow::Result<Bundle> {
    Bundle::open(path).with_context(|| {
        format!(
            "cannot open `{}` as a bundle (`cargo airflow-bundle verify` says more)",
            path.display()
        )
    })
}

/// A file in the source region. Offsets and lengths in bytes, unchecked.
struct SourceFile {
    path: String,
    offset: u64,
    length: u64,
}

/// The source files that a manifest names: those in `sources`, or the whole region as `source`.
fn source_files(manifest: &WorkerManifest, bundle: &Bundle) -> Vec<SourceFile> {
    let root = manifest.root();
    let number = |file: ValueRef<'_>, key| match file.get(key)?.value() {
        Value::Int(int) => int.to_i128().and_then(|int| u64::try_from(int).ok()),
        _ => None,
    };
    let listed: Vec<_> = root
        .get("sources")
        .into_iter()
        .flat_map(ValueRef::items)
        .filter_map(|file| {
            Some(SourceFile {
                path: file.get("path")?.as_str()?.to_owned(),
                offset: number(file, "offset")?,
                length: number(file, "length")?,
            })
        })
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let layout = bundle.layout();
    let whole = |path: &str| SourceFile {
        path: path.to_owned(),
        offset: 0,
        length: layout.metadata_start - layout.source_start,
    };
    root.get("source")
        .and_then(ValueRef::as_str)
        .map(whole)
        .into_iter()
        .collect()
}
