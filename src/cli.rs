//! The command line: types only, no effects.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::cargo::options::{CargoOptions, ColorWhen, Common};
use crate::executable::GlibcVersion;
use crate::exit;
use crate::release::Airflow;
use crate::settings::{AIRFLOW, BINS, BUILDER, OUT_DIR, SOURCE};
use crate::text;

/// cargo's own palette.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::BrightRed.on_default().effects(Effects::BOLD))
    .valid(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .invalid(AnsiColor::BrightYellow.on_default().effects(Effects::BOLD));

/// Pack a Rust program into an Apache Airflow executable bundle
#[derive(Debug, Parser)]
#[command(
    name = "cargo-airflow-bundle",
    bin_name = "cargo airflow-bundle",
    version,
    styles = STYLES,
    args_conflicts_with_subcommands = true,
    override_usage = "cargo airflow-bundle [OPTIONS] [-- <CARGO BUILD ARGUMENTS>]\n       \
                      cargo airflow-bundle <inspect|verify|unpack> [OPTIONS] ...",
    after_help = exit::help(),
    mut_arg("bin", |flag| flag.help(format!("Pack only the specified binary [env: `{}`]", BINS.variable)))
)]
pub struct Cli {
    /// Flags of all subcommands.
    #[command(flatten)]
    pub common: CommonArgs,
    /// The subcommand; packing has none.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags for packing.
    #[command(flatten)]
    pub pack: PackArgs,
}

/// Flags of all subcommands.
#[derive(Debug, Clone, Copy, Args)]
pub struct CommonArgs {
    /// Use verbose output (-vv very verbose)
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet", help_heading = "Common Options")]
    verbose: u8,
    /// Do not print status and notes
    #[arg(short, long, global = true, help_heading = "Common Options")]
    quiet: bool,
    /// Coloring
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        help_heading = "Common Options"
    )]
    color: Option<ColorWhen>,
}

impl From<CommonArgs> for Common {
    fn from(args: CommonArgs) -> Self {
        Self {
            verbose: args.verbose,
            quiet: args.quiet,
            color: args.color,
        }
    }
}

/// The subcommands apart from packing. None of them runs a bundle.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the manifest of a bundle, its source, or all that is known of it
    Inspect(InspectArgs),
    /// Say what Airflow's workers would do with bundles, and why
    Verify(VerifyArgs),
    /// Take a bundle apart: executable, source, manifest
    Unpack(UnpackArgs),
}

/// Flags for packing.
#[derive(Debug, Clone, Args)]
pub struct PackArgs {
    #[arg(
        long,
        value_name = "RELEASE",
        hide_possible_values = true,
        help = format!(
            "Pack for these releases of Airflow: `3.3`, `3.4` or `both` [env: `{}`] [default: as many as can be]",
            AIRFLOW.variable
        )
    )]
    pub airflow: Option<Airflow>,
    /// Write the bundle to this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub output: Option<PathBuf>,
    #[arg(long, value_name = "DIR", help = format!("Write bundles into this folder [env: `{}`]", OUT_DIR.variable))]
    pub out_dir: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FILE",
        help = format!("Embed this source file [env: `{}`] [default: the target's main file]", SOURCE.variable)
    )]
    pub source: Option<PathBuf>,
    /// Pack this executable, built elsewhere, instead of building one (needs --source)
    #[arg(long, value_name = "FILE")]
    pub executable: Option<PathBuf>,
    #[arg(
        long,
        value_name = "WORDS",
        help = format!(
            "Run `cargo WORDS` instead of `cargo build`, such as `zigbuild` or `auditable build` [env: `{}`]",
            BUILDER.variable
        ),
        allow_hyphen_values = true,
        conflicts_with = "executable"
    )]
    pub cargo_build: Option<String>,
    /// Take the manifest from this file instead of the executable
    #[arg(long, value_name = "FILE")]
    pub airflow_metadata: Option<PathBuf>,
    /// How the executable is asked for its manifest, and whether it is tried
    #[arg(
        long,
        value_name = "HOW",
        default_value = "auto",
        conflicts_with = "airflow_metadata"
    )]
    pub introspect: Introspect,
    /// How long the executable may take to print its manifest, or to answer in its trial
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub introspect_timeout: u64,
    /// Treat warnings as errors
    #[arg(short = 'D', long)]
    pub deny_warnings: bool,
    /// cargo's own flags.
    #[command(flatten)]
    pub cargo: CargoOptions,
    /// More arguments for `cargo build`
    #[arg(last = true, value_name = "CARGO BUILD ARGUMENTS")]
    pub extra: Vec<OsString>,
}

/// How an executable is asked for its manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Introspect {
    /// Read its link section; run it (by cargo's `runner`, if there is one) if it has none. Before a bundle is written, start
    /// an executable with the SDK that runs here once, as Airflow does.
    #[default]
    Auto,
    /// Read its link section, and run nothing: whether it serves is not checked.
    Section,
    /// Run it, by cargo's `runner` if there is one; then start it as with `auto`.
    Run,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Text for a person.
    #[default]
    Human,
    /// JSON lines.
    Json,
}

