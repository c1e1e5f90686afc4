//! Messages about an executable that gave no manifest: how it failed, and what the user can do.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::collector::OUTPUT_LIMIT;
use crate::interrupt::Interrupted;
use crate::platform;

/// Why an executable gave no output. `stderr` is what it wrote there.
#[derive(Debug)]
pub enum RunError {
    /// It could not be started.
    Start(io::Error),
    /// The program that starts it could not be started.
    StartRunner(PathBuf, io::Error),
    /// It did not end in time.
    TimedOut {
        limit: Duration,
        held_by: HeldBy,
        stderr: String,
    },
    /// It ended, and a process that cannot be ended with it holds its stdout open.
    LeftRunning,
    /// It printed more than [`OUTPUT_LIMIT`].
    TooMuch,
    /// It ended with an error.
    Failed { status: ExitStatus, stderr: String },
    /// Its output could not be read.
    Read(io::Error),
    /// A signal asked the packer to stop.
    Interrupted(Interrupted),
}

/// Why an executable had not ended at the limit, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBy {
    /// No reason can be seen from outside.
    Unknown,
    /// The system had stopped it: it wanted to use the terminal, which is the user's.
    Terminal,
    /// It had closed its stdout and done everything but exit.
    Itself,
    /// A process that was not ended with it holds its stdout open.
    Survivor,
}

impl HeldBy {
    /// The sentence of the message, where the limit is `seconds`.
    fn sentence(self, seconds: u64) -> String {
        match self {
            Self::Unknown => format!("it did not exit within {seconds} s"),
            Self::Terminal => {
                format!(
                    "it did not exit within {seconds} s, because it was waiting for the terminal, which it cannot use"
                )
            }
            Self::Itself => {
                format!("it closed its output but did not exit within {seconds} s")
            }
            Self::Survivor => format!(
                "it did not exit within {seconds} s, and a process that it started in the background could not be ended \
                 with it and may still run"
            ),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "it could not be started: {}", start_hint(error)),
            Self::StartRunner(program, error) => write!(
                f,
                "cargo's runner `{}` could not be started: {error}; install it, or change `runner` in cargo's \
                 configuration",
                program.display()
            ),
            Self::TimedOut {
                limit,
                held_by,
                stderr,
            } => {
                f.write_str(&held_by.sentence(limit.as_secs()))?;
                f.write_str(
                    "; it must print its manifest and exit, without connecting to anything; a slow \
                     start can have more time with `--introspect-timeout SECONDS`",
                )?;
                write_stderr(f, stderr)
            }
            Self::LeftRunning => f.write_str(
                "it exited, but a process that it started in the background holds its output open and may still run; it \
                 must print its manifest and exit, without starting anything",
            ),
            Self::TooMuch => write!(
                f,
                "it printed more than {} MiB; it must print its manifest and nothing else",
                OUTPUT_LIMIT >> 20
            ),
            Self::Failed { status, stderr } => {
                let hint = library_hint(stderr).unwrap_or(
                    "it must print its manifest and exit with 0 (does its `main` handle `--airflow-metadata`?)",
                );
                write!(f, "{}; {hint}", Ending(*status))?;
                write_stderr(f, stderr)
            }
            Self::Read(error) => write!(f, "its output could not be read: {error}"),
            Self::Interrupted(interrupted) => write!(f, "{interrupted}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // `Display` holds the inner text already.
            Self::Start(error) | Self::StartRunner(_, error) | Self::Read(error) => error.source(),
            Self::Interrupted(interrupted) => interrupted.source(),
            Self::TimedOut { .. } | Self::LeftRunning | Self::TooMuch | Self::Failed { .. } => None,
        }
    }
}

fn write_stderr(f: &mut fmt::Formatter<'_>, stderr: &str) -> fmt::Result {
    if stderr.is_empty() {
        return f.write_str("\nits stderr was empty");
    }
    write_said(f, "its stderr", stderr)
}

/// Writes `text`, which an executable has printed to `what`, in lines of its own.
pub fn write_said(f: &mut fmt::Formatter<'_>, what: &str, text: &str) -> fmt::Result {
    write!(f, "\n{what}:")?;
    text.lines().try_for_each(|line| write!(f, "\n  {line}"))
}

/// How a process ended, in words.
pub struct Ending(pub ExitStatus);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match platform::ending_signal(self.0) {
            Some(signal) => write!(f, "it was ended by signal {signal}"),
            None => write!(f, "it ended with exit code {}", self.0.code().unwrap_or(-1)),
        }
    }
}

/// Says what to do about an executable that the dynamic loader has ended, which `stderr` tells.
pub fn library_hint(stderr: &str) -> Option<&'static str> {
    // glibc, musl, macOS.
    let library = [
        "error while loading shared libraries: ",
        "Error loading shared library ",
        "Library not loaded: ",
    ];
    // The dynamic loader ends it before `main` can do anything.
    if library.iter().any(|words| stderr.contains(words)) {
        Some(
            "a shared library that it needs is not on this machine, or not where it is looked for: install it or set \
         `LD_LIBRARY_PATH`, here and on the workers, or link it statically",
        )
    } else if stderr.contains("' not found (required by ") {
        Some(
            "it was built for a newer version of a shared library than this machine has: build it on this system or an older \
         one, or pass its manifest with `--airflow-metadata FILE`, captured where it runs",
        )
    } else {
        None
    }
}

/// Whether an executable could not be started because it is not for this machine, or not meant to be started here.
pub fn is_foreign(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound
    ) || error.raw_os_error() == Some(ENOEXEC)
}

/// The system's number for a file that it cannot execute, on all Unix systems.
const ENOEXEC: i32 = 8;

/// Explains the error with which the operating system refused to start an executable.
fn start_hint(error: &io::Error) -> String {
    let hint = match error.raw_os_error() {
        _ if error.kind() == io::ErrorKind::PermissionDenied => {
            "the file is not executable, or its file system is mounted without execution: \
             `chmod +x` it"
        }
        _ if error.kind() == io::ErrorKind::NotFound => {
            "the dynamic loader that it asks for is not here; it was probably built for another \
             system or C library: pass its manifest with `--airflow-metadata FILE`"
        }
        Some(ENOEXEC) => {
            "it is for another architecture or system than this one: set `runner` for its target in cargo's \
             configuration, or pass its manifest with `--airflow-metadata FILE`, captured where it runs"
        }
        _ => return error.to_string(),
    };
    format!("{error}; {hint}")
}
