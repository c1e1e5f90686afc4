//! How a handler has ended, and what that means for Airflow.

use std::time::Duration;

use airflow_protocol::terminal::Terminal;
use serde_json::Value;

use crate::ending::chosen::End;
use crate::ending::error::Error;
use crate::ending::error_chain;
use crate::logging::exception::of_error;
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::serving::event::Why;
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
        Some(End::Skip { .. }) => Terminal::skipped(),
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
pub(crate) fn stopped(completion: &Completion, why: Why) -> Ending {
    let how = match completion {
        Completion::Returned => "the task finished after it was told to stop".to_owned(),
        Completion::Failed(failure)
        | Completion::Chosen(Chosen::Fail(failure) | Chosen::Retry(failure, _)) => {
            format!("the task stopped: {}", failure.reason)
        }
        Completion::Chosen(Chosen::Other { reason, .. }) => format!("the task stopped: {reason}"),
        Completion::Panicked(message) => panicked(message),
    };
    Ending::Stopped(format!("{why}: {how}"))
}

/// The ending of a handler that did not stop in time.
pub(crate) fn abandoned(why: Why) -> Ending {
    Ending::Stopped(format!("{why}: the task did not stop in time"))
}

/// In which state Airflow has the task when its outcome is about to be reported.
pub(crate) enum Standing {
    /// Running, or nothing gives reason to doubt it.
    Running,
    /// The task was told to stop, and Airflow has not said why.
    Unknown,
    /// Airflow has decided, as this sentence says.
    Decided(String),
}

impl Ending {
    /// Whether the try has failed, by itself or because it was told to stop.
    pub(crate) fn fails(&self) -> bool {
        match self {
            Self::Success | Self::Refused(_) | Self::Chosen(Chosen::Other { .. }) => false,
            Self::Failure(_)
            | Self::Panic(_)
            | Self::Chosen(Chosen::Fail(_) | Chosen::Retry(..))
            | Self::Stopped(_)
            | Self::SelfEnded => true,
        }
    }

    /// What to log, and how the task ends for Airflow.
    pub(crate) fn report(self, task: &Task, standing: &Standing) -> (Option<Record>, Terminal) {
        let (said, terminal) = self.read(task);
        let Some(Said {
            level,
            reason,
            detail,
            lead,
        }) = said.or_else(|| standing.is_decided().then(Said::success))
        else {
            return (None, terminal);
        };
        let (level, text) = match (standing, lead) {
            (Standing::Decided(decision), _) => (
                Level::Info,
                format!("{decision}: the outcome of this try counts no more: {reason}"),
            ),
            (_, Lead::None) => (level, reason),
            (_, Lead::Final) => (level, format!("Task failed, not to be retried: {reason}")),
            (Standing::Running, Lead::Failed) if task.has_tries_left() => {
                (level, format!("Task failed, it is up for retry: {reason}"))
            }
            (Standing::Running, Lead::Failed) => (
                level,
                format!("Task failed, it has no tries left: {reason}"),
            ),
            (Standing::Unknown, Lead::Failed) if task.has_tries_left() => (
                Level::Warning,
                format!("Task stopped, Airflow is asked for a retry: {reason}"),
            ),
            (Standing::Unknown, Lead::Failed) => (
                Level::Warning,
                format!("Task stopped, and has no tries left: {reason}"),
            ),
        };
        let record = Record::new(level, "airflow_sdk", text);
        let record = match detail {
            Some(detail) => record.exception(detail),
            None => record,
        };
        (Some(record), terminal)
    }

    /// What is to be said of it, and how the task ends for Airflow.
    fn read(self, task: &Task) -> (Option<Said>, Terminal) {
        let failed = |reason: String, delay| {
            let terminal = Terminal::retry_or_failed(task.has_tries_left(), &reason, delay);
            (Some(Said::failed(reason)), terminal)
        };
        let failure = |Failure { reason, detail }, delay| {
            let terminal = Terminal::retry_or_failed(task.has_tries_left(), &reason, delay);
            (Some(Said::failed(reason).because(detail)), terminal)
        };
        match self {
            Self::Success => {
                let extras = task.extras();
                let terminal = Terminal::Succeed {
                    outlets: extras.outlets.clone(),
                    events: extras.events.clone(),
                };
                (None, terminal)
            }
            Self::Failure(error) => failure(error, None),
            Self::Chosen(Chosen::Retry(error, delay)) => failure(error, delay),
            Self::Chosen(Chosen::Fail(Failure { reason, detail })) => {
                let terminal = Terminal::failed(&reason);
                let said = Said {
                    lead: Lead::Final,
                    ..Said::failed(reason).because(detail)
                };
                (Some(said), terminal)
            }
            Self::Chosen(Chosen::Other { reason, terminal }) => {
                let said = Said {
                    level: Level::Info,
                    lead: Lead::None,
                    ..Said::failed(reason)
                };
                (Some(said), terminal)
            }
            Self::Panic(text) => failed(panicked(&text), None),
            Self::Stopped(reason) => failed(reason, None),
            Self::SelfEnded => failed(
                "the task ended the process itself, by std::process::exit or an exit function of a library; a handler ends by \
                 returning"
                    .to_owned(),
                None,
            ),
            Self::Refused(reason) => {
                let terminal = Terminal::failed(&reason);
                let said = Said {
                    lead: Lead::None,
                    ..Said::failed(reason)
                };
                (Some(said), terminal)
            }
        }
    }
}

impl Standing {
    pub(crate) fn is_decided(&self) -> bool {
        matches!(self, Self::Decided(_))
    }
}

/// What the log says of an ending.
struct Said {
    level: Level,
    lead: Lead,
    reason: String,
    /// The structured form of the error.
    detail: Option<Value>,
}

/// What stands before the reason.
enum Lead {
    None,
    /// The try has failed.
    Failed,
    /// The task has failed for good.
    Final,
}

impl Said {
    fn failed(reason: String) -> Self {
        Self {
            level: Level::Error,
            lead: Lead::Failed,
            reason,
            detail: None,
        }
    }

    fn success() -> Self {
        Self::failed("the task succeeded".to_owned())
    }

    fn because(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// The reason of a retry after a panic.
fn panicked(message: &str) -> String {
    format!("the task panicked: {message}")
}
