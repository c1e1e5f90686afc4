//! An executable bundle that the supervisor starts as Airflow does.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use super::conversation::Conversation;
use super::logs::{LogRecord, Logs};
use super::sockets::POLL;
use super::state::State;
use crate::command_line::Sockets;

/// How long an executable may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until it has connected to both sockets. Airflow gives it 10 s, the default of `task_startup_timeout`.
    pub start: Duration,
    /// From then on until it has ended and nobody holds its outputs open. It is killed afterwards.
    pub run: Duration,
}

/// A running executable that has connected to the supervisor. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Killed,
    comm: TcpStream,
    logs: TcpStream,
    stdout: Output,
    stderr: Output,
    limit: Duration,
}

/// What came of an executable.
#[derive(Debug)]
pub struct Run {
    /// What it sent, and what it was answered.
    pub conversation: Conversation,
    /// Its log.
    pub logs: Logs,
    /// How it has ended.
    pub status: ExitStatus,
    /// What it has written to its standard output.
    pub stdout: Vec<u8>,
    /// What it has written to its standard error.
    pub stderr: Vec<u8>,
    /// When it had ended and nobody held its outputs open.
    pub ended_at: Instant,
    /// Whether it was killed, or its outputs given up, because it took longer than [`Limits::run`].
    pub timed_out: bool,
}

impl Run {
    /// The task's state.
    pub fn state(&self) -> State {
        self.conversation.state(self.status.success())
    }

    /// What Airflow's supervisor would not have answered, or would have crashed on. Empty for an executable that behaves.
    pub fn rejections(&self) -> impl Iterator<Item = &str> {
        let of_messages = self.conversation.rejections.iter();
        of_messages.chain(&self.logs.rejections).map(String::as_str)
    }
}

