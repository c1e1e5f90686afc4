//! Runs `cargo build` and takes the executables from its own messages.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::{Artifact, Message, Package, Target, TargetKind};

use super::options::{CargoOptions, Common};
use super::{CargoError, CargoFailed, Listener};
use crate::interrupt::{self, CargoGuard};

/// cargo's lines are read up to this length, in bytes. No message about an artifact is longer.
const LINE_LIMIT: usize = 64 << 20;

/// An executable that cargo has built.
#[derive(Debug)]
pub struct Built {
    /// Absolute path, as cargo says it.
    pub executable: PathBuf,
    /// Whether it was built without optimizations.
    pub unoptimized: bool,
    /// Where the build scripts of this build have had libraries looked for, as cargo's messages name the folders.
    pub linked_paths: Vec<PathBuf>,
}

/// A bin or an example of a package, which cargo can build.
#[derive(Debug, Clone, Copy)]
pub struct BuildTarget<'a> {
    /// The package.
    pub package: &'a Package,
    /// The bin or example.
    pub target: &'a Target,
}

impl BuildTarget<'_> {
    /// Whether cargo puts the executables of both into one file.
    fn shares_file_with(&self, target: &Target) -> bool {
        self.target.name == target.name && self.target.kind == target.kind
    }
}

/// One call of `cargo build`.
#[derive(Debug)]
pub struct Request<'a> {
    /// The executables that are wanted.
    pub targets: &'a [BuildTarget<'a>],
    /// The flags that choose their packages.
    pub package_args: &'a [OsString],
    /// The value of `--target`, if the flag must be passed.
    pub triple: Option<&'a str>,
    /// The words after `cargo`, such as `build`.
    pub words: &'a [String],
    /// The flags of cargo that the user gave.
    pub options: &'a CargoOptions,
    /// The flags that the user gave for this program and cargo alike.
    pub common: Common,
    /// Arguments of the user for cargo alone.
    pub extra: &'a [OsString],
}

/// Builds what is asked for, one executable for each of `request.targets`, in this order.
///
/// # Errors
/// If cargo cannot be run or fails, or if its messages do not name one executable for each target.
pub fn build(request: &Request<'_>, listener: &mut dyn Listener) -> Result<Vec<Built>, CargoError> {
    let mut command = command(request);
    listener.starting(&super::shown(&command));
    let words = request.words.join(" ");
    let messages = run(&mut command, &words, request.options.json(), listener)?;
    let targets = request.targets.iter();
    targets.map(|one| find(&messages, *one, &words)).collect()
}

fn command(request: &Request<'_>) -> Command {
    let mut command = super::command();
    command.args(request.words);
    command.args(request.options.build_args(request.common));
    command.args(request.package_args);
    let mut names: Vec<(&str, &str)> = Vec::new();
    for one in request.targets {
        let kind = if one.target.kind.contains(&TargetKind::Example) {
            "--example"
        } else {
            "--bin"
        };
        let flag = (kind, one.target.name.as_str());
        if !names.contains(&flag) {
            names.push(flag);
        }
    }
    for (flag, name) in names {
        command.args([flag, name]);
    }
    if let Some(triple) = request.triple {
        command.args(["--target", triple]);
    }
    command.args(request.extra);
    command
}

/// The messages of one call of cargo, as far as they are needed.
#[derive(Default)]
struct Messages {
    artifacts: Vec<Artifact>,
    linked_paths: Vec<PathBuf>,
}

/// Runs cargo to its end, whatever it says on the way.
fn run(
    command: &mut Command,
    words: &str,
    json: bool,
    listener: &mut dyn Listener,
) -> Result<Messages, CargoError> {
    let shown = super::shown(command);
    command.stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Err(CargoError::NotStarted(shown, error)),
    };
    let guard = CargoGuard::new(child.id());
    let mut messages = Messages::default();
    let mut finished = None;
    let read = match child.stdout.take() {
        Some(stdout) => {
            let pass_on = json.then_some(listener);
            read_messages(BufReader::new(stdout), pass_on, |message| match message {
                Message::CompilerArtifact(artifact) => messages.artifacts.push(artifact),
                Message::BuildScriptExecuted(script) => {
                    let paths = script.linked_paths.into_iter();
                    messages.linked_paths.extend(paths.map(PathBuf::from));
                }
                Message::BuildFinished(end) => finished = Some(end.success),
                _ => {}
            })
        }
        None => Ok(()),
    };
    let status = child
        .wait()
        .map_err(|error| CargoError::Wait(shown, error))?;
    drop(guard);
    interrupt::check_after(status)?;
    read.map_err(|error| CargoError::Messages(words.to_owned(), error))?;
    if !status.success() || finished == Some(false) {
        return Err(CargoError::Failed(CargoFailed {
            words: words.to_owned(),
            status,
            stderr: Vec::new(),
        }));
    }
    Ok(messages)
}

