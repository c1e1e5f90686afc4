//! Arguments for `cargo build` behind `--`: what may stand there, and what may not.

use std::ffi::OsString;

use crate::exit::Usage;

/// Flags of `cargo build` that may not stand after `--`, and why.
const NO_BUILD: &str = "nothing would be built; see `cargo build --help`";
const SELECTS: &str = "it chooses what is built, which this command must know";
const OURS: &str = "pass it before the `--`";
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

/// Checks the arguments after `--`.
pub fn check(args: &[OsString]) -> Result<(), Usage> {
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
            Some((_, reason)) => reason,
            None if bundled() => OURS,
            None => continue,
        };
        return Err(Usage(format!("`{arg}` cannot stand after `--`: {reason}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
