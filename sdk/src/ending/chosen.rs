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

/// An error with an outcome that the error's own sources do not lead to: its source is the outcome, and then come the error's.
pub(crate) struct Showing(Shown);

/// The outcome in front of the sources of an error.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) chosen: Chosen,
    error: BoxError,
}

impl Showing {
    pub(crate) fn new(chosen: Chosen, error: BoxError) -> Self {
        Self(Shown { chosen, error })
    }
}

impl fmt::Display for Showing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl fmt::Debug for Showing {
    /// Begins with the name of the error's type, which the log reads there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.error, f)
    }
}

impl StdError for Showing {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chosen.fmt(f)
    }
}

impl StdError for Shown {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}
