//! What limits the time of a task: that it was told to stop, and a limit of its own.

use std::time::{Duration, Instant};

use crate::serving::event::{Stop, Why};
use crate::serving::turn::Reporter;
use crate::serving::waiting::Waiting;

/// What limits the time of a task.
#[derive(Default)]
pub(crate) struct Watch {
    /// What has told the session to stop.
    pub(crate) stop: Option<Stop>,
    /// When the time is over that the task has set itself, and how long it is.
    pub(crate) limit: Option<(Instant, Duration)>,
}

impl Watch {
    /// The task has set itself this time, from now on.
    pub(crate) fn set_limit(&mut self, time: Duration) {
        self.limit = Instant::now().checked_add(time).map(|at| (at, time));
    }

    /// Tells the task to stop if its time is over and nothing else has told it. Whether it is told now.
    pub(crate) fn reaches_limit(&mut self, waiting: &Waiting<'_>) -> bool {
        let Some((at, time)) = self.limit.filter(|_| self.stop.is_none()) else {
            return false;
        };
        if at > Instant::now() || !waiting.turn.take(Reporter::Session) {
            return false;
        }
        self.stop = Some(Stop::now(Why::TimeLimit(time), waiting.route));
        waiting.cancellation.cancel();
        true
    }
}
