//! The command line of a bundle: Airflow's coordinator, the packer, and people who start it by hand.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::SocketAddr;

use airflow_protocol::command_line::{COMM_FLAG, LOGS_FLAG};
use airflow_protocol::record::METADATA_FLAG;

use crate::bundle::Bundle;
use crate::bundle::manifest::SDK_VERSION;
use crate::logging::{self, levels::Levels};
use crate::serving::leave::leave;
use crate::serving::panic;
use crate::serving::session::Session;

/// The exit codes: all is well, something failed, and a command line that asks for nothing.
const SUCCESS: u8 = 0;
const FAILURE: u8 = 1;
const USAGE: u8 = 2;

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Metadata,
    Serve { comm: SocketAddr, logs: SocketAddr },
    Usage(Option<String>),
}

impl Command {
    fn parse(arguments: impl Iterator<Item = OsString>) -> Self {
        let arguments: Vec<String> = arguments
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        if arguments.iter().any(|argument| argument == METADATA_FLAG) {
            return Self::Metadata;
        }
        let (mut comm, mut logs) = (None, None);
        for argument in &arguments {
            let (slot, address) = match argument.split_once('=') {
                Some((COMM_FLAG, address)) => (&mut comm, address),
                Some((LOGS_FLAG, address)) => (&mut logs, address),
                _ => return Self::Usage(Some(format!("the argument {argument:?} is not known"))),
            };
            match address.parse() {
                Ok(address) => *slot = Some(address),
                Err(_) => {
                    return Self::Usage(Some(format!(
                        "{argument:?} has no address of the form HOST:PORT"
                    )));
                }
            }
        }
        match (comm, logs) {
            (Some(comm), Some(logs)) => Self::Serve { comm, logs },
            (None, None) => Self::Usage(None),
            _ => Self::Usage(Some(format!("{COMM_FLAG} and {LOGS_FLAG} belong together"))),
        }
    }
}

impl Bundle {
    /// Serves the task that Airflow asks for, or does what else the command line says, and ends the process.
    ///
    /// ```no_run
    /// # fn extract() {}
    /// fn main() {
    ///     airflow_sdk::bundle! { "sales" => { extract } }.serve()
    /// }
    /// ```
    ///
    /// - With `--comm=HOST:PORT --logs=HOST:PORT`, as Airflow's coordinator starts it: runs one task. The exit code is 0 if its
    ///   outcome was delivered, whatever it was; else 1, and on Unix also when the task has ended the process itself.
    /// - With `--airflow-metadata`: prints the manifest. 0, or 1 if a registration is refused.
    /// - Otherwise: says on standard error what this program is. 2.
    ///
    /// It does not return, and the compiler warns of code after it. A `main` that returns an `ExitCode` may end with it as well:
    ///
    /// ```no_run
    /// # fn extract() {}
    /// fn main() -> std::process::ExitCode {
    ///     airflow_sdk::bundle! { "sales" => { extract } }.serve()
    /// }
    /// ```
    ///
    /// Once the outcome is delivered and the log is out, no code of the program runs any more: no exit handler (`atexit`) of a
    /// library, no destructor of a static or a thread-local variable or of anything on the stack of `main`. Airflow 3.3.2 goes by the
    /// exit code even then, so that a library that aborts in an exit handler would turn a success into a failure. Standard output is
    /// flushed: Rust's and, on Linux and macOS, C's. A program that has more to do before the end does it in a function of
    /// [`before_outcome`](Self::before_outcome).
    /// Builds with `-C instrument-coverage` or `-C profile-generate` write their profile, on Linux on x86-64 and aarch64.
    pub fn serve(self) -> ! {
        serve(&self, std::env::args_os().skip(1))
    }
}

/// Does what the command line says, and ends the process.
fn serve(bundle: &Bundle, arguments: impl Iterator<Item = OsString>) -> ! {
    leave(match Command::parse(arguments) {
        Command::Metadata => print_manifest(bundle),
        Command::Serve { comm, logs } => run(bundle, comm, logs),
        Command::Usage(problem) => {
            complain(&usage(bundle, problem.as_deref(), &program()));
            USAGE
        }
    })
}

