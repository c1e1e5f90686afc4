//! A copy of a test project, and the program run in it with a clean environment.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::sdk;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

/// No run takes nearly as long; one that does hangs.
const TIME_LIMIT: Duration = Duration::from_mins(4);

/// A test project in a folder of its own, which is removed at the end.
pub struct Project {
    _folder: TempDir,
    root: PathBuf,
    /// By cargo's variable, where the project itself does not say where cargo builds.
    build_dir: Option<TempDir>,
}

impl Project {
    /// A copy of `test-projects/<name>`.
    pub fn copy(name: &str) -> Self {
        Self::copy_as(name, name)
    }

    /// A copy in a folder with another name.
    pub fn copy_as(name: &str, folder_name: &str) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        // Paths are compared as text, and macOS's temp folder is reached through a link.
        let root = folder.path().canonicalize().unwrap().join(folder_name);
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("test-projects")
            .join(name);
        copy_folder(&from, &root);
        sdk::lock(name, &root);
        let project = Self {
            _folder: folder,
            root,
            // On the file system of what is linked into it.
            build_dir: Some(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()),
        };
        project.with_sdk_for("").with_sdk_for("--release")
    }

    /// Has the SDK ready for `cargo build <flags>`, in addition to `dev` and `release`.
    pub fn with_sdk_for(self, flags: &str) -> Self {
        if let Some(folder) = &self.build_dir {
            sdk::fill(folder.path(), flags);
        }
        self
    }

    /// Leaves it to the project where cargo builds, and has the SDK ready in this folder of the project.
    pub fn building_in(mut self, folder: &str, flags: &str) -> Self {
        self.build_dir = None;
        sdk::fill(&self.path(folder), flags);
        self
    }

    /// Removes what was built, but for the SDK.
    pub fn clean(&self) {
        fs::remove_dir_all(self.path("target")).unwrap();
        let folder = self.build_dir.as_ref().expect("a folder of its own").path();
        fs::remove_dir_all(folder).unwrap();
        sdk::fill(folder, "");
    }

    /// An empty folder, for a project that does without the SDK.
    pub fn empty() -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let root = folder.path().canonicalize().unwrap();
        Self {
            _folder: folder,
            root,
            build_dir: None,
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

    /// Adds to the end of a file.
    pub fn append(&self, relative: &str, text: &str) {
        let old = fs::read_to_string(self.path(relative)).unwrap();
        self.write(relative, &format!("{old}\n{text}\n"));
    }

    /// Replaces a text that must be there.
    pub fn replace(&self, relative: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(relative)).unwrap();
        assert!(text.contains(old), "{relative} holds no {old:?}");
        self.write(relative, &text.replace(old, new));
    }

    /// A command in the folder of the project.
    pub fn command(&self, command: Command) -> Run {
        // All that is needed was there when this test was built.
        let run = Run::new(command, &self.root).env("CARGO_NET_OFFLINE", "true");
        match &self.build_dir {
            Some(folder) => run.env("CARGO_BUILD_BUILD_DIR", folder.path()),
            None => run,
        }
    }

    /// The program, in the folder of the project, called as cargo calls it.
    pub fn program(&self) -> Run {
        let mut command = Command::new(PROGRAM);
        command.arg("airflow-bundle").arg(sdk::patch());
        self.command(command)
    }

    /// The program with arguments that hold no spaces themselves.
    pub fn pack(&self, args: &str) -> Outcome {
        self.program().args(args).run()
    }

    /// `cargo build <args>`.
    pub fn cargo_build(&self, args: &str) -> Run {
        self.cargo("build").arg(sdk::patch()).args(args)
    }

    /// `cargo <args>`, with the program on `PATH`, where cargo finds it.
    pub fn cargo(&self, args: &str) -> Run {
        let mut folders = vec![Path::new(PROGRAM).parent().unwrap().to_owned()];
        let path = std::env::var_os("PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&path));
        let run = self.command(cargo()).args(args);
        run.env("PATH", std::env::join_paths(folders).unwrap())
    }
}

/// The cargo that runs the tests.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The triple of this machine.
pub fn host() -> String {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    scrub(command.arg("-vV"));
    let output = command.output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("rustc names its host").to_owned()
}

/// Removes from the environment whatever makes cargo or the program act differently; the only place
/// that does.
pub fn scrub(command: &mut Command) {
    const KEPT: [&str; 2] = ["CARGO", "CARGO_HOME"];
    const PREFIXES: [&str; 3] = ["CARGO", "RUSTDOC", "CLICOLOR"];
    const NAMES: [&str; 12] = [
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_BOOTSTRAP",
        "RUSTFLAGS",
        "RUST_BACKTRACE",
        "RUST_LOG",
        "NO_COLOR",
        "CI",
        "TF_BUILD",
        "SOURCE_DATE_EPOCH",
        "MAKEFLAGS",
    ];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let unwanted = PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            || NAMES.contains(&text.as_ref());
        if unwanted && !KEPT.contains(&text.as_ref()) {
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
            status: child.wait().unwrap(),
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
    status: ExitStatus,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Outcome {
    /// The exit code must be this one.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(
            self.status.code(),
            Some(expected),
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
        self.code(0)
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
        let outcome = self.code(code).says(words);
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

    /// The file names of the bundles.
    #[track_caller]
    pub fn names(self) -> Vec<String> {
        let bundles = self.bundles();
        bundles.iter().map(|path| name(path)).collect()
    }

    /// The lines of JSON on stdout.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        self.stdout.lines().map(parse).collect()
    }
}

/// Each line with its end.
pub fn text<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}

/// The file name without `.exe`.
pub fn name(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.trim_end_matches(std::env::consts::EXE_SUFFIX)
        .to_owned()
}

/// Whether a file ends as a bundle does.
pub fn is_bundle(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"AFBNDL01"))
}

/// What `inspect` prints.
pub fn manifest(bundle: &Path) -> String {
    let folder = bundle.parent().unwrap();
    let command = Command::new(PROGRAM);
    let run = Run::new(command, folder).arg("inspect").arg(bundle).run();
    run.ok().stdout
}

/// What `inspect --source` prints.
pub fn source(bundle: &Path) -> String {
    let folder = bundle.parent().unwrap();
    let command = Command::new(PROGRAM);
    let run = Run::new(command, folder)
        .args("inspect --source")
        .arg(bundle);
    run.run().ok().stdout
}

/// All files below a folder that are bundles.
pub fn bundles_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bundles_below(&path));
        } else if is_bundle(&path) {
            found.push(path);
        }
    }
    found
}

/// Copies a project, without what was built of it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_name() == "target" || entry.file_name() == "Cargo.lock" {
            // Left by somebody who has built the project in place. Tests begin without.
        } else if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}
