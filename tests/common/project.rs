//! A copy of a test project, and cargo run in it as a user runs it: with the program on `PATH`, and nothing else in the
//! environment that makes cargo act differently.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test binary uses a part of this; a test that cannot go on has failed"
)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

/// The folder of this repository's root package.
pub const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// No run takes nearly as long; one that does hangs.
const TIME_LIMIT: Duration = Duration::from_mins(5);

/// A test project in a folder of its own.
pub struct Project {
    /// Removed at the end.
    _folder: Option<TempDir>,
    root: PathBuf,
}

impl Project {
    /// A copy of `test-projects/<name>` in a folder with a name as users have them, too.
    pub fn copy(name: &str) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let root = folder.path().canonicalize().unwrap().join("projekt größe");
        copy_folder(&test_project(name), &root);
        Self {
            _folder: Some(folder),
            root,
        }
    }

    /// A copy that stays where it is, so that cargo finds what it has built before.
    pub fn copy_to(name: &str, root: &Path) -> Self {
        copy_folder(&test_project(name), root);
        Self {
            _folder: None,
            root: root.canonicalize().unwrap(),
        }
    }

    /// The folder of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the project.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Writes a file of the project, with the folders that lead to it.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `cargo <args>`; the arguments hold no spaces.
    pub fn cargo(&self, args: &str) -> Run {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.command(cargo).args(args)
    }

    /// Another program, in the folder of the project.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Run {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let ours = Path::new(PROGRAM).parent().unwrap().to_owned();
        let folders = std::iter::once(ours).chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        scrub(&mut command);
        command
            .env("PATH", std::env::join_paths(folders).unwrap())
            .current_dir(&self.root);
        Run(command)
    }

    /// Gives the project the versions that this repository was built with, as `Cargo.lock`.
    pub fn lock(&self) {
        let lock = Path::new(REPOSITORY).join("Cargo.lock");
        fs::copy(lock, self.path("Cargo.lock")).unwrap();
        // Takes out what the project does not use.
        let update = || self.cargo("update --quiet --workspace");
        if update().arg("--offline").run().code != Some(0) {
            update().run().ok();
        }
    }
}

fn test_project(name: &str) -> PathBuf {
    Path::new(REPOSITORY).join("test-projects").join(name)
}

/// A configuration file that puts a crate of this repository in the place of the published one.
pub fn patches(names: &[&str]) -> String {
    let patch = |name: &&str| match *name {
        "cargo-airflow-bundle" => format!("{name}.path = '{REPOSITORY}'"),
        _ => format!("{name}.path = '{REPOSITORY}/sdk'"),
    };
    let lines: Vec<_> = names.iter().map(patch).collect();
    format!("[patch.crates-io]\n{}\n", lines.join("\n"))
}

/// Removes whatever makes cargo or the program act differently.
fn scrub(command: &mut Command) {
    const KEPT: [&str; 2] = ["CARGO", "CARGO_HOME"];
    const NAMES: [&str; 7] = [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "CI",
        "MAKEFLAGS",
        // Set by the cargo that runs the tests.
        "LD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
    ];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let cargos = text.starts_with("CARGO") && !KEPT.contains(&&*text);
        let compilers = text.starts_with("RUST") && !text.starts_with("RUSTUP");
        if cargos || compilers || NAMES.contains(&&*text) {
            command.env_remove(&name);
        }
    }
}

/// A run that is being prepared.
pub struct Run(Command);

impl Run {
    /// Arguments without spaces.
    pub fn args(mut self, args: &str) -> Self {
        self.0.args(args.split_whitespace());
        self
    }

    /// One argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.env(name, value.into());
        self
    }

    /// Another current folder.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs to the end, or fails the test when the end does not come.
    pub fn run(mut self) -> Outcome {
        let words = format!("{:?}", self.0);
        let streams = self.0.stdin(Stdio::null());
        let streams = streams.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = streams
            .spawn()
            .unwrap_or_else(|error| panic!("{words}: {error}"));
        let (status, stdout, stderr) = wait(child, &words);
        Outcome {
            words,
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

fn wait(child: Child, words: &str) -> (ExitStatus, Vec<u8>, Vec<u8>) {
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // A test that has failed listens no more.
        let _ = sender.send(child.wait_with_output());
    });
    let Ok(output) = receiver.recv_timeout(TIME_LIMIT) else {
        let _ = Command::new("kill").arg(id.to_string()).status();
        panic!("still running after {TIME_LIMIT:?}: {words}");
    };
    let output = output.unwrap();
    (output.status, output.stdout, output.stderr)
}

/// What a run left behind.
pub struct Outcome {
    words: String,
    /// The exit code, if no signal ended it.
    pub code: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Outcome {
    /// The exit code must be this one.
    #[track_caller]
    pub fn must_end_with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\nstdout: {}\nstderr: {}",
            self.words,
            self.stdout,
            self.stderr
        );
        self
    }

    /// It must have worked.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.must_end_with(0)
    }

    /// stdout must be one line, with the path of a bundle.
    #[track_caller]
    pub fn bundle(self) -> PathBuf {
        let outcome = self.ok();
        let path = PathBuf::from(outcome.stdout.trim_end());
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(bytes.ends_with(b"AFBNDL01"), "{}", path.display());
        path
    }

    /// The lines of JSON on stdout.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        self.stdout.lines().map(parse).collect()
    }
}

/// Copies what has changed, without what was built or locked in place: cargo goes by the time of the last change.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" || entry.file_name() == "Cargo.lock" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&from, &to);
        } else if fs::read(&to).ok() != fs::read(&from).ok() {
            fs::copy(&from, &to).unwrap();
        }
    }
}