fn print_manifest(bundle: &Bundle) -> u8 {
    match bundle.manifest() {
        Ok(text) => {
            let mut out = io::stdout().lock();
            match writeln!(out, "{text}").and_then(|()| out.flush()) {
                Ok(()) => SUCCESS,
                Err(_) => FAILURE,
            }
        }
        Err(problems) => {
            for problem in problems {
                complain(&format!("error: {problem}\n"));
            }
            FAILURE
        }
    }
}

fn run(bundle: &Bundle, comm: SocketAddr, logs: SocketAddr) -> u8 {
    let session = match Session::new(Levels::from_environment(), true) {
        Ok(session) => session,
        Err(error) => {
            complain(&format!("error: the task can't be served: {error}\n"));
            return FAILURE;
        }
    };
    logging::install();
    panic::install();
    if let Err(error) = session.hear_signals() {
        complain(&format!(
            "warning: signals will end this task without a report: {error}\n"
        ));
    }
    let route = std::sync::Arc::clone(&session.route);
    match session.run(bundle, comm, logs) {
        Ok(code) => code,
        Err(error) => {
            // Also on standard error, for the cases where the log socket was never there.
            complain(&format!("error: {error}\n"));
            complain(&String::from_utf8_lossy(&route.sink.take_unsent()));
            FAILURE
        }
    }
}

/// Writes to standard error, as well as it goes.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

fn program() -> String {
    let program = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = program.as_deref().and_then(std::path::Path::file_name);
    name.map_or_else(
        || "this program".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn usage(bundle: &Bundle, problem: Option<&str>, program: &str) -> String {
    // Writing to a string has no way to fail.
    let mut text = problem
        .map(|problem| format!("error: {problem}\n\n"))
        .unwrap_or_default();
    let _ = write!(
        text,
        "{program} holds tasks for Apache Airflow (airflow-sdk {SDK_VERSION}). It serves:\n\n"
    );
    for (dag, tasks) in bundle.tasks() {
        let _ = writeln!(text, "  {dag}: {}", tasks.join(", "));
    }
    for problem in bundle.problems() {
        let _ = writeln!(text, "  error: {problem}");
    }
    let _ = write!(
        text,
        "\nAirflow's worker starts it, with {COMM_FLAG} and {LOGS_FLAG}; there is nothing to run by hand.\n\n\
         Pack it for Airflow:  cargo airflow-bundle --release\n\
         Print its manifest:   {program} {METADATA_FLAG}\n\
         Try a task:           airflow_sdk::testing, in a test of yours\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Command, usage};

    fn parse(arguments: &[&str]) -> Command {
        Command::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn command_lines() {
        assert_eq!(parse(&[]), Command::Usage(None));
        assert_eq!(parse(&["--airflow-metadata"]), Command::Metadata);
        let (comm, logs) = ([127, 0, 0, 1], [127, 0, 0, 1]);
        assert_eq!(
            parse(&["--comm=127.0.0.1:4000", "--logs=127.0.0.1:4001"]),
            Command::Serve {
                comm: (comm, 4000).into(),
                logs: (logs, 4001).into()
            }
        );
        assert!(matches!(
            parse(&["--comm=127.0.0.1:4000"]),
            Command::Usage(Some(_))
        ));
        assert!(matches!(
            parse(&["--comm=nowhere", "--logs=127.0.0.1:1"]),
            Command::Usage(Some(_))
        ));
        assert!(matches!(parse(&["--help"]), Command::Usage(Some(_))));
    }

    #[test]
    fn the_usage_names_the_ids() {
        fn nothing() {}
        let text = usage(
            &crate::bundle! { "sales" => { nothing, "second" => nothing } },
            None,
            "sales-tasks",
        );
        assert!(text.contains("sales: nothing, second"), "{text}");
        assert!(text.contains("cargo airflow-bundle"), "{text}");
    }
}
