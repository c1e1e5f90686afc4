//! Running a handler, and what its end means for Airflow.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use airflow_protocol::terminal::{FinalState, Terminal};
use serde_json::Value;

use crate::bundle::Bundle;
use crate::client_error::ClientErrorKind;
use crate::context::Task;
use crate::error::Error;
use crate::error_chain::{self, UNWRITABLE};
use crate::handler::BoxHandler;
use crate::logging::exception::of_error;
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::outcome::End;
use crate::render::{self, MAX_MESSAGE};
use crate::{last_words, panic};

/// How a handler ended, in plain data: the handler's thread has read, and dropped, what was the user's.
pub(crate) enum Completion {
    Returned,
    Failed(Failure),
    Chosen(Chosen),
    Panicked(String),
}

/// An error of the handler's.
pub(crate) struct Failure {
    /// The messages of its chain.
    reason: String,
    /// Its structured form for the log.
    detail: Value,
}

/// An end that the handler has chosen.
pub(crate) enum Chosen {
    /// Never retried.
    Fail(Failure),
    /// Retried if allowed, after a delay of its own.
    Retry(Failure, Option<Duration>),
    /// Skipped, rescheduled, deferred, or waiting for a person.
    Other { reason: String, terminal: Terminal },
}

/// What to report to Airflow, and what to say about it in the log.
pub(crate) enum Ending {
    Success,
    /// Failed: retried if allowed.
    Failure(Failure),
    /// As `Failure`; the panic hook has logged it.
    Panic(String),
    /// An end that the handler has chosen.
    Chosen(Chosen),
    /// The handler was told to stop.
    Stopped(String),
    /// Failed: the task has called `exit`.
    SelfEnded,
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
        Ok(Ok(())) => {
            last_words::decide(|| Completion::Returned);
            Completion::Returned
        }
        Ok(Err(error)) => read(error, task),
        Err(payload) => {
            let message = render::cut(panic::text(&*payload), MAX_MESSAGE);
            render::discard(payload);
            Completion::Panicked(message)
        }
    }
}

/// Reads all that has to be known of a handler's error, and drops it: here, on the handler's thread, since its `Display`, its `source`
/// and its `Drop` are the user's code.
fn read(error: Error, task: &Task) -> Completion {
    let end = error.outcome().map(|outcome| &*outcome.0);
    if let Some(End::AwaitInput(input)) = end
        && let Err(refused) = task.tell(&input.detail(task.id()))
    {
        render::discard(error);
        let refused = Error::new(refused).context("the question could not be asked");
        return Completion::Failed(Failure::read(&refused, task));
    }
    // Where panics abort the process, one in the lines below must not change the outcome.
    let decide = |reason: &str| {
        let failure = Failure {
            reason: reason.to_owned(),
            detail: Value::Null,
        };
        last_words::decide(|| completion(end, failure));
    };
    decide(UNWRITABLE);
    let failure = Failure::read(&error, task);
    decide(&failure.reason);
    let completion = completion(end, failure);
    render::discard(error);
    completion
}

/// What an error means, by the outcome in it.
fn completion(end: Option<&End>, failure: Failure) -> Completion {
    let reason = failure.reason.clone();
    let terminal = match end {
        None => return Completion::Failed(failure),
        Some(End::Fail { .. }) => return Completion::Chosen(Chosen::Fail(failure)),
        Some(End::Retry { delay, .. }) => {
            return Completion::Chosen(Chosen::Retry(failure, *delay));
        }
        Some(End::Skip { .. }) => Terminal::State(FinalState::Skipped),
        Some(End::Reschedule { at }) => Terminal::Reschedule(*at),
        Some(End::Defer(defer)) => Terminal::Defer(Box::new(defer.0.clone())),
        // The question is in place already.
        Some(End::AwaitInput(input)) => Terminal::AwaitInput(Box::new(input.wait())),
    };
    Completion::Chosen(Chosen::Other { reason, terminal })
}

