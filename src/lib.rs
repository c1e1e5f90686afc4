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
mod parallel;
mod pin;
mod plan;
mod platform;
mod project;
mod release;
mod settings;
mod shell;
mod text;
mod utf8;
pub mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use anstream::ColorChoice;
use clap::{Parser as _, ValueEnum as _};

use cargo::config::CargoConfig;
use cargo::options::ColorWhen;
use cargo::term::Term;
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
/// /// `cargo xtask --out-dir dist`
/// fn main() -> ExitCode {
///     let fixed = ["cargo-airflow-bundle", "--release", "--locked"];
///     let more = std::env::args_os().skip(1);
///     cargo_airflow_bundle::run(fixed.map(Into::into).into_iter().chain(more))
/// }
/// ```
///
/// The variables that `cargo run` adds to the environment of an `xtask` do not reach the `cargo build` that is started here.
///
/// It watches for SIGINT, SIGTERM and SIGHUP from then on. While it waits for something that may never
/// come and there is nothing to clean up, such a signal ends the process.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString>>) -> ExitCode {
    let mut args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    // cargo passes the name of the subcommand as the first argument.
    if args.get(1).is_some_and(|arg| arg == "airflow-bundle") {
        args.remove(1);
    }
    // Read once for all that asks for a part of it, and before the arguments are parsed: it says how errors in them are shown.
    let config = CargoConfig::load(values(&args, "--config"));
    let term = Term::of(&config);
    let color = color_choice(&args, term);
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
            let error = cli::with_tip(error);
            // A terminal that is gone is no reason to fail.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            });
        }
    };
    let mut shell = Shell::new(color, verbosity(cli.common.into(), term));
    let result = interrupt::install()
        .map_err(anyhow::Error::from)
        .and_then(|()| commands::run(cli, &config, &mut shell));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            shell.error(&error);
            ExitCode::from(commands::exit_code::of(&error))
        }
    }
}

/// The values of a flag, before the arguments are parsed.
fn values<'a>(args: &'a [OsString], flag: &str) -> Vec<&'a str> {
    let mut words = args
        .iter()
        .filter_map(|arg| arg.to_str())
        .take_while(|arg| *arg != "--");
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        match word.strip_prefix(flag) {
            Some("") => found.extend(words.next()),
            Some(rest) => found.extend(rest.strip_prefix('=')),
            None => {}
        }
    }
    found
}

/// `--color` before cargo's configuration before what the terminal and `NO_COLOR` say.
fn color_choice(args: &[OsString], term: Term) -> ColorChoice {
    let by_flag = values(args, "--color").pop();
    let when = |word: &str| ColorWhen::from_str(word, false).ok();
    match by_flag.map_or(term.color, when) {
        Some(ColorWhen::Always) => ColorChoice::Always,
        Some(ColorWhen::Never) => ColorChoice::Never,
        Some(ColorWhen::Auto) | None => ColorChoice::Auto,
    }
}

/// `-q` and `-v` before cargo's configuration.
fn verbosity(common: cargo::options::Common, term: Term) -> Verbosity {
    if common.quiet {
        Verbosity::Quiet
    } else if common.verbose > 0 || term.verbose == Some(true) {
        Verbosity::Verbose
    } else if term.quiet == Some(true) {
        Verbosity::Quiet
    } else {
        Verbosity::Normal
    }
}
