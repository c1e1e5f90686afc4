//! Programs that a task runs: their output goes to the task's log, and they end with the task.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::logging::current;
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::process::mailbox::Mailbox;
use crate::process::platform::Group;
use crate::process::threads;
use crate::task::cancel::{Cancellation, Cancelled};
use crate::task::context::Task;

/// How long a cancelled command has between SIGTERM and SIGKILL, and what a command that has ended has left behind in its group. A
/// cancelled task has 2 s until its outcome is reported without it.
const TERM_TO_KILL: Duration = Duration::from_millis(1500);
/// How long the end of a process takes after SIGKILL, unless it hangs in the kernel.
const KILLED: Duration = Duration::from_millis(200);
/// How long the output that goes to the log is waited for when the group has ended. Only a process that has left the group can hold it
/// open; what it writes later is logged as long as the task runs.
const LOGGED: Duration = Duration::from_millis(200);
/// How long the output that is returned is waited for when the group has ended: without its end it may be cut anywhere.
const RETURNED: Duration = Duration::from_secs(10);
/// The longest pause between two looks at a process.
const PAUSE: Duration = Duration::from_millis(20);
/// What is longer becomes several lines of the log.
const MAX_LINE: u64 = 64 * 1024;

/// Why [`Task::run_command`] has failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommandError {
    /// The program could not be started.
    Start {
        /// The program.
        program: String,
        /// Why not.
        error: io::Error,
    },
    /// The program ended with another exit code than 0, or by a signal.
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// What the program has written could not be read to its end.
    Output {
        /// The program.
        program: String,
        /// Why not; [`io::ErrorKind::TimedOut`] if a process that has left the program's group holds the output open.
        error: io::Error,
    },
    /// The task was told to stop, and the program was ended.
    Cancelled {
        /// The program.
        program: String,
        /// The token's error.
        error: Cancelled,
    },
}

impl CommandError {
    /// How the program ended, if that is why: for programs that say something by an exit code.
    ///
    /// ```
    /// use std::process::Command;
    /// use airflow_sdk::{CommandError, Result, Task};
    ///
    /// /// 1 says that nothing was found.
    /// fn search(task: &Task) -> Result<bool> {
    ///     match task.run_command(Command::new("grep").args(["-q", "total", "report.csv"])) {
    ///         Ok(()) => Ok(true),
    ///         Err(error) if error.status().and_then(|status| status.code()) == Some(1) => Ok(false),
    ///         Err(error) => Err(error.into()),
    ///     }
    /// }
    /// ```
    pub fn status(&self) -> Option<ExitStatus> {
        match self {
            Self::Failed { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, .. } => write!(f, "the program {program:?} could not be run"),
            Self::Failed { program, status } => {
                write!(f, "the program {program:?} failed: {status}")
            }
            Self::Output { program, .. } => {
                write!(f, "the output of the program {program:?} could not be read")
            }
            Self::Cancelled { program, .. } => write!(f, "the program {program:?} was ended"),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start { error, .. } | Self::Output { error, .. } => Some(error),
            Self::Failed { .. } => None,
            Self::Cancelled { error, .. } => Some(error),
        }
    }
}

