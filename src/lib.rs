//! Pack a Rust program into an Apache Airflow executable bundle.
#![forbid(unsafe_code)]

pub mod bundle;
mod cargo;
mod cli;
mod commands;
pub mod executable;
mod exit;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod interrupt;
mod introspect;
pub mod manifest;
pub mod packing;
mod platform;
mod shell;
mod text;
pub mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use anstream::ColorChoice;
use clap::Parser as _;

use cargo::options::ColorWhen;
use cli::Cli;
use shell::{Shell, Verbosity};

/// Runs the program with the arguments `args`, the first of which is its name.
///
/// This is what the executable does, and what an `xtask` of a workspace calls, so that `Cargo.lock`
/// fixes the version of the packer:
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     cargo_airflow_bundle::run(std::env::args_os())
/// }
/// ```
///
/// It watches for SIGINT, SIGTERM and SIGHUP from then on. While it waits for something that may never
/// come and there is nothing to clean up, such a signal ends the process.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString>>) -> ExitCode {
    let mut args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    // cargo passes the name of the subcommand as the first argument.
    if args.get(1).is_some_and(|arg| arg == "airflow-bundle") {
        args.remove(1);
    }
    let color = color_choice(&args);
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            let mut command = <Cli as clap::CommandFactory>::command().color(match color {
                ColorChoice::Always | ColorChoice::AlwaysAnsi => clap::ColorChoice::Always,
                ColorChoice::Never => clap::ColorChoice::Never,
                ColorChoice::Auto => clap::ColorChoice::Auto,
            });
            // Parsed once more, so that the choice of colours holds for the message too.
            let error = command
                .try_get_matches_from_mut(&args)
                .err()
                .unwrap_or(error);
            // A terminal that is gone is no reason to fail.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            });
        }
    };
    let mut shell = Shell::new(color, verbosity(cli.common.into()));
    let result = interrupt::install()
        .map_err(anyhow::Error::from)
        .and_then(|()| commands::run(cli, &mut shell));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            shell.error(&error);
            exit::code_of(&error)
        }
    }
}

/// `--color` before `CARGO_TERM_COLOR` before what the terminal and `NO_COLOR` say.
fn color_choice(args: &[OsString]) -> ColorChoice {
    let mut words = args
        .iter()
        .filter_map(|arg| arg.to_str())
        .take_while(|arg| *arg != "--");
    let mut chosen = None;
    while let Some(word) = words.next() {
        if let Some(value) = word.strip_prefix("--color=") {
            chosen = Some(value.to_owned());
        } else if word == "--color" {
            chosen = words.next().map(str::to_owned);
        }
    }
    let choice = chosen.or_else(|| std::env::var("CARGO_TERM_COLOR").ok());
    match choice.as_deref() {
        Some(word) if word == ColorWhen::Always.word() => ColorChoice::Always,
        Some(word) if word == ColorWhen::Never.word() => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// `-q` and `-v` before cargo's own variables.
fn verbosity(common: cargo::options::Common) -> Verbosity {
    let set = |name| std::env::var(name).is_ok_and(|value| value == "true" || value == "1");
    if common.quiet {
        Verbosity::Quiet
    } else if common.verbose > 0 {
        Verbosity::Verbose
    } else if set("CARGO_TERM_QUIET") {
        Verbosity::Quiet
    } else if set("CARGO_TERM_VERBOSE") {
        Verbosity::Verbose
    } else {
        Verbosity::Normal
    }
}
