//! What happens in a session, and who is told.

use std::fmt;
use std::time::{Duration, Instant};

use airflow_protocol::frame::First;
use serde_json::Value;

use crate::client::error::ClientError;
use crate::logging::Route;
use crate::logging::levels::Level;
use crate::serving::completion::Completion;

/// What happens in a session.
pub(crate) enum Event {
    /// The first frame has come.
    First(First),
    /// The conversation is over.
    Closed(String),
    /// The handler has ended, and leaves the report to the session.
    Done(Completion),
    /// The handler's thread has reported the outcome, and this came of it.
    Reported(Result<Value, ClientError>),
    /// The reply to that report is late.
    Late,
    /// The process was told to stop.
    Stop(&'static str),
    /// The task has limited its own time, from now on.
    TimeLimit(Duration),
    /// A function of `before_outcome` has ended.
    BeforeOutcome { index: usize, panicked: bool },
    /// A thread is about to end the process, and waits for the session to report the outcome.
    Ending(Cause),
}

/// What told the session to stop, and when.
pub(crate) struct Stop {
    /// The first reason.
    pub(crate) why: Why,
    pub(crate) at: Instant,
    /// When the first signal came: from then on, somebody may end the process.
    pub(crate) signalled: Option<Instant>,
}

/// What tells a session to stop.
#[derive(Clone, Copy)]
pub(crate) enum Why {
    /// A signal of this name.
    Signal(&'static str),
    /// The end of the conversation.
    Gone,
    /// The limit that the task has set to its time.
    TimeLimit(Duration),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(name) => f.write_str(name),
            Self::Gone => f.write_str("the supervisor is gone"),
            Self::TimeLimit(limit) => {
                write!(f, "the execution timeout of {} ms", limit.as_millis())
            }
        }
    }
}

impl Stop {
    /// Notes that the session is told to stop, and says so in the log.
    pub(crate) fn now(why: Why, route: &Route) -> Self {
        // A full queue of log lines must not hold up the outcome.
        route.sink.hurry();
        say(why, route);
        Self::silent(why)
    }

    /// Notes that the session is told to stop.
    pub(crate) fn silent(why: Why) -> Self {
        let at = Instant::now();
        Self {
            why,
            at,
            signalled: matches!(why, Why::Signal(_)).then_some(at),
        }
    }

    /// Notes a signal. One that comes after the time limit leaves as little time as any.
    pub(crate) fn signal(stop: &mut Option<Self>, name: &'static str, route: &Route) {
        match stop {
            None => *stop = Some(Self::now(Why::Signal(name), route)),
            Some(stop) if stop.signalled.is_none() && !matches!(stop.why, Why::Gone) => {
                stop.signalled = Some(Instant::now());
                say(Why::Signal(name), route);
            }
            Some(_) => {}
        }
    }
}

fn say(why: Why, route: &Route) {
    route.say(Level::Warning, format!("{why}: the task is told to stop"));
}

/// Why the process is about to end.
#[derive(Debug)]
pub(crate) enum Cause {
    /// `std::process::exit`, or C's.
    Exit,
    /// A panic with this message, in a program whose panics abort.
    Panic(String),
}