/// Reads cargo's lines as they arrive, and passes them on to `listener`, if there is one. `take` gets the messages
/// among them.
fn read_messages(
    mut stdout: impl io::BufRead,
    mut listener: Option<&mut dyn Listener>,
    mut take: impl FnMut(Message),
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::Read::take(&mut stdout, LINE_LIMIT as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        // After a signal the program says nothing but that it was interrupted.
        if let Some(listener) = &mut listener
            && interrupt::check().is_ok()
        {
            listener.message(&line)?;
        }
        // Compiler messages are by far the most and the longest; they are of no use here.
        if let Ok(message) = serde_json::from_slice(&line) {
            take(message);
        }
    }
}

/// The executable of one target, as cargo's messages name it.
fn find(messages: &Messages, wanted: BuildTarget<'_>, words: &str) -> Result<Built, CargoError> {
    let BuildTarget { package, target } = wanted;
    let artifacts = &messages.artifacts;
    let mut found: Option<(PathBuf, &Artifact)> = None;
    for artifact in artifacts {
        let Some(executable) = &artifact.executable else {
            continue;
        };
        let is_it = artifact.package_id == package.id
            && wanted.shares_file_with(&artifact.target)
            && !artifact.profile.test;
        let path = executable.clone().into_std_path_buf();
        if is_it {
            if let Some((other, _)) = &found
                && *other != path
            {
                return Err(CargoError::BuiltTwice {
                    target: target.name.clone(),
                    executables: [other.clone(), path],
                });
            }
            found = Some((path, artifact));
        }
    }
    let Some((executable, artifact)) = found else {
        return Err(CargoError::NotBuilt {
            words: words.to_owned(),
            target: target.name.clone(),
            package: package.name.to_string(),
        });
    };
    if let Some(other) = artifacts.iter().find(|other| {
        let same_path = other
            .executable
            .as_ref()
            .is_some_and(|path| path.as_std_path() == executable);
        same_path && other.package_id != package.id
    }) {
        return Err(CargoError::Overwritten {
            executable,
            package: package.name.to_string(),
            other: other.package_id.repr.clone(),
        });
    }
    Ok(Built {
        executable,
        unoptimized: artifact.profile.opt_level == "0",
        linked_paths: messages.linked_paths.clone(),
    })
}

/// Refuses two executables that cargo would put into one file: the later one replaces the other, even
/// where each is built by a call of its own.
///
/// # Errors
/// [`CargoError::SharedName`].
pub fn check_names(targets: &[BuildTarget<'_>]) -> Result<(), CargoError> {
    for (index, one) in targets.iter().enumerate() {
        let mut others = targets.iter().skip(index + 1);
        if let Some(other) = others.find(|other| one.shares_file_with(other.target)) {
            return Err(CargoError::SharedName {
                name: one.target.name.clone(),
                packages: [one, other].map(|one| one.package.name.to_string()),
            });
        }
    }
    Ok(())
}

/// Whether one of `packages` has a target that is not wanted but has the name of one that is:
/// `cargo build -p a -p b --bin x` would build it too.
pub fn names_are_shared(packages: &[&Package], wanted: &[BuildTarget<'_>]) -> bool {
    packages.iter().any(|package| {
        package.targets.iter().any(|target| {
            let has_its_name = wanted.iter().any(|one| one.shares_file_with(target));
            let is_wanted = wanted
                .iter()
                .any(|one| one.package.id == package.id && one.target == target);
            has_its_name && !is_wanted
        })
    })
}
