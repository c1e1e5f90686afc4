//! Runs an executable with `--airflow-metadata`, with limits on time and output, and without a
//! terminal. Executables misbehave: they hang, print for ever, leave children behind.

use std::time::{Duration, Instant};

use airflow_protocol::record::{MANIFEST_LIMIT, METADATA_FLAG};

use super::collector::Keep;
use super::command::Asked;
use super::run_error::{HeldBy, RunError};
use super::running::{GRACE, POLL, Running};
use crate::interrupt;

/// The most that is read from stdout, in bytes.
pub const OUTPUT_LIMIT: usize = MANIFEST_LIMIT;

/// Runs an executable with `--airflow-metadata` and returns what it printed.
pub fn run(asked: &Asked, limit: Duration) -> Result<Vec<u8>, RunError> {
    let running = Running::start(
        asked.command(&[METADATA_FLAG.into()]),
        Keep::All(OUTPUT_LIMIT),
    );
    let running = running.map_err(|error| match asked.runner() {
        Some(program) => RunError::StartRunner(program.to_owned(), error),
        None => RunError::Start(error),
    })?;
    finish(running, limit)
}

/// Waits for its end.
fn finish(mut running: Running, limit: Duration) -> Result<Vec<u8>, RunError> {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_micros(100);
    let status = loop {
        interrupt::check().map_err(RunError::Interrupted)?;
        if running.stdout.is_full() {
            return Err(RunError::TooMuch);
        }
        if let Some(status) = running.try_wait().map_err(RunError::Read)? {
            break status;
        }
        if Instant::now() >= deadline {
            return Err(timed_out(&mut running, limit));
        }
        // An executable that behaves closes its output and ends at once.
        if running.stdout.wait(POLL) {
            std::thread::sleep(pause);
            pause = (pause * 2).min(POLL);
        }
    };
    // A child that it left behind may hold the output open.
    let mut closed = running.stdout.wait(GRACE);
    if !closed {
        running.end();
        closed = running.stdout.wait(GRACE);
    }
    if running.stdout.is_full() {
        return Err(RunError::TooMuch);
    }
    if !status.success() {
        running.stderr.wait(GRACE);
        return Err(RunError::Failed {
            status,
            stderr: running.stderr.text(),
        });
    }
    if !closed {
        return Err(RunError::LeftRunning);
    }
    running.stdout.take().map_err(RunError::Read)
}

/// Why it has not ended at the limit.
fn timed_out(running: &mut Running, limit: Duration) -> RunError {
    let closed = running.stdout.is_done();
    let stopped = running.is_stopped();
    running.end();
    let held_by = if closed {
        HeldBy::Itself
    } else if !running.stdout.wait(GRACE) {
        HeldBy::Survivor
    } else if stopped {
        HeldBy::Terminal
    } else {
        HeldBy::Unknown
    };
    RunError::TimedOut {
        limit,
        held_by,
        stderr: running.stderr.text(),
    }
}
