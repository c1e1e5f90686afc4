//! Everything that asks or drives cargo. Knows nothing of bundles.

pub mod build;
pub mod builder;
mod config;
pub mod dep_info;
pub mod environment;
pub mod extra_args;
mod features;
pub mod metadata;
pub mod options;
pub mod outer;
pub mod runner;
pub mod select;
pub mod table;
pub mod term;
pub mod triple;

use std::ffi::OsString;
use std::process::{Command, Output, Stdio};

use anyhow::Context as _;

use crate::interrupt::{self, CargoGuard};

/// The cargo that runs us, or the one on `PATH`: one and the same for all calls.
fn command() -> Command {
    let cargo = std::env::var_os("CARGO").filter(|path| !path.is_empty());
    let mut command = Command::new(cargo.unwrap_or_else(|| OsString::from("cargo")));
    outer::forget(&mut command);
    command
}

/// What to say where cargo cannot be started at all.
fn not_started(command: &Command) -> String {
    format!(
        "failed to run `{}`; is cargo on the `PATH`, or named by the variable `CARGO`?",
        shown(command)
    )
}

/// Runs cargo to its end and collects what it prints. It may wait for another cargo's lock, or for
/// the network, so it must end when we are asked to.
fn output_of(command: &mut Command) -> anyhow::Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| not_started(command))?;
    let guard = CargoGuard::new(child.id());
    let output = child
        .wait_with_output()
        .with_context(|| format!("failed to read what `{}` printed", shown(command)))?;
    drop(guard);
    interrupt::check_after(output.status)?;
    Ok(output)
}

/// The command line, for `--verbose` and for messages.
fn shown(command: &Command) -> String {
    let word = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy().into_owned();
        let plain = |c: char| c.is_alphanumeric() || "-_=/.,:+@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}