impl Failure {
    fn read(error: &Error, task: &Task) -> Self {
        let links = error.links();
        Self {
            reason: error_chain::join(links.iter().map(|link| link.message.as_str())),
            detail: of_error(error, &links, task.task_id()),
        }
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

/// The ending of a handler that was left alone.
pub(crate) fn ending(completion: Completion) -> Ending {
    match completion {
        Completion::Returned => Ending::Success,
        Completion::Panicked(message) => Ending::Panic(message),
        Completion::Failed(failure) => Ending::Failure(failure),
        Completion::Chosen(chosen) => Ending::Chosen(chosen),
    }
}

/// The ending of a handler that stopped, in time, because it was told to.
pub(crate) fn stopped(completion: &Completion, signal: &str) -> Ending {
    let how = match completion {
        Completion::Returned => "the task finished after it was told to stop".to_owned(),
        Completion::Failed(failure)
        | Completion::Chosen(Chosen::Fail(failure) | Chosen::Retry(failure, _)) => {
            format!("the task stopped: {}", failure.reason)
        }
        Completion::Chosen(Chosen::Other { reason, .. }) => format!("the task stopped: {reason}"),
        Completion::Panicked(message) => panic::reason(message),
    };
    Ending::Stopped(format!("{signal}: {how}"))
}

/// The ending of a handler that did not stop in time.
pub(crate) fn abandoned(signal: &str) -> Ending {
    Ending::Stopped(format!("{signal}: the task did not stop in time"))
}

impl Ending {
    /// What to log, and how the task ends for Airflow.
    pub(crate) fn report(&self, task: &Task) -> (Option<Record>, Terminal) {
        match self {
            Self::Success => {
                let extras = task.extras();
                let terminal = Terminal::Succeed {
                    outlets: extras.outlets.clone(),
                    events: extras.events.clone(),
                };
                (None, terminal)
            }
            Self::Failure(failure) => retried(task, failure, None),
            Self::Chosen(Chosen::Retry(failure, delay)) => retried(task, failure, *delay),
            Self::Chosen(Chosen::Fail(failure)) => {
                let text = format!("Task failed, not to be retried: {}", failure.reason);
                let record = Record::new(Level::Error, "airflow_sdk", text)
                    .exception(failure.detail.clone());
                (Some(record), Terminal::State(FinalState::Failed))
            }
            Self::Chosen(Chosen::Other { reason, terminal }) => {
                let record = Record::new(Level::Info, "airflow_sdk", reason.as_str());
                (Some(record), terminal.clone())
            }
            Self::Panic(text) => {
                let reason = panic::reason(text);
                (
                    Some(failed(task, &reason)),
                    retry_or_failed(task, &reason, None),
                )
            }
            Self::Stopped(reason) => (
                Some(failed(task, reason)),
                retry_or_failed(task, reason, None),
            ),
            Self::SelfEnded => {
                let reason = "the task ended the process itself, by std::process::exit or an exit function of a library; a handler \
                              ends by returning";
                (
                    Some(failed(task, reason)),
                    retry_or_failed(task, reason, None),
                )
            }
            Self::Refused(reason) => {
                let record = Record::new(Level::Error, "airflow_sdk", reason.as_str());
                (Some(record), Terminal::State(FinalState::Failed))
            }
        }
    }
}

/// A failure that is retried if allowed.
fn retried(task: &Task, failure: &Failure, delay: Option<Duration>) -> (Option<Record>, Terminal) {
    (
        Some(failed(task, &failure.reason).exception(failure.detail.clone())),
        retry_or_failed(task, &failure.reason, delay),
    )
}

fn failed(task: &Task, reason: &str) -> Record {
    let next = if task.has_tries_left() {
        "it is up for retry"
    } else {
        "it has no tries left"
    };
    Record::new(
        Level::Error,
        "airflow_sdk",
        format!("Task failed, {next}: {reason}"),
    )
}

fn retry_or_failed(task: &Task, reason: &str, delay: Option<Duration>) -> Terminal {
    Terminal::retry_or_failed(task.has_tries_left(), reason, delay)
}
