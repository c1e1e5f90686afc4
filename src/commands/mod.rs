//! The subcommands: the only place where cargo, introspection and bundles meet.

mod pack;

use crate::cli::{Cli, Command};
use crate::shell::Shell;

/// Runs what the command line asks for. Returns the exit code.
pub fn run(cli: Cli, shell: &mut Shell) -> anyhow::Result<u8> {
    match cli.command {
        None => pack::run(&cli.pack, cli.common.into(), shell),
        Some(Command::Inspect(_) | Command::Verify(_) | Command::Unpack(_)) => anyhow::bail!("not yet"),
    }
}