impl Task {
    /// Runs a program to its end, which comes with the end of the task at the latest. An exit code other than 0 is an error.
    ///
    /// ```
    /// use std::process::Command;
    /// use airflow_sdk::{Result, Task};
    ///
    /// fn transform(task: &Task) -> Result<()> {
    ///     task.run_command(Command::new("dbt").args(["run", "--select", "orders"]))?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Each line that the program prints is a record of the task's log, as Airflow makes them of what the task prints itself: of
    /// the logger `task.stdout` with the level *info*, or of `task.stderr` with *error*. Its standard input is empty. What `command`
    /// says about these three is replaced.
    ///
    /// On Unix the program is the leader of a process group of its own, and what it starts belongs to that group:
    ///
    /// - When the task is told to stop, the group gets SIGTERM, and SIGKILL 1.5 s later if it is still there. Then the call returns
    ///   [`CommandError::Cancelled`], in time for the handler to end within its 2 s.
    /// - What is still there when the program itself has ended gets the same.
    /// - When the process ends while the program runs, because another thread calls `exit` or panics under `panic = "abort"`, the group
    ///   gets SIGKILL.
    ///
    /// So nothing outlives the task or runs beside its retry, but for programs that leave their group (`setsid`, daemons), and
    /// after SIGKILL to the task itself. What a program that has left the group writes to the output that it has inherited is logged
    /// while the task runs; the call does not wait for it.
    ///
    /// A program that is started with [`Command::spawn`] has none of this: it goes on after the task, and if it has inherited standard
    /// output or error, Airflow waits for it for up to a minute before it gives the slot to the next task (`[workers]
    /// socket_cleanup_timeout`).
    ///
    /// Elsewhere, only the program itself is ended.
    ///
    /// In an `async fn`, with the feature `tokio`, call it by [`blocking`](Self::blocking).
    pub fn run_command(&self, command: &mut Command) -> Result<(), CommandError> {
        run(self.cancellation(), command, Output::Log).map(drop)
    }

    /// Runs a program as [`run_command`](Self::run_command) does, and returns what it has written to standard output, instead of
    /// logging it.
    ///
    /// The output ends when the last process that has inherited it ends or closes it. When the program and its group have ended and
    /// a process that has left the group still holds the output open, the call waits for 10 s more, and then returns
    /// [`CommandError::Output`], never a part of the output.
    ///
    /// ```
    /// use std::process::Command;
    /// use airflow_sdk::{Result, Task};
    ///
    /// fn version(task: &Task) -> Result<String> {
    ///     let output = task.command_output(Command::new("git").args(["rev-parse", "HEAD"]))?;
    ///     Ok(String::from_utf8(output)?.trim_end().to_owned())
    /// }
    /// ```
    pub fn command_output(&self, command: &mut Command) -> Result<Vec<u8>, CommandError> {
        run(self.cancellation(), command, Output::Return)
    }
}

/// Where standard output goes.
#[derive(Clone, Copy)]
enum Output {
    Log,
    Return,
}

fn run(
    cancellation: &Cancellation,
    command: &mut Command,
    output: Output,
) -> Result<Vec<u8>, CommandError> {
    let program = command.get_program().to_owned();
    let program = || {
        AsRef::<OsStr>::as_ref(&program)
            .to_string_lossy()
            .into_owned()
    };
    let start = |error| CommandError::Start {
        program: program(),
        error,
    };
    let cancelled = |error| CommandError::Cancelled {
        program: program(),
        error,
    };
    cancellation.check().map_err(cancelled)?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = Running::start(command).map_err(start)?;
    let taken = Mailbox::new();
    let ended = Mailbox::new();
    let copies = running.copy(output, &taken, &ended).map_err(start)?;
    let stopped = running.wait(cancellation).map_err(start)?;
    let status = running.end().map_err(start)?;
    let deadline = Instant::now() + LOGGED;
    for _ in 0..copies {
        ended.receive(Some(deadline));
    }
    stopped.map_err(cancelled)?;
    match status {
        Some(status) if !status.success() => Err(CommandError::Failed {
            program: program(),
            status,
        }),
        _ => match output {
            Output::Log => Ok(Vec::new()),
            Output::Return => returned(&taken, cancellation)
                .map_err(cancelled)?
                .map_err(|error| CommandError::Output {
                    program: program(),
                    error,
                }),
        },
    }
}

/// Waits for the whole output, or until the task shall stop.
fn returned(
    taken: &Mailbox<io::Result<Vec<u8>>>,
    cancellation: &Cancellation,
) -> Result<io::Result<Vec<u8>>, Cancelled> {
    let deadline = Instant::now() + RETURNED;
    loop {
        let now = Instant::now();
        if let Some(output) = taken.receive(Some(now + PAUSE)) {
            return Ok(output);
        }
        cancellation.check()?;
        if now >= deadline {
            return Ok(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "its output did not end: a process that has left the group holds it open",
            )));
        }
    }
}

