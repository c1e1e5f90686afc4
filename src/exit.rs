//! Exit codes, and the errors that carry one. Every other error ends with [`ERROR`].

use std::fmt;
use std::process::ExitCode;

use crate::interrupt::{self, Interrupted};

/// Everything worked.
pub const OK: u8 = 0;
/// An error; the message says which.
pub const ERROR: u8 = 1;
/// Wrong arguments.
pub const USAGE: u8 = 2;
/// `verify` found problems, or warnings with `--deny-warnings`.
pub const PROBLEMS: u8 = 100;
/// Added to the number of the signal that ended the program.
pub const SIGNAL_BASE: i32 = 128;

/// Arguments that do not fit together. Ends with [`USAGE`].
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// cargo failed and has said why. Ends with cargo's own code.
#[derive(Debug)]
pub struct CargoFailed {
    /// cargo's exit code, or 128 + signal.
    pub code: u8,
    /// What cargo was asked to do, for a message of ours; cargo's own came before it.
    pub action: String,
    /// The triple that it was asked to build for, where it was asked for several, one after the other.
    pub triple: Option<String>,
}

impl fmt::Display for CargoFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`cargo {}` failed", self.action)?;
        match &self.triple {
            None => f.write_str("; nothing was packed"),
            Some(triple) => write!(f, " for `{triple}`; nothing was packed for it"),
        }
    }
}

impl std::error::Error for CargoFailed {}

/// Some of several bundles were not packed; each failure has been shown. Ends with the first one's code.
#[derive(Debug)]
pub struct SomeFailed {
    /// The code of the first failure.
    pub code: u8,
    /// How many bundles were not packed.
    pub failed: usize,
    /// How many were asked for.
    pub planned: usize,
}

impl fmt::Display for SomeFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            failed, planned, ..
        } = self;
        let were = if *failed == 1 { "was" } else { "were" };
        write!(
            f,
            "{failed} of {planned} bundles {were} not packed; see above"
        )
    }
}

impl std::error::Error for SomeFailed {}

/// The exit code for `error`.
pub fn code_of(error: &anyhow::Error) -> ExitCode {
    if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
        return ExitCode::from(interrupt::exit_code(interrupted.signal));
    }
    if let Some(failed) = error.downcast_ref::<CargoFailed>() {
        return ExitCode::from(failed.code);
    }
    if let Some(failed) = error.downcast_ref::<SomeFailed>() {
        return ExitCode::from(failed.code);
    }
    if error.is::<Usage>() {
        return ExitCode::from(USAGE);
    }
    ExitCode::from(ERROR)
}
