//! The subcommands: the only place where cargo, introspection and bundles meet.

mod in_order;
mod inspect;
mod pack;
mod unpack;
mod verify;

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::bundle::reader::Bundle;
use crate::cli::{Cli, Command};
use crate::executable::Executable;
use crate::shell::Shell;

/// Runs what the command line asks for. Returns the exit code.
pub fn run(cli: Cli, shell: &mut Shell) -> anyhow::Result<u8> {
    match cli.command {
        None => pack::run(&cli.pack, cli.common.into(), shell),
        Some(Command::Inspect(args)) => inspect::run(&args, shell),
        Some(Command::Verify(args)) => verify::run(&args, shell),
        Some(Command::Unpack(args)) => unpack::run(&args, shell),
    }
}

/// What is known of an executable; the same object in every report. What the format does not have is null.
fn executable_json(executable: &Executable) -> serde_json::Value {
    let architectures = executable.architectures.iter();
    json!({
        "format": executable.format.to_string(),
        "os": executable.platform.to_string(),
        "architectures": architectures.map(ToString::to_string).collect::<Vec<_>>(),
        "interpreter": executable.interpreter,
        "linkage": executable.linkage.map(|linkage| linkage.to_string()),
        "glibc": executable.glibc.map(|glibc| glibc.to_string()),
        "debug_info_bytes": executable.debug_info_bytes,
        "runs_here": executable.runs_here(),
    })
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
