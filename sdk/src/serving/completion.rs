//! How a handler has ended, and what that means for Airflow.

use std::time::Duration;

use airflow_protocol::terminal::{FinalState, Terminal};
use serde_json::Value;

use crate::ending::error::Error;
use crate::ending::error_chain;
use crate::ending::outcome::End;
use crate::logging::exception::of_error;
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::task::Task;

/// How a handler ended, in plain data: the handler's thread has read the user's error, and dropped it.
pub(crate) enum Completion {
    Returned,
    Failed(Failure),
    Chosen(Chosen),
    Panicked(String),
}

/// An error of the handler.
pub(crate) struct Failure {
    /// The messages of its chain.
    pub(crate) reason: String,
    /// Its structured form for the log.
    pub(crate) detail: Value,
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

/// The completion of a handler that has returned this error; `end` is the outcome in the error.
pub(crate) fn completion(end: Option<&End>, failure: Failure) -> Completion {
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
    pub(crate) fn read(error: &Error, task: &Task) -> Self {
        let links = error.links();
        Self {
            reason: error_chain::join(links.iter().map(|link| link.message.as_str())),
            detail: of_error(error, &links, task.task_id()),
        }
    }
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
        Completion::Panicked(message) => panicked(message),
    };
    Ending::Stopped(format!("{signal}: {how}"))
}

/// The ending of a handler that did not stop in time.
pub(crate) fn abandoned(signal: &str) -> Ending {
    Ending::Stopped(format!("{signal}: the task did not stop in time"))
}

impl Ending {
    /// What to log, and how the task ends for Airflow.
    pub(crate) fn report(self, task: &Task) -> (Option<Record>, Terminal) {
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
            Self::Chosen(Chosen::Retry(failure, delay)) => retried(task, failure, delay),
            Self::Chosen(Chosen::Fail(failure)) => {
                let text = format!("Task failed, not to be retried: {}", failure.reason);
                let record =
                    Record::new(Level::Error, "airflow_sdk", text).exception(failure.detail);
                (Some(record), Terminal::State(FinalState::Failed))
            }
            Self::Chosen(Chosen::Other { reason, terminal }) => {
                let record = Record::new(Level::Info, "airflow_sdk", reason);
                (Some(record), terminal)
            }
            Self::Panic(text) => {
                let reason = panicked(&text);
                (
                    Some(failed(task, &reason)),
                    retry_or_failed(task, &reason, None),
                )
            }
            Self::Stopped(reason) => (
                Some(failed(task, &reason)),
                retry_or_failed(task, &reason, None),
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
                let record = Record::new(Level::Error, "airflow_sdk", reason);
                (Some(record), Terminal::State(FinalState::Failed))
            }
        }
    }
}

/// A failure that is retried if allowed.
fn retried(task: &Task, failure: Failure, delay: Option<Duration>) -> (Option<Record>, Terminal) {
    let Failure { reason, detail } = failure;
    (
        Some(failed(task, &reason).exception(detail)),
        retry_or_failed(task, &reason, delay),
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

/// The reason of a retry after a panic.
fn panicked(message: &str) -> String {
    format!("the task panicked: {message}")
}
