//! What developers and CI run: `cargo xtask NAME`.

mod schema;

use std::env;
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
const TASKS: &[Task] = &[Task {
    name: "schema",
    help: "extract what a message may hold from the released Airflows: [SITE-PACKAGES...]",
    run: schema::run,
}];

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
        .and_then(|name| TASKS.iter().find(|task| task.name == name))
        .with_context(|| {
            let all = TASKS
                .iter()
                .map(|task| format!("\n  {:12} {}", task.name, task.help));
            format!(
                "cargo xtask takes the name of a task:{}",
                all.collect::<String>()
            )
        })?;
    (task.run)(args.get(1..).unwrap_or_default())
}
