//! Who reports the outcome of a task.

use std::sync::{Arc, OnceLock};

/// Taken once, by the thread that then reports the outcome. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Turn(Arc<OnceLock<Reporter>>);

/// A thread that may report the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporter {
    /// The thread of the handler, when it has ended and nothing has come between.
    Handler,
    /// The session's thread.
    Session,
}

impl Turn {
    /// Takes the turn, unless the other thread has. Whether it is this one's.
    pub(crate) fn take(&self, reporter: Reporter) -> bool {
        *self.0.get_or_init(|| reporter) == reporter
    }
}
