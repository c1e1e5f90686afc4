//! Whether an executable is tried before its bundle is written, and what is said where it is not.

use std::time::Duration;

use super::Ready;
use super::ask::{self, Source};
use crate::cargo::outer;
use crate::cli::{Introspect, PackArgs};
use crate::executable::Caution;
use crate::introspect::{self, Asked, TrialError};
use crate::shell::Shell;

/// Starts the executable once as Airflow does, if it is for this machine and has the SDK. Returns whether it was started.
///
/// Programs without the SDK are left alone: Airflow 3.3 asks nobody `DagFileParseRequest`, and who keeps to that release need
/// not know it. So is what cargo has a runner for: its sockets may not reach us, and Airflow knows no runner.
pub fn run(ready: &Ready, args: &PackArgs, shell: &mut Shell) -> anyhow::Result<bool> {
    let job = &ready.job;
    let with_sdk = || {
        let origin = job.origin.as_ref();
        origin.is_some_and(|origin| origin.reaches_sdk)
    };
    if ready.learned.source == Source::File
        || !ready.examined.runs_here()
        || !(ready.learned.has_section || with_sdk())
    {
        return Ok(false);
    }
    let untried = |shell: &mut Shell, why: &str| {
        shell.note(format!(
            "`{}` was not tried ({why}): whether its `main` gets as far as `serve()` when Airflow starts it was not checked",
            job.executable.display()
        ));
        Ok(false)
    };
    if args.introspect == Introspect::Section {
        return untried(shell, "`--introspect section` runs nothing");
    }
    let cautions = ready.examined.cautions(&[]);
    if cautions
        .iter()
        .any(|caution| matches!(caution, Caution::SharedRust { .. }))
    {
        return untried(
            shell,
            "whether Rust's shared libraries are found here says nothing of a worker",
        );
    }
    match ask::runner_for(job, &ready.examined, args) {
        Ok(None) => {}
        Ok(Some(_)) => return untried(shell, "cargo has a runner for it, and Airflow has none"),
        Err(error) => return untried(shell, &format!("{error:#}")),
    }
    let path = std::path::absolute(&job.executable)?;
    shell.verbose(
        "Trying",
        format!("`{} --comm=ADDRESS --logs=ADDRESS`", path.display()),
    );
    // A worker has nothing of what an outer `cargo run` sets for the programs that it runs.
    let asked = Asked::directly(path).with_environment(outer::undone());
    let limit = Duration::from_secs(args.introspect_timeout);
    match introspect::try_out(&asked, limit) {
        Ok(()) => Ok(true),
        Err(TrialError::Interrupted(interrupted)) => Err(interrupted.into()),
        Err(TrialError::Start(error)) if introspect::is_foreign(&error) => {
            untried(shell, &format!("it does not start here: {error}"))
        }
        Err(error) => {
            let way_out = if ready.learned.has_section {
                "`--introspect section` packs it without a trial"
            } else {
                "`--airflow-metadata FILE` packs it without a trial, with the manifest that \
                 `--airflow-metadata` has it print"
            };
            Err(anyhow::Error::from(error).context(format!(
                "`{}` failed its trial, and was not packed: Airflow starts it just so (`--comm=ADDRESS --logs=ADDRESS`); \
                 {way_out}",
                job.executable.display()
            )))
        }
    }
}
