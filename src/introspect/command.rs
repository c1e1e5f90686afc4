//! The command line that asks an executable for its manifest.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use airflow_protocol::record::METADATA_FLAG;

/// An executable, and the program that starts it where the system cannot.
#[derive(Debug)]
pub struct Asked {
    runner: Option<(PathBuf, Vec<OsString>)>,
    executable: PathBuf,
    environment: Vec<(OsString, Option<OsString>)>,
}

impl Asked {
    /// Asks the executable itself.
    pub fn directly(executable: PathBuf) -> Self {
        Self {
            runner: None,
            executable,
            environment: Vec::new(),
        }
    }

    /// Asks by way of another program, which gets the executable's path behind its own arguments.
    pub fn by_runner(executable: PathBuf, program: PathBuf, args: Vec<OsString>) -> Self {
        Self {
            runner: Some((program, args)),
            executable,
            environment: Vec::new(),
        }
    }

    /// Variables that differ from this process's own; those without a value are taken out.
    #[must_use]
    pub fn with_environment(mut self, changes: Vec<(OsString, Option<OsString>)>) -> Self {
        self.environment = changes;
        self
    }

    /// The program that starts the executable, if there is one.
    pub fn runner(&self) -> Option<&Path> {
        self.runner.as_ref().map(|(program, _)| program.as_path())
    }

    /// The executable.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// The command that starts the executable with `arguments`.
    pub fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = match &self.runner {
            Some((program, args)) => {
                let mut command = Command::new(program);
                command.args(args).arg(&self.executable);
                command
            }
            None => Command::new(&self.executable),
        };
        command.args(arguments);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

impl fmt::Display for Asked {
    /// The words of the command line, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((program, args)) = &self.runner {
            write!(f, "{} ", program.display())?;
            for arg in args {
                write!(f, "{} ", OsStr::display(arg))?;
            }
        }
        write!(f, "{} {METADATA_FLAG}", self.executable.display())
    }
}