/// The groups of the programs that run now.
static GROUPS: Mutex<Vec<Group>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all groups, and lets no other begin: the process is about to end.
pub(crate) fn kill_all() {
    // The lock is held while a program starts, which may hang in the kernel.
    let deadline = Instant::now() + KILLED;
    let groups = loop {
        match GROUPS.try_lock() {
            Ok(groups) => break groups,
            Err(TryLockError::Poisoned(error)) => break error.into_inner(),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    for group in &*groups {
        group.kill();
    }
    std::mem::forget(groups);
}

/// A program that was started, and its group, which ends with this value.
struct Running {
    child: Child,
    group: Group,
    status: Option<ExitStatus>,
}

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        Group::lead(command);
        // Held until the group is in the list, so that none is missed at the end of the process.
        let mut groups = lock(&GROUPS);
        let child = command.spawn()?;
        let group = Group::of(&child);
        groups.push(group);
        Ok(Self {
            child,
            group,
            status: None,
        })
    }

    /// Starts a thread for each output, which copies it to its end. Returns how many threads it has started.
    fn copy(
        &mut self,
        output: Output,
        taken: &Mailbox<io::Result<Vec<u8>>>,
        ended: &Mailbox<()>,
    ) -> io::Result<usize> {
        let log = |from: Box<dyn Read + Send>, level, logger| {
            copying(ended, move || log_lines(from, level, logger))
        };
        let mut copies = 0;
        if let Some(from) = self.child.stdout.take() {
            match output {
                Output::Log => log(Box::new(from), Level::Info, "task.stdout")?,
                Output::Return => {
                    let taken = taken.clone();
                    copying(ended, move || taken.send(all(from)))?;
                }
            }
            copies += 1;
        }
        if let Some(from) = self.child.stderr.take() {
            log(Box::new(from), Level::Error, "task.stderr")?;
            copies += 1;
        }
        Ok(copies)
    }

    /// Waits for the program's end, or until the task shall stop.
    fn wait(&mut self, cancellation: &Cancellation) -> io::Result<Result<(), Cancelled>> {
        let mut pause = Duration::from_millis(1);
        while !self.has_ended()? {
            if let Err(cancelled) = cancellation.sleep(pause) {
                return Ok(Err(cancelled));
            }
            pause = (pause * 2).min(PAUSE);
        }
        Ok(Ok(()))
    }

    fn has_ended(&mut self) -> io::Result<bool> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status.is_some())
    }

    /// Ends what is left of the group. How the program ended; `None` if it hangs in the kernel.
    fn end(&mut self) -> io::Result<Option<ExitStatus>> {
        // The number of a group is not given away while a member lives, and afterwards not before all others were.
        let gone = |this: &mut Self, limit: Duration| {
            let deadline = Instant::now() + limit;
            loop {
                if this.has_ended()? && !this.group.exists() {
                    return Ok::<_, io::Error>(true);
                }
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        if !gone(self, Duration::ZERO)? {
            self.group.terminate();
            if !gone(self, TERM_TO_KILL)? {
                self.group.kill();
                let _ = self.child.kill();
                gone(self, KILLED)?;
            }
        }
        Ok(self.status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() {
            // The output's threads could not be started.
            self.group.kill();
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let mut groups = lock(&GROUPS);
        if let Some(place) = groups.iter().position(|group| *group == self.group) {
            groups.swap_remove(place);
        }
    }
}

/// Copies on a thread of its own, whose records belong to the task of this one.
fn copying(ended: &Mailbox<()>, copy: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let (ended, route) = (ended.clone(), current::route());
    threads::start("airflow-command", move || {
        current::follow(route);
        copy();
        ended.send(());
    })
}

/// Logs each line that the program writes. Where no log is known, the lines are read all the same: a program that writes to a pipe which
/// nobody reads ends by SIGPIPE.
fn log_lines(mut from: impl Read, level: Level, logger: &str) {
    let Some(route) = current::route() else {
        let _ = io::copy(&mut from, &mut io::sink());
        return;
    };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while let Ok(1..) = from.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        route.send(&Record::new(level, logger, text));
        line.clear();
    }
}

/// Reads everything that the program writes.
fn all(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut output = Vec::new();
    from.read_to_end(&mut output)?;
    Ok(output)
}