/// Why an executable could not be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It can't be started, or this machine gives no sockets.
    Io(io::Error),
    /// It has ended before it had connected to both sockets.
    Ended {
        /// How it has ended.
        status: ExitStatus,
        /// What it has written to its standard error.
        stderr: Vec<u8>,
    },
    /// It has not connected to both sockets within [`Limits::start`].
    TimedOut {
        /// The flag of the one socket to which it has connected; `None` if it has connected to neither.
        only: Option<&'static str>,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the executable can't be started"),
            Self::Ended { status, .. } => write!(
                f,
                "the executable has ended before it had connected to its supervisor: {status}"
            ),
            Self::TimedOut { only: None } => {
                f.write_str("the executable has not connected to its supervisor in time")
            }
            Self::TimedOut { only: Some(flag) } => write!(
                f,
                "the executable has connected to the address of {flag} and not to the other in time"
            ),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Ended { .. } | Self::TimedOut { .. } => None,
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Process {
    /// Starts `command` with the addresses of two sockets, and waits until it has connected to both. Its standard input is empty.
    pub fn start(command: &mut Command, limits: Limits) -> Result<Self, StartError> {
        let sockets = Sockets::listen()?;
        command
            .args(sockets.arguments()?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = Killed(command.spawn()?);
        let stdout = Output::read(child.0.stdout.take());
        let mut stderr = Output::read(child.0.stderr.take());
        let deadline = Instant::now() + limits.start;
        let streams = sockets.accept(|only| {
            if let Some(status) = child.0.try_wait()? {
                let stderr = Vec::new();
                return Err(StartError::Ended { status, stderr });
            }
            if Instant::now() >= deadline {
                return Err(StartError::TimedOut { only });
            }
            Ok(())
        });
        let (comm, logs) = streams.map_err(|error| match error {
            StartError::Ended { status, .. } => {
                let stderr = stderr.take(deadline).0;
                StartError::Ended { status, stderr }
            }
            error => error,
        })?;
        Ok(Self {
            child,
            comm,
            logs,
            stdout,
            stderr,
            limit: limits.run,
        })
    }

    /// Holds the conversation until the executable has ended. `see` gets each record of the log when it comes, and may act on the
    /// executable.
    pub fn serve(
        mut self,
        mut conversation: Conversation,
        mut see: impl FnMut(&LogRecord, &Control),
    ) -> io::Result<Run> {
        let deadline = Instant::now() + self.limit;
        let control = Control {
            id: self.child.0.id(),
            comm: self.comm.try_clone()?,
        };
        let logs = self.logs.try_clone()?;
        let comm = self.comm.try_clone()?;
        thread::scope(|scope| {
            let ends = Ends {
                child: &mut self.child,
                streams: [&self.comm, &self.logs],
            };
            let (sender, records) = mpsc::channel();
            let logs = scope.spawn(move || {
                Logs::read(logs, |record| {
                    // The receiver is gone where the time is up.
                    let _ = sender.send(record.clone());
                })
            });
            let (talks, end_of_talk) = mpsc::channel();
            let talk = scope.spawn(move || {
                conversation.hold(&mut &comm);
                let _ = comm.shutdown(Shutdown::Both);
                drop::<Sender<()>>(talks);
                conversation
            });
            let mut in_time = watch(&records, deadline, |record| see(record, &control));
            let status = loop {
                if let Some(status) = ends.child.0.try_wait()? {
                    break status;
                }
                if !in_time || Instant::now() >= deadline {
                    in_time = false;
                    ends.child.0.kill()?;
                }
                thread::sleep(POLL);
            };
            // A child of the executable may hold sockets and outputs open.
            in_time &= has_ended(&end_of_talk, deadline);
            let ((stdout, whole), (stderr, both)) =
                (self.stdout.take(deadline), self.stderr.take(deadline));
            let ended_at = Instant::now();
            drop(ends);
            let panicked = |_| io::Error::other("a thread of the supervisor panicked");
            Ok(Run {
                conversation: talk.join().map_err(panicked)?,
                logs: logs.join().map_err(panicked)??,
                status,
                stdout,
                stderr,
                ended_at,
                timed_out: !(in_time && whole && both),
            })
        })
    }
}

/// Hands on each record until the log has ended; `false` if it has not ended in time.
fn watch(
    records: &Receiver<LogRecord>,
    deadline: Instant,
    mut see: impl FnMut(&LogRecord),
) -> bool {
    loop {
        match records.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(record) => see(&record),
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// Whether a thread has let go of the sender before the time was up.
fn has_ended(end: &Receiver<()>, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    end.recv_timeout(left) == Err(RecvTimeoutError::Disconnected)
}

/// A running executable, for what a record of its log may cause.
#[derive(Debug)]
pub struct Control {
    id: u32,
    comm: TcpStream,
}

impl Control {
    /// The executable's process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Ends the conversation, as a crash of the supervisor does.
    pub fn hang_up(&self) -> io::Result<()> {
        self.comm.shutdown(Shutdown::Both)
    }
}

/// A child that is killed when it is dropped and still runs.
#[derive(Debug)]
struct Killed(Child);

impl Killed {
    fn end(&mut self) {
        // Both do nothing to a child that has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.end();
    }
}

/// Ends the executable and both connections when it is dropped: a scope waits for its threads, also after an error and after a panic,
/// and they wait for the connections.
struct Ends<'a> {
    child: &'a mut Killed,
    streams: [&'a TcpStream; 2],
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.child.end();
        for stream in self.streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// An output of an executable, read by a thread until its end.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Output {
    fn read(from: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (sender, end): (Sender<()>, _) = mpsc::channel();
        if let Some(mut from) = from {
            let bytes = Arc::clone(&bytes);
            thread::spawn(move || {
                let mut buffer = [0; 16 << 10];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                    bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
                }
                drop(sender);
            });
        }
        Self { bytes, end }
    }

    /// The bytes, once the output has ended or the time is up, and whether it has ended.
    fn take(&mut self, deadline: Instant) -> (Vec<u8>, bool) {
        let ended = has_ended(&self.end, deadline);
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut *bytes), ended)
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::{Limits, Process};
    use crate::release::SCHEMA_2026_06_16;
    use crate::schema::Schema;
    use crate::supervisor::{Conversation, TaskStart, World};

    /// Connects to both addresses, logs a record, and never ends.
    const LINGERS: &str = "exec 3<>/dev/tcp/${1/--comm=127.0.0.1:/127.0.0.1/} 4<>/dev/tcp/${2/--logs=127.0.0.1:/127.0.0.1/}; \
                           echo '{\"level\": \"info\", \"event\": \"here\", \"timestamp\": \"2026-01-02T03:04:05Z\"}' >&4; exec sleep 1000";

    #[test]
    fn nothing_waits_for_an_executable_after_a_panic() {
        let limits = Limits {
            start: Duration::from_mins(1),
            run: Duration::from_mins(10),
        };
        let mut command = Command::new("bash");
        let process = Process::start(command.args(["-c", LINGERS, "bash"]), limits).unwrap();
        let schema = Schema::of(SCHEMA_2026_06_16).unwrap();
        let start = TaskStart::new("sales", "load");
        let conversation = Conversation::with_task(schema, World::default(), &start);
        let (sender, end) = mpsc::channel();
        thread::spawn(move || {
            let serve =
                || process.serve(conversation, |_, _| std::panic::resume_unwind(Box::new(())));
            sender.send(catch_unwind(AssertUnwindSafe(serve)).is_err())
        });
        assert_eq!(end.recv_timeout(Duration::from_mins(1)), Ok(true));
    }
}
