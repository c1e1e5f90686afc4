//! What developers and CI run: `cargo xtask NAME`.

mod ci;
mod deny;
mod fuzz;
mod groups;
mod packages;
mod process;
mod readme;
mod schema;
mod tools;
mod typecheck;

use std::env;
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// A task of `cargo xtask`.
struct Task {
    name: &'static str,
    /// What it does, for the list of all tasks.
    help: &'static str,
    /// Gets the arguments behind the name.
    run: fn(&[String]) -> Result<()>,
}

/// All tasks, in the order of the list.
const TASKS: &[Task] = &[
    Task {
        name: "quick",
        help: "the tests that need Rust alone and are soon done: run these while you work",
        run: groups::quick,
    },
    Task {
        name: "lints",
        help: "rustfmt, and clippy on all that is compiled",
        run: groups::lints,
    },
    Task {
        name: "test",
        help: "the README's test command: all tests that need Rust and Python alone",
        run: groups::test,
    },
    Task {
        name: "linkers",
        help: "the link section under each linker; `--all` builds every profile with every linker",
        run: groups::linkers,
    },
    Task {
        name: "live",
        help: "bundles under a whole Airflow 3.3, and 3.4: run nothing beside it",
        run: groups::live,
    },
    Task {
        name: "foreign",
        help: "executables for other systems, made and changed by real tools",
        run: groups::foreign,
    },
    Task {
        name: "under-fire",
        help: "kills, full disks, failing system calls; as root",
        run: groups::under_fire,
    },
    Task {
        name: "mutants",
        help: "[COUNT [SEED]]: `verify` and Airflow agree on 100 000 damaged bundles",
        run: groups::mutants,
    },
    Task {
        name: "cron",
        help: "[COUNT [SEED]]: Rust and croniter read 100 000 cron expressions alike; no part of `ci`, where `test` reads 2 500",
        run: groups::cron,
    },
    Task {
        name: "fuzz",
        help: "[--dev] [SECONDS [TARGET...]]: each fuzz target for twenty seconds",
        run: fuzz::run,
    },
    Task {
        name: "fuzz-build",
        help: "[--dev]: builds the fuzz targets, and runs none",
        run: fuzz::build,
    },
    Task {
        name: "readme",
        help: "every command of README.md and of the documents for operators",
        run: readme::run,
    },
    Task {
        name: "docs",
        help: "the documentation builds without a warning",
        run: groups::docs,
    },
    Task {
        name: "deny",
        help: "licenses, sources and bans of the dependencies",
        run: deny::run,
    },
    Task {
        name: "typecheck",
        help: "the workspace compiles for macOS and Windows",
        run: typecheck::run,
    },
    Task {
        name: "benches",
        help: "the benchmarks still run: small, not judged",
        run: groups::benches,
    },
    Task {
        name: "package",
        help: "the packages build from what they hold",
        run: groups::package,
    },
    Task {
        name: "schema",
        help: "[SITE-PACKAGES...]: extract what a message may hold from the released Airflows; no part of `ci`",
        run: schema::run,
    },
    Task {
        name: "ci",
        help: "[--no-fail-fast]: all of these but `cron` and `schema`, with the seconds of each at the end: what .ci/run runs",
        run: ci::run,
    },
];

#[expect(clippy::print_stderr, reason = "the status of a tool for developers")]
fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let task = args
        .first()
        .and_then(|name| find(name))
        .with_context(list)?;
    packages::must_be_there(&[task.name])?;
    (task.run)(args.get(1..).unwrap_or_default())
}

fn find(name: &str) -> Option<&'static Task> {
    TASKS.iter().find(|task| task.name == name)
}

fn list() -> String {
    let mut text = "cargo xtask takes the name of a task:".to_owned();
    for task in TASKS {
        let _ = write!(text, "\n  {:11} {}", task.name, task.help);
    }
    text
}