/// Flags of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print the source instead: all of it, or the file with this path in `sources`
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, conflicts_with = "message_format")]
    #[expect(
        clippy::option_option,
        reason = "clap's form of a flag with an optional value"
    )]
    pub source: Option<Option<String>>,
    /// Judge for these releases of Airflow
    #[arg(long, value_name = "RELEASE", default_value = "both")]
    pub airflow: Airflow,
    /// `human`: the manifest byte for byte; `json`: everything that is known
    #[arg(long, value_name = "FMT", default_value = "human")]
    pub message_format: ReportFormat,
}

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Bundles, and folders that are walked as a worker walks them
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Judge for these releases of Airflow
    #[arg(long, value_name = "RELEASE", default_value = "both")]
    pub airflow: Airflow,
    /// Fail if no usable bundle serves this dag, and name the one that does
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub dag_id: Vec<String>,
    /// Fail for a bundle that needs a newer GNU C library than this version, such as 2.28
    #[arg(long, value_name = "VERSION")]
    pub glibc: Option<GlibcVersion>,
    /// Treat warnings as errors, those about files that are passed over too
    #[arg(short = 'D', long)]
    pub deny_warnings: bool,
    /// Print instead, for a folder: the lines of `.airflowignore` that keep the Dag processor of Airflow 3.4 from starting bundles
    /// that only run tasks of Python Dags
    #[arg(long, conflicts_with_all = ["airflow", "dag_id", "glibc", "deny_warnings", "message_format"])]
    pub airflowignore: bool,
    /// `human`, or `json`: one line for each file
    #[arg(long, value_name = "FMT", default_value = "human")]
    pub message_format: ReportFormat,
}

/// Flags of `unpack`.
#[derive(Debug, Args)]
pub struct UnpackArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The folder to write to; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub out_dir: PathBuf,
    /// Replace files that are there already
    #[arg(long)]
    pub force: bool,
}

/// Adds a tip to an error about a word that is nearly a subcommand, or stands in a wrong place.
pub fn with_tip(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let names: Vec<_> = names.collect();
    let tip = match word.as_str() {
        "pack" | "build" | "bundle" => {
            "without a subcommand, `cargo airflow-bundle` builds and packs".to_owned()
        }
        word if names.contains(&word) => {
            format!("a subcommand stands first: `cargo airflow-bundle {word}`")
        }
        word => match text::nearest(word, &names) {
            Some(name) => format!("there is a subcommand `{name}`"),
            None => return error,
        },
    };
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![tip.into()]),
    );
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_argument_gets_a_tip() {
        let said = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            let error = Cli::try_parse_from(words).err().map(with_tip);
            error.map_or_else(String::new, |error| error.to_string())
        };
        assert!(said("x verfiy a").contains("there is a subcommand `verify`"));
        assert!(said("x unpak a").contains("there is a subcommand `unpack`"));
        assert!(
            said("x --release verify a").contains("stands first: `cargo airflow-bundle verify`")
        );
        assert!(said("x pack -r").contains("builds and packs"));
        let none = said("x something");
        assert!(
            none.contains("unexpected") && !none.contains("subcommand `"),
            "{none}"
        );
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn command_lines_are_accepted_or_refused() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        for line in [
            "x",
            "x -r -p a -p b --bin x --bin y",
            "x --release --target a --target b -- --timings --keep-going",
            "x --workspace --exclude a -vv --color never",
            "x -F a,b --features c --message-format json,json-diagnostic-short",
            "x --executable a --source b -o c",
            "x -j -1 -Z build-std --config a=1",
            "x --introspect section",
            "x --airflow both --executable a --source b",
            "x --airflow-metadata a",
            "x inspect f --source",
            "x inspect f --source=src/main.rs",
            "x verify a b --dag-id d --message-format json -q",
            "x verify a --glibc 2.28",
            "x verify a -D",
            "x verify a --airflow 3.3",
            "x verify a --airflow both",
            "x verify a --airflowignore",
            "x inspect f --airflow 3.4",
            "x unpack f --out-dir d --force",
        ] {
            assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
        }
        for line in [
            "x --relase",
            "x -r --profile dist",
            "x -o a --out-dir b",
            "x --exclude a",
            "x -v -q",
            "x --introspect-timeout 0",
            "x --introspect never",
            "x --airflow 3.5",
            "x --introspect auto --airflow-metadata a",
            "x --message-format xml",
            "x nonsense",
            "x inspect",
            "x inspect a b",
            "x verify",
            "x verify a --airflow 3",
            "x verify a --airflow 3.2",
            "x verify a --airflowignore --airflow 3.4",
            "x verify a --airflowignore --message-format json",
            "x verify a --glibc 2",
            "x verify a --glibc GLIBC_2.28",
            "x unpack f",
            "x -r inspect f",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
