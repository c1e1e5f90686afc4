//! The ends of a task other than a return value.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::ending::chosen::{Chosen, End};
use crate::ending::defer::Defer;
use crate::ending::error::Error;
use crate::ending::human_input::HumanInput;
use crate::ending::render::{self, MAX_MESSAGE};

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
/// An outcome counts below other errors, too, as long as their [`source`](StdError::source) leads to it or to what its own leads to:
/// under [`Error::context`](crate::Error::context), under contexts of anyhow, eyre and miette, under errors of thiserror
/// (`#[from]`, `#[source]`, `#[error(transparent)]`), and in a [`std::io::Error`]. The outermost of several counts.
///
/// The SDK does not see an outcome below a report of error-stack, which names no source. Nor does it see an outcome that is itself the
/// context of another crate's report, except in an `anyhow::Error` that reaches the SDK as it is (feature `anyhow`).
#[derive(Debug)]
pub struct Outcome(pub(crate) Chosen);

impl Outcome {
    /// Ends the task as *skipped*. The reason goes to the log.
    pub fn skip(reason: impl fmt::Display) -> Self {
        Self::chosen(End::Skip {
            reason: render::display(&reason, MAX_MESSAGE, "a reason that cannot be written"),
        })
    }

    /// Ends the task as *failed*, also if it has tries left. Takes whatever `?` takes: an error of any crate, or a text.
    #[track_caller]
    pub fn fail(error: impl Into<Error>) -> Self {
        let (error, trace) = error.into().into_parts();
        Self::chosen(End::Fail { error, trace })
    }

    /// Ends this try: *`up_for_retry`* if the task has tries left, else *failed*. Takes whatever `?` takes: an error of any crate, or a
    /// text.
    ///
    /// This is what every error means; use it to give a delay of your own with [`after`](Self::after).
    #[track_caller]
    pub fn retry(error: impl Into<Error>) -> Self {
        let (error, trace) = error.into().into_parts();
        Self::chosen(End::Retry {
            error,
            trace,
            delay: None,
        })
    }

    /// The delay before the next try, instead of the task's `retry_delay`; a hundred years at most. Only [`retry`](Self::retry) has
    /// one.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        if let Some(End::Retry { delay, .. }) = Arc::get_mut(&mut self.0.0) {
            *delay = Some(wait);
        }
        self
    }

    /// Ends the task as *`up_for_reschedule`*: the same try is started anew at this time, as sensors do.
    ///
    /// Give it ten seconds or more. Airflow can take some seconds to notice the end of this process, and fails a task that is
    /// due again before that.
    pub fn reschedule(at: Timestamp) -> Self {
        Self::chosen(End::Reschedule { at })
    }

    /// As [`reschedule`](Self::reschedule), this long from now.
    pub fn reschedule_after(wait: Duration) -> Self {
        Self::reschedule(Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// Ends the task as *deferred* until a Python trigger fires.
    pub fn defer(defer: Defer) -> Self {
        Self::chosen(End::Defer(Box::new(defer)))
    }

    /// Ends the task as *`awaiting_input`* until a person has answered.
    pub fn await_input(input: HumanInput) -> Self {
        Self::chosen(End::AwaitInput(Box::new(input)))
    }

    fn chosen(end: End) -> Self {
        Self(Chosen(Arc::new(end)))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.0 {
            End::Skip { reason } => write!(f, "the task skips itself: {reason}"),
            End::Fail { error, .. } | End::Retry { error, .. } => error.fmt(f),
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
        Some(&self.0)
    }
}
