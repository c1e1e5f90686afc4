//! A command that is run with nothing in its environment that makes cargo or the program act differently, and what it
//! leaves behind.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::REPOSITORY;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

/// No run takes nearly as long; one that does hangs.
const TIME_LIMIT: Duration = Duration::from_mins(5);

/// The triple of this machine.
pub fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Run::new(Command::new(rustc), Path::new(REPOSITORY)).arg("-vV");
    let text = run.run().ok().stdout;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("rustc names its host").to_owned()
}

/// Removes from the environment whatever makes cargo or the program act differently.
fn scrub(command: &mut Command) {
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
    pub fn run(mut self) -> Outcome {
        let words: Vec<_> = std::iter::once(self.0.get_program())
            .chain(self.0.get_args())
            .map(OsStr::to_string_lossy)
            .collect();
        let words = words.join(" ");
        let mut child = self
            .0
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{words}: {error}"));
        let stdout = reader(child.stdout.take().unwrap());
        let stderr = reader(child.stderr.take().unwrap());
        let end = Instant::now() + TIME_LIMIT;
        let mut rest = |text: &mpsc::Receiver<Vec<u8>>| {
            let left = end.saturating_duration_since(Instant::now());
            text.recv_timeout(left)
                .unwrap_or_else(|_| hung(&mut child, &words))
        };
        let (stdout, stderr) = (rest(&stdout), rest(&stderr));
        Outcome {
            words,
            code: child.wait().unwrap().code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: without_waiting(&String::from_utf8(stderr).unwrap()),
        }
    }
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

    /// stderr must hold each of these.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "{}\nno {word:?} in: {}",
                self.words,
                self.stderr
            );
        }
        self
    }

    /// stderr must hold none of these.
    #[track_caller]
    pub fn says_nothing_of(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                !self.stderr.contains(word),
                "{}\n{word:?} in: {}",
                self.words,
                self.stderr
            );
        }
        self
    }

    /// It must have failed with this code, and have written nothing to stdout.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        let outcome = self.must_end_with(code).says(words);
        assert_eq!(outcome.stdout, "", "{}", outcome.words);
        outcome
    }

    /// The paths on stdout, which holds nothing else; each is absolute and a bundle.
    #[track_caller]
    pub fn bundles(self) -> Vec<PathBuf> {
        let outcome = self.ok();
        let paths: Vec<_> = outcome.stdout.lines().map(PathBuf::from).collect();
        for path in &paths {
            assert!(path.is_absolute(), "{}", path.display());
            assert!(is_bundle(path), "{} is no bundle", path.display());
        }
        paths
    }

    /// The only path on stdout.
    #[track_caller]
    pub fn bundle(self) -> PathBuf {
        let mut bundles = self.bundles();
        assert_eq!(bundles.len(), 1, "{bundles:?}");
        bundles.remove(0)
    }

    /// The lines of JSON on stdout.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        self.stdout.lines().map(parse).collect()
    }
}

/// Whether a file ends as a bundle does.
pub fn is_bundle(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"AFBNDL01"))
}
