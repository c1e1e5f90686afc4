//! The state of a task when its run is over.

use std::fmt;

use serde_json::Value;

use crate::message::name;
use crate::terminal::{FinalState, TerminalKind};

/// The state that Airflow gives a task when its process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// `success`.
    Success,
    /// `failed`.
    Failed,
    /// `up_for_retry`.
    UpForRetry,
    /// `skipped`.
    Skipped,
    /// `up_for_reschedule`.
    UpForReschedule,
    /// `deferred`.
    Deferred,
    /// `awaiting_input`.
    AwaitingInput,
    /// No outcome was delivered: under Airflow the task would stay *running* until the scheduler notices.
    Lost,
}

impl State {
    /// The state that Airflow gives a task after this last message, of a process that has exited with 0 or not.
    pub fn after(terminal: Option<&Value>, exited_well: bool) -> Self {
        let Some(terminal) = terminal else {
            return Self::Lost;
        };
        match TerminalKind::of(name(terminal)) {
            Some(TerminalKind::Succeed) => Self::Success,
            Some(TerminalKind::Retry) => Self::UpForRetry,
            Some(TerminalKind::Reschedule) => Self::UpForReschedule,
            Some(TerminalKind::Defer) => Self::Deferred,
            Some(TerminalKind::AwaitInput) => Self::AwaitingInput,
            // Airflow acts on the state when the process has exited with 0.
            Some(TerminalKind::State)
                if exited_well && terminal["state"] == FinalState::Skipped.as_str() =>
            {
                Self::Skipped
            }
            Some(TerminalKind::State) | None => Self::Failed,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::UpForRetry => "up_for_retry",
            Self::Skipped => "skipped",
            Self::UpForReschedule => "up_for_reschedule",
            Self::Deferred => "deferred",
            Self::AwaitingInput => "awaiting_input",
            Self::Lost => "lost",
        })
    }
}
