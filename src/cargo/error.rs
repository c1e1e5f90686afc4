//! Why cargo did not do what it was asked to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::interrupt::Interrupted;
use crate::text::{did_you_mean, listed};

/// Why a call of cargo gave nothing that could be used. A command line stands as it was shown.
#[derive(Debug)]
pub enum CargoError {
    /// cargo could not be started with this command line.
    NotStarted(String, io::Error),
    /// The output of this command line could not be read.
    Output(String, io::Error),
    /// The end of this command line could not be waited for.
    Wait(String, io::Error),
    /// The program was asked to stop while cargo ran.
    Interrupted(Interrupted),
    /// cargo ended without success.
    Failed(CargoFailed),
    /// The messages of `cargo WORDS` could not be read.
    Messages(String, io::Error),
    /// `cargo metadata` printed no UTF-8.
    MetadataText(std::string::FromUtf8Error),
    /// `cargo metadata` printed something else than its JSON.
    Metadata(cargo_metadata::Error),
    /// This cargo does not say which members a workspace builds by default.
    TooOld,
    /// The current folder is not known.
    CurrentFolder(io::Error),
    /// No member of the workspace has this package spec.
    NoPackage {
        /// The spec.
        spec: String,
        /// The members, with versions if the spec has one.
        members: Vec<String>,
    },
    /// `cargo pkgid` does not know this package spec.
    UnknownPackage {
        /// The spec.
        spec: String,
        /// What cargo wrote to stderr.
        stderr: String,
    },
    /// One call built two executables for one target.
    BuiltTwice {
        /// The name of the target.
        target: String,
        /// Both executables.
        executables: [PathBuf; 2],
    },
    /// `cargo WORDS` built no executable for a target.
    NotBuilt {
        /// The words.
        words: String,
        /// The name of the target.
        target: String,
        /// The package of the target.
        package: String,
    },
    /// Two packages put different executables at one path.
    Overwritten {
        /// The path.
        executable: PathBuf,
        /// The package whose executable was wanted.
        package: String,
        /// The id of the other package.
        other: String,
    },
    /// Two targets have one name, so that cargo would put both executables into one file.
    SharedName {
        /// The name.
        name: String,
        /// The packages of both targets.
        packages: [String; 2],
    },
}

/// A cargo that ended without success, after it said why.
#[derive(Debug)]
pub struct CargoFailed {
    /// The words after `cargo`, such as `build`.
    pub words: String,
    /// How the process ended. It may have ended with success after a message that the build failed.
    pub status: ExitStatus,
    /// What it wrote to stderr, where that was not shown while it ran.
    pub stderr: Vec<u8>,
}

impl fmt::Display for CargoFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`cargo {}` failed", self.words)
    }
}

impl fmt::Display for CargoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(command, _) => write!(
                f,
                "failed to run `{command}`; is cargo on the `PATH`, or named by the variable `CARGO`?"
            ),
            Self::Output(command, _) => write!(f, "failed to read what `{command}` printed"),
            Self::Wait(command, _) => write!(f, "failed to wait for `{command}`"),
            Self::Interrupted(interrupted) => interrupted.fmt(f),
            Self::Failed(failed) => failed.fmt(f),
            Self::Messages(words, _) => {
                write!(f, "failed to read the messages of `cargo {words}`")
            }
            Self::MetadataText(_) => f.write_str("`cargo metadata` printed no UTF-8"),
            Self::Metadata(_) => f.write_str("failed to read `cargo metadata`"),
            Self::TooOld => f.write_str(
                "this cargo is older than 1.71; a newer one is needed (`rustup update`)",
            ),
            Self::CurrentFolder(_) => f.write_str("failed to find the current folder"),
            Self::NoPackage { spec, members } => {
                let members: Vec<_> = members.iter().map(String::as_str).collect();
                write!(
                    f,
                    "no package `{spec}` in this workspace{}; its members are {}",
                    did_you_mean(spec, &members),
                    listed(&members)
                )
            }
            Self::UnknownPackage { spec, stderr } => {
                write!(f, "cargo does not know the package `{spec}`: {stderr}")
            }
            Self::BuiltTwice {
                target,
                executables: [one, other],
            } => write!(
                f,
                "cargo built `{target}` twice: `{}` and `{}`; choose one with `--target`",
                one.display(),
                other.display()
            ),
            Self::NotBuilt {
                words,
                target,
                package,
            } => write!(
                f,
                "`cargo {words}` built no executable for `{target}` of package `{package}`"
            ),
            Self::Overwritten {
                executable,
                package,
                other,
            } => write!(
                f,
                "two packages build `{}`: `{package}` and `{other}`; the later one overwrites the other. Rename a \
                 bin, or pack one package at a time with `-p`",
                executable.display()
            ),
            Self::SharedName {
                name,
                packages: [one, other],
            } => write!(
                f,
                "`{name}` is an executable of both package `{one}` and package `{other}`, and cargo puts both \
                 into one file. Rename one, or pack one package at a time with `-p`"
            ),
        }
    }
}

impl Error for CargoError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotStarted(_, error)
            | Self::Output(_, error)
            | Self::Wait(_, error)
            | Self::Messages(_, error)
            | Self::CurrentFolder(error) => Some(error),
            Self::MetadataText(error) => Some(error),
            Self::Metadata(error) => Some(error),
            Self::Interrupted(_)
            | Self::Failed(_)
            | Self::TooOld
            | Self::NoPackage { .. }
            | Self::UnknownPackage { .. }
            | Self::BuiltTwice { .. }
            | Self::NotBuilt { .. }
            | Self::Overwritten { .. }
            | Self::SharedName { .. } => None,
        }
    }
}

impl From<Interrupted> for CargoError {
    fn from(interrupted: Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_reason_is_the_source() {
        let reason = || io::Error::from(io::ErrorKind::NotFound);
        let error = CargoError::NotStarted("cargo build".to_owned(), reason());
        assert_eq!(
            error.source().map(ToString::to_string),
            Some(reason().to_string())
        );
        assert!(CargoError::TooOld.source().is_none());
    }
}
