//! Everything that asks or drives cargo. Nothing here knows what is packed, who sees a message, or which exit code an error has.

pub mod build;
pub mod config;
pub mod dep_info;
pub mod environment;
mod error;
pub mod extra_args;
pub mod metadata;
pub mod options;
pub mod outer;
pub mod runner;
pub mod term;
pub mod triple;

pub use error::{CargoError, CargoFailed};

use std::ffi::OsString;
use std::io;
use std::process::{Command, Output, Stdio};

use crate::interrupt::{self, CargoGuard};

/// Hears of the calls of cargo while they happen.
pub trait Listener {
    /// cargo is about to be started with this command line.
    fn starting(&mut self, command: &str);

    /// cargo has printed a JSON message for its caller; the line break is part of `line`.
    ///
    /// # Errors
    /// If the message cannot be passed on, which ends the reading of messages.
    fn message(&mut self, line: &[u8]) -> io::Result<()>;
}

/// The cargo that runs us, or the one on `PATH`: one and the same for all calls.
fn command() -> Command {
    let cargo = std::env::var_os("CARGO").filter(|path| !path.is_empty());
    let mut command = Command::new(cargo.unwrap_or_else(|| OsString::from("cargo")));
    outer::forget(&mut command);
    command
}

/// Runs cargo to its end and collects its output. A signal to this process ends cargo too, which may wait for another cargo's
/// lock or for the network.
fn output_of(command: &mut Command) -> Result<Output, CargoError> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command
        .spawn()
        .map_err(|error| CargoError::NotStarted(shown(command), error))?;
    let guard = CargoGuard::new(child.id());
    let output = child
        .wait_with_output()
        .map_err(|error| CargoError::Output(shown(command), error))?;
    drop(guard);
    interrupt::check_after(output.status)?;
    Ok(output)
}

/// The command line, for messages: words that a shell would change stand in quotes.
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
