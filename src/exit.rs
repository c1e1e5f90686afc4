//! The exit codes of the program, in one table, and the error that asks for a code other than 1.

use std::fmt;
use std::process::ExitStatus;

use crate::platform;

/// The program did what it was asked to do.
pub const OK: u8 = 0;
/// The program failed; the message on stderr says why.
pub const ERROR: u8 = 1;
/// The arguments are wrong, or do not fit together.
pub const USAGE: u8 = 2;
/// `verify` found problems, or warnings with `--deny-warnings`.
pub const PROBLEMS: u8 = 100;
/// A program that a signal ended has this code plus the number of the signal.
const SIGNAL_BASE: i32 = 128;

/// Every code and its meaning, as `--help` prints them and the README lists them.
pub const TABLE: [(Codes, &str); 6] = [
    (Codes::One(OK), "done"),
    (Codes::One(ERROR), "an error"),
    (Codes::One(USAGE), "wrong arguments"),
    (
        Codes::One(PROBLEMS),
        "`verify` found problems, or warnings with `--deny-warnings`",
    ),
    (Codes::Signals, "ended by signal N"),
    (Codes::Cargo, "cargo's own, for a failed build (mostly 101)"),
];

/// The codes of one row of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    /// A single code.
    One(u8),
    /// A code for each signal: see [`of_signal`].
    Signals,
    /// Any code that cargo ends with: see [`of_status`].
    Cargo,
}

impl fmt::Display for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(code) => f.pad(&code.to_string()),
            Self::Signals => f.pad(&format!("{SIGNAL_BASE} + N")),
            Self::Cargo => f.pad("other"),
        }
    }
}

/// [`TABLE`] as text for `--help`.
pub fn help() -> String {
    let rows = TABLE.map(|(codes, meaning)| format!("  {codes:<9}{meaning}\n"));
    format!(
        "Exit codes:\n{}\nResults go to stdout, everything else to stderr.",
        rows.concat()
    )
}

/// The code after `signal`, which ended this program or a cargo that it waited for.
pub fn of_signal(signal: i32) -> u8 {
    u8::try_from(SIGNAL_BASE + signal).unwrap_or(ERROR)
}

/// The code after a cargo that ended with `status` and did not succeed: cargo's own, or that of the signal that ended it.
pub fn of_status(status: ExitStatus) -> u8 {
    match platform::ending_signal(status) {
        Some(signal) => of_signal(signal),
        None => status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .filter(|&code| code != OK)
            .unwrap_or(ERROR),
    }
}

/// An error after which the program ends with `code`. After every other error it ends with [`ERROR`].
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// The message for the user.
    pub message: String,
}

impl Failure {
    /// Arguments that are wrong or do not fit together; the program ends with [`USAGE`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_the_same_codes() {
        let readme = include_str!("../README.md");
        let section = readme.split("\n## Exit codes\n").nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section.lines().filter(|line| line.starts_with("| "));
        let rows: Vec<_> = rows.skip(2).collect();
        let expected = TABLE.map(|(codes, meaning)| format!("| {codes} | {meaning} |"));
        assert_eq!(rows, expected);
    }

    #[test]
    fn signals_have_codes_from_128_on() {
        assert_eq!(of_signal(2), 130);
        assert_eq!(of_signal(1 << 20), ERROR);
    }

    #[cfg(unix)]
    #[test]
    fn a_cargo_that_was_killed_gives_the_code_of_its_signal() {
        use std::os::unix::process::ExitStatusExt as _;

        assert_eq!(of_status(ExitStatus::from_raw(9)), 137);
        assert_eq!(of_status(ExitStatus::from_raw(101 << 8)), 101);
        // cargo's last message can say that the build failed, although its status says that it did not.
        assert_eq!(of_status(ExitStatus::from_raw(0)), ERROR);
    }
}
