//! Running a handler, and what its end means for Airflow.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::client_error::{ClientError, ClientErrorKind};
use crate::context::Task;
use crate::error::{Error, chain_text};
use crate::handler::BoxHandler;
use crate::logging::exception::{of_error, of_inner};
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::outcome::{self, End, Outcome};
use crate::panic;

/// How a handler ended.
pub(crate) enum Completion {
    Returned,
    Failed(Error),
    Panicked(String),
}

/// What to report to Airflow, and what to say about it in the log.
pub(crate) enum Ending {
    Success,
    /// Failed: retried if allowed.
    Failure(Error),
    /// As `Failure`; the panic hook has logged it.
    Panic(String),
    /// An end that the handler has chosen.
    Chosen(Error),
    /// The handler was told to stop.
    Stopped(String),
    /// Failed for good, before any handler ran.
    Refused(String),
}

/// The handler of the task, or the ending of one that this bundle does not serve.
pub(crate) fn find(bundle: &Bundle, task: &Task) -> Result<Arc<BoxHandler>, Ending> {
    let problems = bundle.problems();
    if !problems.is_empty() {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(Ending::Refused(format!(
            "this bundle can't be served: {}",
            problems.join("; ")
        )));
    }
    if let Some(handler) = bundle.handler(task.dag_id(), task.task_id()) {
        return Ok(handler);
    }
    let mut text = format!(
        "this bundle does not serve the task {:?} of dag {:?}; it serves ",
        task.task_id(),
        task.dag_id()
    );
    for (index, (dag, tasks)) in bundle.tasks().enumerate() {
        // Writing to a string has no way to fail.
        let _ = write!(
            text,
            "{}{dag}: {}",
            if index > 0 { "; " } else { "" },
            tasks.join(", ")
        );
    }
    Err(Ending::Refused(text))
}

/// Runs the handler on the current thread, with all that belongs to it: stale XComs are deleted before, the return value is
/// pushed after.
pub(crate) fn run(handler: &BoxHandler, task: &Task) -> Completion {
    let result = catch_unwind(AssertUnwindSafe(|| {
        clear_stale_xcoms(task)?;
        let returned = handler(task)?;
        task.push_returned(returned)
            .map_err(|error| Error::new(error).context("the return value could not be pushed"))
    }));
    match result {
        Ok(Ok(())) => Completion::Returned,
        Ok(Err(error)) => match prepare_question(&error, task) {
            Ok(()) => Completion::Failed(error),
            Err(error) => {
                Completion::Failed(Error::new(error).context("the question could not be asked"))
            }
        },
        Err(payload) => Completion::Panicked(panic::text(&*payload).to_owned()),
    }
}

/// Deletes what an earlier try has left, as the Python runner does: else a failed retry would leave stale values.
fn clear_stale_xcoms(task: &Task) -> Result<(), Error> {
    let keys = task
        .details()
        .ti_context
        .xcom_keys_to_clear
        .iter()
        .flatten();
    for key in keys {
        match task.own_xcom(key).delete() {
            // Another XCom would be deleted in its place.
            Err(error) if error.kind() == ClientErrorKind::Name => {
                log::warn!("the stale XCom {key:?} of an earlier try stays: {error}");
            }
            result => result.map_err(|error| {
                Error::new(error).context(format!("the stale XCom {key:?} could not be deleted"))
            })?,
        }
    }
    Ok(())
}

/// A task that waits for a person needs its question in place before it is parked.
fn prepare_question(error: &Error, task: &Task) -> Result<(), ClientError> {
    let Some(outcome) = error.downcast_ref::<Outcome>() else {
        return Ok(());
    };
    let End::AwaitInput(input) = &*outcome.0 else {
        return Ok(());
    };
    task.tell(&input.detail(task.id()))
}

