//! What an outcome holds, where any chain of errors shows it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::ending::defer::Defer;
use crate::ending::human_input::HumanInput;

/// An error of any kind, boxed, as the standard library has it.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The end that a task has chosen.
///
/// It is the source of the outcome that it was made for. Whatever wraps an outcome and gives the outcome's source as its own, such as
/// thiserror's `transparent`, a `Box<Outcome>`, and the boxes that anyhow, eyre and miette make, leads to it too.
#[derive(Clone, Debug)]
pub(crate) struct Chosen(pub(crate) Arc<End>);

#[derive(Debug)]
pub(crate) enum End {
    Skip {
        reason: String,
    },
    Fail {
        error: BoxError,
        /// The backtrace that the error has brought along.
        trace: Option<String>,
    },
    Retry {
        error: BoxError,
        /// The backtrace that the error has brought along.
        trace: Option<String>,
        delay: Option<Duration>,
    },
    Reschedule {
        at: Timestamp,
    },
    Defer(Box<Defer>),
    AwaitInput(Box<HumanInput>),
}

impl End {
    /// The error that it was made of.
    pub(crate) fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Fail { error, .. } | Self::Retry { error, .. } => Some(&**error),
            _ => None,
        }
    }

    /// The backtrace that this error has brought along.
    pub(crate) fn trace(&self) -> Option<&str> {
        match self {
            Self::Fail { trace, .. } | Self::Retry { trace, .. } => trace.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Chosen {
    /// The outcome's own text stands in front of it already.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task has chosen this outcome")
    }
}

impl StdError for Chosen {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause()?.source()
    }
}
