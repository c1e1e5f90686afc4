//! The ends of a task other than a return value.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use airflow_protocol::terminal::Deferral;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Map;

use crate::client::error::ClientError;
use crate::ending::human_input::HumanInput;
use crate::ending::render::{self, MAX_MESSAGE};
use crate::value::encode;

/// An error of any kind, boxed, as the standard library has it.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// An end of the task that is not its return value. It is an error, so that `?` and `return Err(...)` carry it out:
///
/// ```
/// use std::time::Duration;
/// use airflow_sdk::{Outcome, Result, Task};
///
/// fn check(task: &Task) -> Result<()> {
///     if task.map_index() == Some(0) {
///         Err(Outcome::skip("the first one has nothing to do"))?;
///     }
///     let answer: u32 = "42".parse().map_err(Outcome::fail)?; // never retried
///     if answer < 42 {
///         return Err(Outcome::retry("not there yet").after(Duration::from_secs(30)).into());
///     }
///     Ok(())
/// }
/// ```
///
/// Any other error is a failure: the task is retried if it has tries left.
///
/// An outcome counts below other errors, too, as long as their [`source`](StdError::source) leads to it: under
/// [`Error::context`](crate::Error::context), anyhow's contexts, `#[from]` and `#[source]` of thiserror, and directly in a
/// [`std::io::Error`]. The outermost of several counts. Out of sight is what an error carries without naming it as its source:
/// thiserror's `#[error(transparent)]`, `Box<Outcome>` and `Arc<Outcome>` as errors, and an outcome that is itself the context of an
/// `anyhow::Error` inside another error.
#[derive(Debug)]
pub struct Outcome(pub(crate) Box<End>);

#[derive(Debug)]
pub(crate) enum End {
    Skip {
        reason: String,
    },
    Fail {
        error: BoxError,
    },
    Retry {
        error: BoxError,
        delay: Option<Duration>,
    },
    Reschedule {
        at: Timestamp,
    },
    Defer(Box<Defer>),
    AwaitInput(Box<HumanInput>),
}

impl Outcome {
    /// Ends the task as *skipped*. The reason goes to the log.
    pub fn skip(reason: impl fmt::Display) -> Self {
        Self(Box::new(End::Skip {
            reason: render::display(&reason, MAX_MESSAGE, "a reason that cannot be written"),
        }))
    }

    /// Ends the task as *failed*, also if it has tries left. Takes an error or a text.
    pub fn fail(error: impl Into<BoxError>) -> Self {
        Self(Box::new(End::Fail {
            error: error.into(),
        }))
    }

    /// Ends this try: *`up_for_retry`* if the task has tries left, else *failed*. Takes an error or a text.
    ///
    /// This is what every error means; use it to give a delay of your own with [`after`](Self::after).
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self(Box::new(End::Retry {
            error: error.into(),
            delay: None,
        }))
    }

    /// The delay before the next try, instead of the task's `retry_delay`; a hundred years at most. Only [`retry`](Self::retry) has
    /// one.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        if let End::Retry { delay, .. } = &mut *self.0 {
            *delay = Some(wait);
        }
        self
    }

    /// Ends the task as *`up_for_reschedule`*: the same try is started anew at this time, as sensors do.
    ///
    /// Give it ten seconds or more. Airflow can take some seconds to notice the end of this process, and fails a task that is
    /// due again before that.
    pub fn reschedule(at: Timestamp) -> Self {
        Self(Box::new(End::Reschedule { at }))
    }

    /// As [`reschedule`](Self::reschedule), this long from now.
    pub fn reschedule_after(wait: Duration) -> Self {
        Self::reschedule(Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// Ends the task as *deferred* until a Python trigger fires.
    pub fn defer(defer: Defer) -> Self {
        Self(Box::new(End::Defer(Box::new(defer))))
    }

    /// The error that it was made of.
    pub(crate) fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            End::Fail { error } | End::Retry { error, .. } => Some(&**error),
            _ => None,
        }
    }

    /// Ends the task as *`awaiting_input`* until a person has answered.
    pub fn await_input(input: HumanInput) -> Self {
        Self(Box::new(End::AwaitInput(Box::new(input))))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            End::Skip { reason } => write!(f, "the task skips itself: {reason}"),
            End::Fail { error } | End::Retry { error, .. } => error.fmt(f),
            End::Reschedule { at } => write!(f, "the task is rescheduled to {at}"),
            End::Defer(defer) => write!(f, "the task waits for the trigger {}", defer.0.classpath),
            End::AwaitInput(input) => {
                write!(f, "the task waits for an answer to {:?}", input.subject())
            }
        }
    }
}

impl StdError for Outcome {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause()?.source()
    }
}

/// A deferral: which trigger to wait for, and what to hand to the task when it is resumed.
///
/// The trigger is a Python class that the triggerer can import. When it has fired, the same handler is called again and
/// [`Task::resume`](crate::Task::resume) tells it so.
///
/// ```
/// use std::time::Duration;
/// use airflow_sdk::{Defer, Outcome, Result, Task, json, python};
///
/// fn wait_a_minute(task: &Task) -> Result<String> {
///     if let Some(resume) = task.resume() {
///         return Ok(resume.event::<String>()?);
///     }
///     let moment = python::DateTime(jiff::Timestamp::now());
///     Err(Outcome::defer(
///         Defer::new("airflow.providers.standard.triggers.temporal.DateTimeTrigger", "woken")
///             .trigger_arg("moment", moment)?
///             .timeout(Duration::from_secs(600)),
///     ))?
/// }
/// ```
#[derive(Debug)]
pub struct Defer(pub(crate) Deferral);

impl Defer {
    /// A deferral to the trigger class of this import path. `next_method` is a name for the handler's own use: it comes
    /// back as [`Resume::method`](crate::Resume::method).
    pub fn new(classpath: impl Into<String>, next_method: impl Into<String>) -> Self {
        Self(Deferral {
            classpath: classpath.into(),
            next_method: next_method.into(),
            trigger_kwargs: Map::new(),
            next_kwargs: Map::new(),
            timeout: None,
            queue: None,
        })
    }

    /// A keyword argument of the trigger. Fails if the value can't be sent.
    pub fn trigger_arg(mut self, name: &str, value: impl Serialize) -> Result<Self, ClientError> {
        let value = encode(&value, &format!("the trigger's argument {name:?}"))?;
        self.0.trigger_kwargs.insert(name.to_owned(), value);
        Ok(self)
    }

    /// A value to hand to the handler when it is resumed. Fails if the value can't be sent.
    pub fn next_arg(mut self, name: &str, value: impl Serialize) -> Result<Self, ClientError> {
        let value = encode(
            &value,
            &format!("the argument {name:?} for the resumed task"),
        )?;
        self.0.next_kwargs.insert(name.to_owned(), value);
        Ok(self)
    }

    /// How long to wait for the trigger before the task fails; a hundred years at most.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// The triggerer queue, where Airflow is set up with such.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.0.queue = Some(queue.into());
        self
    }
}
