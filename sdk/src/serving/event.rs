//! What happens in a session, and who is told.

use std::time::Instant;

use airflow_protocol::frame::First;

use crate::logging::Route;
use crate::logging::levels::Level;
use crate::serving::completion::Completion;

/// What happens in a session.
pub(crate) enum Event {
    /// The first frame has come.
    First(First),
    /// The conversation is over.
    Closed(String),
    /// The handler has ended.
    Done(Completion),
    /// The process was told to stop.
    Stop(&'static str),
    /// A function of `before_outcome` has ended.
    BeforeOutcome { index: usize, panicked: bool },
    /// A thread is about to end the process, and waits for the session to report the outcome.
    Ending(Cause),
}

/// The signal that told the session to stop, and its time.
pub(crate) struct Stop {
    pub(crate) signal: &'static str,
    pub(crate) at: Instant,
}

impl Stop {
    /// Notes that the signal has come, and says so in the log.
    pub(crate) fn now(signal: &'static str, route: &Route) -> Self {
        // A full queue of log lines must not hold up the outcome.
        route.sink.hurry();
        route.say(
            Level::Warning,
            format!("{signal}: the task is told to stop"),
        );
        Self {
            signal,
            at: Instant::now(),
        }
    }
}

/// Why the process is about to end.
#[derive(Debug)]
pub(crate) enum Cause {
    /// `std::process::exit`, or C's.
    Exit,
    /// A panic with this message, in a program whose panics abort.
    Panic(String),
}
