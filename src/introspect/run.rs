//! Runs an executable with `--airflow-metadata`, with limits on time and output, and without a
//! terminal. Executables misbehave: they hang, print for ever, leave children behind.

use std::io::{self, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::command::Asked;
use super::run_error::{HeldBy, RunError};
use crate::interrupt;
use crate::platform;

/// The most that is read from stdout, in bytes.
pub const OUTPUT_LIMIT: usize = 16 << 20;

/// The most that is kept of stderr, in bytes: its end, where a panic says why.
const STDERR_LIMIT: usize = 16 << 10;

/// How often a running executable is looked at, apart from its output.
const POLL: Duration = Duration::from_millis(10);

/// How long the output may stay open after the executable has ended, held by a child of it.
const GRACE: Duration = Duration::from_millis(300);

/// Runs an executable with `--airflow-metadata` and returns what it printed.
pub fn run(asked: &Asked, limit: Duration) -> Result<Vec<u8>, RunError> {
    let mut command = asked.command();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    platform::own_group(&mut command);
    let child = command.spawn().map_err(|error| match asked.runner() {
        Some(program) => RunError::StartRunner(program.to_owned(), error),
        None => RunError::Start(error),
    })?;
    Running::new(child).finish(limit)
}

/// A running executable. Dropped, its process group is ended.
struct Running {
    child: Child,
    stdout: Collector,
    stderr: Collector,
}

impl Running {
    fn new(mut child: Child) -> Self {
        let stdout = Collector::start(child.stdout.take(), OUTPUT_LIMIT, true);
        let stderr = Collector::start(child.stderr.take(), STDERR_LIMIT, false);
        Self {
            child,
            stdout,
            stderr,
        }
    }

    fn finish(mut self, limit: Duration) -> Result<Vec<u8>, RunError> {
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_micros(100);
        let status = loop {
            interrupt::check().map_err(RunError::Interrupted)?;
            if self.stdout.is_full() {
                return Err(RunError::TooMuch);
            }
            if let Some(status) = self.child.try_wait().map_err(RunError::Read)? {
                break status;
            }
            if Instant::now() >= deadline {
                return Err(self.timed_out(limit));
            }
            // An executable that behaves closes its output and ends at once.
            if self.stdout.wait(POLL) {
                std::thread::sleep(pause);
                pause = (pause * 2).min(POLL);
            }
        };
        // A child that it left behind may hold the output open.
        let mut closed = self.stdout.wait(GRACE);
        if !closed {
            self.end();
            closed = self.stdout.wait(GRACE);
        }
        if self.stdout.is_full() {
            return Err(RunError::TooMuch);
        }
        if !status.success() {
            self.stderr.wait(GRACE);
            return Err(RunError::Failed {
                status,
                stderr: self.stderr.text(),
            });
        }
        if !closed {
            return Err(RunError::LeftRunning);
        }
        self.stdout.take().map_err(RunError::Read)
    }

    fn timed_out(&mut self, limit: Duration) -> RunError {
        let closed = self.stdout.is_done();
        let stopped = platform::is_stopped(self.child.id());
        self.end();
        let held_by = if closed {
            HeldBy::Itself
        } else if !self.stdout.wait(GRACE) {
            HeldBy::Survivor
        } else if stopped {
            HeldBy::Terminal
        } else {
            HeldBy::Unknown
        };
        RunError::TimedOut {
            limit,
            held_by,
            stderr: self.stderr.text(),
        }
    }

    fn end(&mut self) {
        platform::kill_group(self.child.id());
        platform::kill_child(&mut self.child);
        // Collects the exit status, so that no zombie stays.
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads a pipe on a thread of its own, so that neither pipe can block the other.
struct Collector {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    collected: Mutex<Collected>,
    done: Condvar,
}

#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    full: bool,
    done: bool,
    error: Option<io::Error>,
}

impl Collector {
    /// `stop_when_full`: whether more than `limit` bytes end the reading; else only the last ones are
    /// kept.
    fn start(pipe: Option<impl Read + Send + 'static>, limit: usize, stop_when_full: bool) -> Self {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            let error = pipe.and_then(|pipe| shared.read(pipe, limit, stop_when_full).err());
            let mut collected = shared.lock();
            collected.error = error;
            collected.done = true;
            shared.done.notify_all();
        });
        Self { shared: ours }
    }

    fn is_done(&self) -> bool {
        self.shared.lock().done
    }

    fn is_full(&self) -> bool {
        self.shared.lock().full
    }

    /// Waits for the end of the pipe. Returns whether it came in time.
    fn wait(&self, limit: Duration) -> bool {
        let waiting = |collected: &mut Collected| !collected.done;
        let waited = self
            .shared
            .done
            .wait_timeout_while(self.shared.lock(), limit, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.done
    }

    fn take(&self) -> io::Result<Vec<u8>> {
        let mut collected = self.shared.lock();
        match collected.error.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut collected.bytes)),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shared.lock().bytes)
            .trim_end()
            .to_owned()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mut pipe: impl Read, limit: usize, stop_when_full: bool) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match pipe.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut collected = self.lock();
            collected.bytes.extend_from_slice(&buffer[..count]);
            let over = collected.bytes.len().saturating_sub(limit);
            collected.full |= over > 0;
            if collected.full && stop_when_full {
                return Ok(());
            }
            collected.bytes.drain(..over);
        }
    }
}
