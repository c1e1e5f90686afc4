//! A command that is run with nothing in its environment that makes cargo or the program act differently, and what it
//! leaves behind.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::outcome::Outcome;

/// The folder of this repository's root package.
pub const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

/// No run takes nearly as long; one that does hangs.
const TIME_LIMIT: Duration = Duration::from_mins(8);

/// The triple of this machine.
pub fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Run::new(Command::new(rustc), Path::new(REPOSITORY)).arg("-vV");
    let outcome = run.run().ok();
    let line = outcome
        .text()
        .lines()
        .find_map(|line| line.strip_prefix("host: "));
    line.expect("rustc names its host").to_owned()
}

/// Removes from the environment whatever makes cargo or the program act differently.
pub fn scrub(command: &mut Command) {
    const KEPT: [&str; 2] = ["CARGO", "CARGO_HOME"];
    const PREFIXES: [&str; 3] = ["CARGO", "RUST", "CLICOLOR"];
    const NAMES: [&str; 7] = [
        "NO_COLOR",
        "CI",
        "TF_BUILD",
        "SOURCE_DATE_EPOCH",
        "MAKEFLAGS",
        // Set by the cargo that runs the tests.
        "LD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
    ];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let kept = KEPT.contains(&&*text) || text.starts_with("RUSTUP");
        let unwanted = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        if !kept && (unwanted || NAMES.contains(&&*text)) {
            command.env_remove(&name);
        }
    }
}

/// A run that is being prepared.
pub struct Run(Command);

impl Run {
    /// A command with a clean environment.
    pub fn new(mut command: Command, folder: &Path) -> Self {
        scrub(&mut command);
        command.current_dir(folder);
        Self(command)
    }

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

    /// The `PATH` of the run.
    pub fn path(&self) -> OsString {
        let mut variables = self.0.get_envs();
        let path = variables.find_map(|(name, value)| (name == "PATH").then_some(value?));
        path.expect("a PATH").to_owned()
    }

    /// Another current folder.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs to the end, or fails the test when the end does not come.
    #[track_caller]
    pub fn run(mut self) -> Outcome {
        run(&mut self.0)
    }
}

/// Runs a command to its end, or fails the test when the end does not come.
#[track_caller]
pub fn run(command: &mut Command) -> Outcome {
    let words = words(command);
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{words}: {error}"));
    let stdout = reader(child.stdout.take().unwrap());
    let stderr = reader(child.stderr.take().unwrap());
    let end = start + TIME_LIMIT;
    let mut rest = |text: &mpsc::Receiver<Vec<u8>>| {
        let left = end.saturating_duration_since(Instant::now());
        text.recv_timeout(left)
            .unwrap_or_else(|_| hung(&mut child, &words))
    };
    let (stdout, stderr) = (rest(&stdout), rest(&stderr));
    let status = child.wait().unwrap();
    let output = Output {
        status,
        stdout,
        stderr,
    };
    let mut outcome = Outcome::new(output, start.elapsed());
    outcome.stderr = without_waiting(&outcome.stderr);
    outcome.words = words;
    outcome
}

/// Runs a command that has to succeed; `hint` says what to do when it does not.
#[track_caller]
pub fn succeeded(command: &mut Command, hint: &str) -> Outcome {
    let outcome = run(command);
    assert_eq!(outcome.code, 0, "{hint}: {outcome:#?}");
    outcome
}

fn words(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Without the lines by which cargo says that another cargo holds a lock, be it of another test or of no test at all.
fn without_waiting(stderr: &str) -> String {
    let lines = stderr.split_inclusive('\n');
    lines
        .filter(|line| !line.contains("waiting for file lock on"))
        .collect()
}

fn hung(child: &mut Child, words: &str) -> ! {
    let _ = child.kill();
    panic!("still running after {TIME_LIMIT:?}: {words}");
}

/// Reads to the end on a thread of its own.
fn reader(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        // A test that has failed listens no more.
        let _ = sender.send(bytes);
    });
    receiver
}
