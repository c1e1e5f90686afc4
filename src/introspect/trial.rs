//! Starts an executable once as Airflow's Dag processor starts it, and sees whether it answers.
//!
//! The same start, arguments, sockets and question as in Airflow 3.4 (3.4.0b2, `airflow/dag_processing/lang_sdk_processor.py`),
//! and up to the first message the same as for a task in 3.3 and 3.4. So the trial meets whatever keeps an executable from
//! getting as far as `serve()`, and tells the user: under Airflow such a task fails with an empty log.

use std::time::{Duration, Instant};

use super::collector::Keep;
use super::command::Asked;
use super::frame::FrameError;
use super::running::{GRACE, POLL, Running, SAID_LIMIT};
use super::supervisor::{Found, Reached, Supervisor};
use super::trial_error::{Fault, Said, TrialError};
use crate::interrupt;

/// How long an executable that has answered may take to end. Airflow has the same patience, and minds neither the exit code
/// nor that it has to kill.
const FAREWELL: Duration = Duration::from_secs(5);

/// The first pause between two looks. An executable that does nothing needs a millisecond or two.
const SHORTEST: Duration = Duration::from_micros(50);

/// Starts the executable and waits for its answer, at most for `limit`.
pub fn run(asked: &Asked, limit: Duration) -> Result<(), TrialError> {
    let supervisor = Supervisor::listen(asked.executable()).map_err(TrialError::Listen)?;
    let command = asked.command(supervisor.arguments());
    let running = Running::start(command, Keep::End(SAID_LIMIT)).map_err(TrialError::Start)?;
    Trial {
        running,
        supervisor,
    }
    .finish(limit)
}

struct Trial {
    running: Running,
    supervisor: Supervisor,
}

impl Trial {
    fn finish(mut self, limit: Duration) -> Result<(), TrialError> {
        let deadline = Instant::now() + limit;
        let mut pause = SHORTEST;
        let mut closed = None;
        loop {
            interrupt::check().map_err(TrialError::Interrupted)?;
            // In this order: what it sent before its end has come by then.
            let ended = self.running.try_wait().map_err(TrialError::Wait)?;
            match self.look(ended.is_some()) {
                Ok(Found::Answer(errors)) => {
                    self.farewell()?;
                    if errors.is_empty() {
                        return Ok(());
                    }
                    return Err(self.failed(Fault::Registrations(errors)));
                }
                Ok(Found::Something) => pause = SHORTEST,
                Ok(Found::Nothing) => {}
                Err(error) => return Err(self.failed(Fault::Frame(error))),
            }
            let reached = self.supervisor.reached();
            if let Some(status) = ended {
                return Err(self.failed(Fault::Ended { status, reached }));
            }
            let now = Instant::now();
            // An executable that closes its connection is mostly about to end, and then the way it ends says more.
            if reached == Reached::Closed && *closed.get_or_insert(now + GRACE) <= now {
                return Err(self.failed(Fault::Closed));
            }
            if now >= deadline {
                let terminal = self.running.is_stopped();
                return Err(self.failed(Fault::TimedOut {
                    limit,
                    reached,
                    terminal,
                }));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(POLL);
        }
    }

    /// Looks at the sockets: once, or to the end of what an executable has left in them.
    fn look(&mut self, to_the_end: bool) -> Result<Found, FrameError> {
        let until = Instant::now() + GRACE;
        loop {
            let found = self.supervisor.look()?;
            if !to_the_end || !matches!(found, Found::Something) || Instant::now() >= until {
                return Ok(found);
            }
        }
    }

    /// Waits for the end of an executable that has answered, and reads on meanwhile, so that it cannot block.
    fn farewell(&mut self) -> Result<(), TrialError> {
        let deadline = Instant::now() + FAREWELL;
        let mut pause = SHORTEST;
        while Instant::now() < deadline {
            interrupt::check().map_err(TrialError::Interrupted)?;
            let ended = self.running.try_wait().map_err(TrialError::Wait)?;
            // Its answer decides; frames and faults after it change nothing.
            let _ = self.look(ended.is_some());
            if ended.is_some() {
                break;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(POLL);
        }
        Ok(())
    }

    /// Ends what still runs, and takes what it has said.
    fn failed(&mut self, fault: Fault) -> TrialError {
        self.running.end();
        // A process that it started may be out of reach, and hold its output open.
        self.running.stdout.wait(GRACE);
        self.running.stderr.wait(GRACE);
        let _ = self.look(true);
        TrialError::Failed {
            fault,
            said: Said {
                stdout: self.running.stdout.text(),
                stderr: self.running.stderr.text(),
                log: self.supervisor.log(),
            },
        }
    }
}
