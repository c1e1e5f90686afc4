//! The command line that asks an executable for its manifest.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The flag that asks a bundle executable for its manifest.
pub const METADATA_FLAG: &str = "--airflow-metadata";

/// An executable, and the program that starts it where the system cannot.
#[derive(Debug)]
pub struct Asked {
    runner: Option<(PathBuf, Vec<OsString>)>,
    executable: PathBuf,
    environment: Vec<(OsString, OsString)>,
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

    /// Sets variables for the executable, beside those of this process.
    pub fn in_environment(mut self, variables: Vec<(OsString, OsString)>) -> Self {
        self.environment = variables;
        self
    }

    /// The program that starts the executable, if there is one.
    pub fn runner(&self) -> Option<&Path> {
        self.runner.as_ref().map(|(program, _)| program.as_path())
    }

    /// The command that is run.
    pub fn command(&self) -> Command {
        let mut command = match &self.runner {
            Some((program, args)) => {
                let mut command = Command::new(program);
                command.args(args).arg(&self.executable);
                command
            }
            None => Command::new(&self.executable),
        };
        command.arg(METADATA_FLAG);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
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
