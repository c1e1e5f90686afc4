//! Tasks that are stopped from outside. The second try is told nothing and succeeds.

use std::time::Duration;

use airflow_sdk::{ClientErrorKind, Result, Task};

/// Runs until it is told to stop.
pub fn until_stopped(task: &Task) -> Result<()> {
    run(task, Duration::from_secs(240))
}

/// Runs for a while.
pub fn a_while(task: &Task) -> Result<()> {
    run(task, Duration::from_secs(15))
}

/// Limits its own time, and leaves a note at its run where Airflow takes one.
pub fn timed_out(task: &Task) -> Result<()> {
    if task.try_number() == 1 {
        match task.update_dag_run_note(Some("timed_out has a limit")) {
            Err(error) if error.kind() == ClientErrorKind::Unsupported => log::info!("{error}"),
            other => other?,
        }
        task.set_execution_timeout(Duration::from_secs(2))?;
    }
    run(task, Duration::from_secs(240))
}

fn run(task: &Task, time: Duration) -> Result<()> {
    if task.try_number() == 1 {
        log::info!(pid = std::process::id(); "{} is running", task.task_id());
        task.cancellation().sleep(time)?;
    }
    Ok(())
}