/// The ending of a handler that was left alone.
pub(crate) fn ending(completion: Completion) -> Ending {
    match completion {
        Completion::Returned => Ending::Success,
        Completion::Panicked(message) => Ending::Panic(message),
        Completion::Failed(error) if error.downcast_ref::<Outcome>().is_some() => {
            Ending::Chosen(error)
        }
        Completion::Failed(error) => Ending::Failure(error),
    }
}

/// The ending of a handler that stopped, in time, because it was told to.
pub(crate) fn stopped(completion: &Completion, signal: &str) -> Ending {
    let how = match completion {
        Completion::Returned => "the task finished after it was told to stop".to_owned(),
        Completion::Failed(error) => format!("the task stopped: {error:#}"),
        Completion::Panicked(message) => panic::reason(message),
    };
    Ending::Stopped(format!("{signal}: {how}"))
}

/// The ending of a handler that did not stop in time.
pub(crate) fn abandoned(signal: &str) -> Ending {
    Ending::Stopped(format!("{signal}: the task did not stop in time"))
}

impl Ending {
    /// What to log, and the terminal message.
    pub(crate) fn report(&self, task: &Task) -> (Option<Record>, Value) {
        match self {
            Self::Success => (None, outcome::succeed(&task.extras())),
            Self::Failure(error) => Self::fail(task, error),
            Self::Panic(text) => {
                let reason = panic::reason(text);
                (
                    Some(failure(task, &reason, None)),
                    fail_or_retry(task, &reason, None),
                )
            }
            Self::Stopped(reason) => (
                Some(failure(task, reason, None)),
                fail_or_retry(task, reason, None),
            ),
            Self::Refused(reason) => {
                let record = Record::new(Level::Error, "airflow_sdk", reason.as_str());
                (Some(record), outcome::task_state("failed"))
            }
            Self::Chosen(error) => match error.downcast_ref::<Outcome>() {
                Some(outcome) => outcome.report(task, error),
                None => Self::fail(task, error),
            },
        }
    }
}

impl Ending {
    fn fail(task: &Task, error: &Error) -> (Option<Record>, Value) {
        let reason = format!("{error:#}");
        (
            Some(failure(task, &reason, Some(error))),
            fail_or_retry(task, &reason, None),
        )
    }
}

impl Outcome {
    fn report(&self, task: &Task, error: &Error) -> (Option<Record>, Value) {
        let say = |text: String| Some(Record::new(Level::Info, "airflow_sdk", text));
        match &*self.0 {
            End::Skip { .. } => (say(self.to_string()), outcome::task_state("skipped")),
            End::Fail { error: cause } => {
                let text = format!("Task failed, not to be retried: {}", chain_text(&**cause));
                let record = Record::new(Level::Error, "airflow_sdk", text).exception(of_inner(
                    error,
                    &**cause,
                    task.task_id(),
                ));
                (Some(record), outcome::task_state("failed"))
            }
            End::Retry {
                error: cause,
                delay,
            } => {
                let reason = chain_text(&**cause);
                let record = failure(task, &reason, None).exception(of_inner(
                    error,
                    &**cause,
                    task.task_id(),
                ));
                (Some(record), fail_or_retry(task, &reason, *delay))
            }
            End::Reschedule { at } => (say(self.to_string()), outcome::reschedule(*at)),
            End::Defer(defer) => (say(self.to_string()), outcome::defer(defer)),
            End::AwaitInput(input) => (say(self.to_string()), input.park()),
        }
    }
}

fn failure(task: &Task, reason: &str, error: Option<&Error>) -> Record {
    let next = if task.has_tries_left() {
        "it is up for retry"
    } else {
        "it has no tries left"
    };
    let record = Record::new(
        Level::Error,
        "airflow_sdk",
        format!("Task failed, {next}: {reason}"),
    );
    match error {
        Some(error) => record.exception(of_error(error, task.task_id())),
        None => record,
    }
}

fn fail_or_retry(task: &Task, reason: &str, delay: Option<Duration>) -> Value {
    if task.has_tries_left() {
        outcome::retry(reason, delay)
    } else {
        outcome::task_state("failed")
    }
}
