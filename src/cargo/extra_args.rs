//! Checks the user's arguments for `cargo build` after `--`: some flags may not stand there.

use std::ffi::OsString;
use std::fmt;

const NO_BUILD: &str = "nothing would be built; see `cargo build --help`";
const SELECTS: &str = "it chooses what is built, which this command must know";
const OURS: &str = "pass it before the `--`";

/// Flags of `cargo build` that may not stand after `--`, and why.
const REFUSED: [(&str, &str); 38] = [
    ("--package", OURS),
    ("-p", OURS),
    ("--workspace", OURS),
    ("--all", OURS),
    ("--exclude", OURS),
    ("--bin", OURS),
    ("--example", OURS),
    ("--features", OURS),
    ("-F", OURS),
    ("--all-features", OURS),
    ("--no-default-features", OURS),
    ("--release", OURS),
    ("-r", OURS),
    ("--profile", OURS),
    ("--jobs", OURS),
    ("-j", OURS),
    ("--target", OURS),
    ("--target-dir", OURS),
    ("--manifest-path", OURS),
    ("--locked", OURS),
    ("--offline", OURS),
    ("--frozen", OURS),
    ("--config", OURS),
    ("-Z", OURS),
    ("--message-format", OURS),
    ("--verbose", OURS),
    ("--quiet", OURS),
    ("--color", OURS),
    ("--lib", SELECTS),
    ("--bins", SELECTS),
    ("--examples", SELECTS),
    ("--test", SELECTS),
    ("--tests", SELECTS),
    ("--bench", SELECTS),
    ("--benches", SELECTS),
    ("--all-targets", SELECTS),
    ("--help", NO_BUILD),
    ("-h", NO_BUILD),
];

/// An argument that may not stand after `--`.
#[derive(Debug)]
pub struct RefusedArgument {
    argument: String,
    reason: &'static str,
}

impl fmt::Display for RefusedArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { argument, reason } = self;
        write!(f, "`{argument}` cannot stand after `--`: {reason}")
    }
}

impl std::error::Error for RefusedArgument {}

/// Checks the arguments after `--`.
///
/// # Errors
/// The first argument that may not stand there.
pub fn check(args: &[OsString]) -> Result<(), RefusedArgument> {
    for arg in args {
        let arg = arg.to_string_lossy();
        let matches = |name: &str| {
            if name.starts_with("--") {
                arg.split('=').next() == Some(name)
            } else {
                arg.starts_with(name) && !arg.starts_with("--")
            }
        };
        let bundled = || arg.starts_with("-v") || arg.starts_with("-q");
        let refused = REFUSED.iter().find(|(name, _)| matches(name));
        let reason = match refused {
            Some(&(_, reason)) => reason,
            None if bundled() => OURS,
            None => continue,
        };
        return Err(RefusedArgument {
            argument: arg.into_owned(),
            reason,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::*;
    use crate::cargo::options::CargoOptions;

    /// A flag that this program takes itself must be passed before the `--`, or this program would not know of it.
    #[test]
    fn every_flag_of_ours_is_refused() {
        let command = CargoOptions::augment_args(clap::Command::new("x"));
        for flag in command.get_arguments() {
            let long = flag.get_long().map(|name| format!("--{name}"));
            let short = flag.get_short().map(|name| format!("-{name}"));
            for name in long.iter().chain(&short) {
                assert!(check(&[name.into()]).is_err(), "{name}");
            }
        }
    }

    #[test]
    fn owned_flags_are_refused_after_the_dashes_in_every_spelling() {
        for arg in [
            "--bin=x",
            "--bin",
            "-pfoo",
            "-j4",
            "-vv",
            "-q",
            "--bins",
            "--message-format=json",
        ] {
            assert!(check(&[arg.into()]).is_err(), "{arg}");
        }
        for arg in [
            "--timings",
            "--keep-going",
            "--ignore-rust-version",
            "--future-incompat-report",
            "x",
        ] {
            assert!(check(&[arg.into()]).is_ok(), "{arg}");
        }
    }
}
