//! What is said of an executable that failed its trial: what it did, and what to do about it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use airflow_protocol::Release;
use airflow_protocol::command_line::ARGUMENTS;

use super::frame::FrameError;
use super::run_error::{Ending, library_hint, write_said};
use super::supervisor::Reached;
use crate::interrupt::Interrupted;

/// Why a trial has not succeeded.
#[derive(Debug)]
pub enum TrialError {
    /// There was no port to listen at.
    Listen(io::Error),
    /// The executable could not be started.
    Start(io::Error),
    /// The system does not say whether it runs.
    Wait(io::Error),
    /// It was started, and does not do what Airflow needs.
    Failed { fault: Fault, said: Said },
    /// We were asked to stop.
    Interrupted(Interrupted),
}

/// What an executable did in place of a good answer.
#[derive(Debug)]
pub enum Fault {
    /// It ended.
    Ended {
        status: ExitStatus,
        reached: Reached,
    },
    /// It closed its connection, or did not read from it, and went on.
    Closed,
    /// It had not answered in time; `terminal`: because it was stopped for wanting to use the terminal.
    TimedOut {
        limit: Duration,
        reached: Reached,
        terminal: bool,
    },
    /// It sent what Airflow would refuse.
    Frame(FrameError),
    /// It answered that its registrations are wrong.
    Registrations(BTreeMap<String, String>),
}

/// The last that an executable wrote.
#[derive(Debug)]
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub log: String,
}

/// How many lines of an executable's own errors are shown.
const LINES: usize = 50;

/// What an executable with the SDK has to do, before its arguments.
const SERVE: &str = "its tasks would fail with an empty log: with `airflow-sdk`, `main` must end in `serve()`, and get there \
                     when it is started with";

impl fmt::Display for TrialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(_) => {
                f.write_str("no port of 127.0.0.1 could be listened at, as Airflow does")
            }
            Self::Start(_) => f.write_str("it could not be started"),
            Self::Wait(_) => f.write_str("whether it runs could not be found out"),
            Self::Failed { fault, said } => {
                write!(f, "{fault}")?;
                if let Some(hint) = fault.hint(said) {
                    write!(f, "; {hint}")?;
                }
                if matches!(fault, Fault::Registrations(_)) && said.is_empty() {
                    return Ok(());
                }
                write!(f, "{said}")
            }
            Self::Interrupted(interrupted) => write!(f, "{interrupted}"),
        }
    }
}

impl std::error::Error for TrialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(error) | Self::Start(error) | Self::Wait(error) => Some(error),
            // Their texts are part of this one's.
            Self::Failed { .. } | Self::Interrupted(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { status, reached } => {
                write!(f, "{}, ", Ending(*status))?;
                match reached {
                    Reached::Nothing => {
                        f.write_str("and never connected to the addresses in its arguments")
                    }
                    Reached::Only(flag) => {
                        write!(f, "and had connected to the address in `{flag}` only")
                    }
                    Reached::Asked | Reached::Closed => {
                        f.write_str("and had connected, but not answered")
                    }
                }
            }
            Self::Closed => f.write_str(
                "it connected, the connection was closed before an answer came, and it did not end",
            ),
            Self::TimedOut {
                limit,
                reached,
                terminal,
            } => {
                match reached {
                    Reached::Nothing => {
                        f.write_str("it did not connect to the addresses in its arguments")?;
                    }
                    Reached::Only(flag) => {
                        write!(f, "it connected to the address in `{flag}` only")?;
                    }
                    Reached::Asked | Reached::Closed => {
                        f.write_str("it connected, but did not answer")?;
                    }
                }
                write!(f, " within {} s", limit.as_secs())?;
                if *terminal {
                    f.write_str(", because it was waiting for the terminal, which it cannot use")?;
                }
                f.write_str("; a slow start can have more time with `--introspect-timeout SECONDS`")
            }
            Self::Frame(error) => write!(f, "it sent {error}"),
            Self::Registrations(errors) => {
                f.write_str("it says that its own registrations are wrong:")?;
                let lines = errors.values().flat_map(|text| text.lines());
                lines
                    .take(LINES)
                    .try_for_each(|line| write!(f, "\n  {line}"))
            }
        }
    }
}

impl Fault {
    /// What to do about it, where that is not plain.
    fn hint(&self, said: &Said) -> Option<Cow<'static, str>> {
        let serve = || Some(Cow::from(format!("{SERVE} `{ARGUMENTS}`")));
        match self {
            Self::Ended { reached, .. } => library_hint(&said.stderr).map(Cow::from).or_else(|| match reached {
                Reached::Nothing | Reached::Only(_) => serve(),
                Reached::Asked | Reached::Closed => Some(Cow::from(format!(
                    "it was asked `DagFileParseRequest`, as {} asks bundles; an `airflow-sdk` that does not serve it is \
                     too old: `cargo update airflow-sdk`",
                    Release::AIRFLOW_3_4
                ))),
            }),
            Self::TimedOut {
                reached: Reached::Nothing | Reached::Only(_),
                ..
            } => serve(),
            Self::TimedOut { .. } | Self::Closed | Self::Frame(_) | Self::Registrations(_) => None,
        }
    }
}

impl Said {
    fn is_empty(&self) -> bool {
        let all = [&self.stdout, &self.stderr, &self.log];
        all.iter().all(|text| text.is_empty())
    }
}

impl fmt::Display for Said {
    /// A block for each of the three that was written to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("\nit wrote nothing to stdout, stderr or its log");
        }
        let all = [
            ("its stdout", &self.stdout),
            ("its stderr", &self.stderr),
            ("its log", &self.log),
        ];
        let mut written = all.iter().filter(|(_, text)| !text.is_empty());
        written.try_for_each(|(what, text)| write_said(f, what, text))
    }
}
