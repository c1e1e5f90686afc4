//! Runs `cargo build` and takes the executables from its own messages.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use cargo_metadata::{Artifact, Message, Package, Target, TargetKind};

use super::builder::Builder;
use super::options::{CargoOptions, Common};
use super::select::Selected;
use crate::exit::{CargoFailed, ERROR, SIGNAL_BASE};
use crate::interrupt::{self, CargoGuard};
use crate::platform;
use crate::shell::Shell;

/// The longest line of cargo's that is understood, in bytes; longer ones hold no artifact.
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

/// What one `cargo build` is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The executables.
    pub selected: &'a [&'a Selected<'a>],
    /// The flags that choose their packages.
    pub packages: &'a [OsString],
    /// `--target`, if it must be passed.
    pub triple: Option<&'a str>,
    /// What is run.
    pub builder: &'a Builder,
    /// Arguments after `--`.
    pub extra: &'a [OsString],
}

/// Builds what is asked for, one executable for each of `request.selected`, in this order.
pub fn build(
    request: &Request<'_>,
    options: &CargoOptions,
    common: Common,
    shell: &mut Shell,
) -> anyhow::Result<Vec<Built>> {
    let mut command = command(request, options, common);
    shell.verbose("Running", format!("`{}`", super::shown(&command)));
    let messages = run(&mut command, request.builder, options.json(), shell)?;
    request
        .selected
        .iter()
        .map(|one| find(&messages, one.package, one.target, request.builder))
        .collect()
}

fn command(request: &Request<'_>, options: &CargoOptions, common: Common) -> Command {
    let mut command = super::command();
    command.args(request.builder.words());
    command.args(options.build_args(common));
    command.args(request.packages);
    let mut names: Vec<(&str, &str)> = Vec::new();
    for one in request.selected {
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

/// What cargo's messages say of a build.
#[derive(Default)]
struct Messages {
    artifacts: Vec<Artifact>,
    linked_paths: Vec<PathBuf>,
}

/// Runs cargo to its end, whatever it says on the way.
fn run(
    command: &mut Command,
    builder: &Builder,
    json: bool,
    shell: &mut Shell,
) -> anyhow::Result<Messages> {
    let words = super::shown(command);
    command.stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| super::not_started(command))?;
    let guard = CargoGuard::new(child.id());
    let mut messages = Messages::default();
    let mut finished = None;
    let read = match child.stdout.take() {
        Some(stdout) => read_messages(
            BufReader::new(stdout),
            json,
            shell,
            |message| match message {
                Message::CompilerArtifact(artifact) => messages.artifacts.push(artifact),
                Message::BuildScriptExecuted(script) => {
                    let paths = script.linked_paths.into_iter();
                    messages.linked_paths.extend(paths.map(PathBuf::from));
                }
                Message::BuildFinished(end) => finished = Some(end.success),
                _ => {}
            },
        ),
        None => Ok(()),
    };
    let status = child
        .wait()
        .with_context(|| format!("failed to wait for `{words}`"))?;
    drop(guard);
    interrupt::check_after(status)?;
    read.with_context(|| format!("failed to read the messages of `cargo {builder}`"))?;
    if !status.success() {
        let code = match platform::ending_signal(status) {
            Some(signal) => Some(SIGNAL_BASE + signal),
            None => status.code(),
        };
        let code = code
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(ERROR);
        return Err(CargoFailed {
            code,
            action: builder.to_string(),
            triple: None,
        }
        .into());
    }
    if finished == Some(false) {
        return Err(CargoFailed {
            code: ERROR,
            action: builder.to_string(),
            triple: None,
        }
        .into());
    }
    Ok(messages)
}

/// Reads cargo's lines as they arrive. Lines that are no message of cargo's are passed over.
fn read_messages(
    mut stdout: impl io::BufRead,
    json: bool,
    shell: &mut Shell,
    mut take: impl FnMut(Message),
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::Read::take(&mut stdout, LINE_LIMIT as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        // Once asked to stop, nothing is left to say but that.
        if json && interrupt::check().is_ok() {
            shell.result_bytes(&line)?;
        }
        // Compiler messages are by far the most and the longest; they are of no use here.
        if let Ok(message) = serde_json::from_slice(&line) {
            take(message);
        }
    }
}

/// The executable of one target, in cargo's own words.
fn find(
    messages: &Messages,
    package: &Package,
    target: &Target,
    builder: &Builder,
) -> anyhow::Result<Built> {
    let artifacts = &messages.artifacts;
    let mut found: Option<(PathBuf, &Artifact)> = None;
    for artifact in artifacts {
        let Some(executable) = &artifact.executable else {
            continue;
        };
        let is_it = artifact.package_id == package.id
            && artifact.target.name == target.name
            && artifact.target.kind == target.kind
            && !artifact.profile.test;
        let path = executable.clone().into_std_path_buf();
        if is_it {
            if let Some((other, _)) = &found
                && *other != path
            {
                bail!(
                    "cargo built `{}` twice: `{}` and `{}`; choose one with `--target`",
                    target.name,
                    other.display(),
                    path.display()
                );
            }
            found = Some((path, artifact));
        }
    }
    let Some((executable, artifact)) = found else {
        bail!(
            "`cargo {builder}` built no executable for `{}` of package `{}`",
            target.name,
            package.name
        );
    };
    if let Some(other) = artifacts.iter().find(|other| {
        let same_path = other
            .executable
            .as_ref()
            .is_some_and(|path| path.as_std_path() == executable);
        same_path && other.package_id != package.id
    }) {
        bail!(
            "two packages build `{}`: `{}` and `{}`; the later one overwrites the other. Rename a \
             bin, or pack one package at a time with `-p`",
            executable.display(),
            package.name,
            other.package_id.repr
        );
    }
    Ok(Built {
        executable,
        unoptimized: artifact.profile.opt_level == "0",
        linked_paths: messages.linked_paths.clone(),
    })
}

/// Refuses two executables that cargo would put in one place: the later one replaces the other, even
/// where each is built by a call of its own.
pub fn check_names(selected: &[Selected<'_>]) -> anyhow::Result<()> {
    for (index, one) in selected.iter().enumerate() {
        let same = |other: &&Selected<'_>| {
            other.target.name == one.target.name && other.target.kind == one.target.kind
        };
        if let Some(other) = selected.iter().skip(index + 1).find(same) {
            bail!(
                "`{}` is an executable of both package `{}` and package `{}`, and cargo puts both \
                 into one file. Rename one, or pack one package at a time with `-p`",
                one.target.name,
                one.package.name,
                other.package.name
            );
        }
    }
    Ok(())
}

/// Whether one of these packages has a target that is not selected but has the name of one that is:
/// `cargo build -p a -p b --bin x` would build it too.
pub fn names_are_shared(packages: &[&Package], selected: &[&Selected<'_>]) -> bool {
    packages.iter().any(|package| {
        package.targets.iter().any(|target| {
            let same_name = |other: &&&Selected<'_>| {
                other.target.name == target.name && other.target.kind == target.kind
            };
            let wanted = selected.iter().find(same_name).is_some();
            let chosen = selected
                .iter()
                .any(|other| other.package.id == package.id && other.target == target);
            wanted && !chosen
        })
    })
}
