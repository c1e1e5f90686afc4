//! The trial of an executable before its bundle is written, and the note where it is not tried.

use airflow_protocol::command_line::ARGUMENTS;

use super::Ready;
use super::learn_manifest::{ManifestFrom, runner_for};
use crate::cargo::config::CargoConfig;
use crate::cargo::outer;
use crate::cli::Introspect;
use crate::executable::Caution;
use crate::introspect::{self, Asked, TrialError};
use crate::plan::Introspection;
use crate::shell::Shell;

/// Starts the executable once as Airflow does, if it is for this machine and has the SDK. Returns whether it was started.
///
/// A program without the SDK is not tried: Airflow 3.3 sends no `DagFileParseRequest`, and a program that keeps to that release
/// need not know the message. Nor is an executable that cargo has a runner for: its sockets may not reach this process, and
/// Airflow knows no runner.
pub fn run(
    ready: &Ready<'_>,
    introspection: &Introspection,
    config: &CargoConfig,
    shell: &mut Shell,
) -> anyhow::Result<bool> {
    let program = &ready.program;
    let examined = ready.prepared.examined();
    let with_sdk = || {
        let by_cargo = program.by_cargo.as_ref();
        by_cargo.is_some_and(|by_cargo| by_cargo.planned.reaches_sdk)
    };
    if ready.manifest_from == ManifestFrom::File
        || !examined.runs_here()
        || !(ready.has_section || with_sdk())
    {
        return Ok(false);
    }
    let untried = |shell: &mut Shell, why: &str| {
        shell.note(format!(
            "`{}` was not tried ({why}): whether its `main` gets as far as `serve()` when Airflow starts it was not checked",
            program.path.display()
        ));
        Ok(false)
    };
    if introspection.how == Introspect::Section {
        return untried(shell, "`--introspect section` runs nothing");
    }
    let cautions = examined.cautions(&[]);
    if cautions
        .iter()
        .any(|caution| matches!(caution, Caution::SharedRust { .. }))
    {
        return untried(
            shell,
            "whether Rust's shared libraries are found here says nothing of a worker",
        );
    }
    match runner_for(program, examined, config) {
        Ok(None) => {}
        Ok(Some(_)) => return untried(shell, "cargo has a runner for it, and Airflow has none"),
        Err(error) => return untried(shell, &format!("{:#}", anyhow::Error::new(error))),
    }
    let path = std::path::absolute(&program.path)?;
    shell.verbose("Trying", format!("`{} {ARGUMENTS}`", path.display()));
    // A worker has nothing of what an outer `cargo run` sets for the programs that it runs.
    let asked = Asked::directly(path).with_environment(outer::undone());
    match introspect::try_out(&asked, introspection.limit) {
        Ok(()) => Ok(true),
        Err(TrialError::Interrupted(interrupted)) => Err(interrupted.into()),
        Err(TrialError::Start(error)) if introspect::is_foreign(&error) => {
            untried(shell, &format!("it does not start here: {error}"))
        }
        Err(error) => {
            let way_out = if ready.has_section {
                "`--introspect section` packs it without a trial"
            } else {
                "`--airflow-metadata FILE` packs it without a trial, with the manifest that \
                 `--airflow-metadata` has it print"
            };
            Err(anyhow::Error::from(error).context(format!(
                "`{}` failed its trial, and was not packed: Airflow starts it just so (`{ARGUMENTS}`); \
                 {way_out}",
                program.path.display()
            )))
        }
    }
}
