//! The subcommands: the only place where cargo, introspection and bundles meet.

mod airflow_json;
mod executable_json;
pub mod exit_code;
mod ignore_lines;
mod inspect;
mod pack;
mod unpack;
mod verdict_report;
mod verify;

use std::path::Path;

use anyhow::bail;

use crate::bundle::reader::{Bundle, ReadError};
use crate::cargo::config::CargoConfig;
use crate::cli::{Cli, Command};
use crate::shell::Shell;

/// Runs what the command line asks for. Returns the exit code.
pub fn run(cli: Cli, config: &CargoConfig, shell: &mut Shell) -> anyhow::Result<u8> {
    match cli.command {
        None => pack::run(&cli.pack, cli.common.into(), config, shell),
        Some(Command::Inspect(args)) => inspect::run(&args, shell),
        Some(Command::Verify(args)) => verify::run(&args, shell),
        Some(Command::Unpack(args)) => unpack::run(&args, shell),
    }
}

/// Opens a bundle that was named on the command line.
fn open(path: &Path) -> anyhow::Result<Bundle> {
    if path.is_dir() {
        bail!(
            "`{}` is a folder; name a bundle (`cargo airflow-bundle verify` takes folders)",
            path.display()
        );
    }
    Bundle::open(path).map_err(|error| {
        let more = match &error {
            ReadError::Trailer(_) => " (`cargo airflow-bundle verify` says more)",
            _ => "",
        };
        let message = format!("cannot open `{}` as a bundle{more}", path.display());
        anyhow::Error::new(error).context(message)
    })
}
