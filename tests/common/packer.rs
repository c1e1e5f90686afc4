//! Runs the packer as a user does, on small executables that are built once.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test binary uses a part of this; a failed unwrap fails the test"
)]

mod outcome;
mod run;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

#[allow(unused_imports, reason = "each test binary uses a part of these")]
pub use outcome::Outcome;
#[allow(unused_imports, reason = "each test binary uses a part of these")]
pub use run::{run, scrub, succeeded};

/// The packer with a clean environment.
pub fn packer() -> Command {
    let mut command = Command::new(run::PROGRAM);
    command.arg("airflow-bundle");
    scrub(&mut command);
    command.stdin(Stdio::null());
    command
}

/// Runs the packer with `args`.
#[track_caller]
pub fn packed_with<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Outcome {
    run(packer().args(args))
}

/// The bin `name` of `test-projects/misbehaving`, built once for a test run.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-projects/misbehaving");
        let messages = escargot::CargoBuild::new()
            .manifest_path(project.join("Cargo.toml"))
            .target_dir(Path::new(env!("CARGO_TARGET_TMPDIR")).join("misbehaving"))
            .arg("--locked")
            .release()
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .exec()
            .unwrap();
        let mut found = HashMap::new();
        for message in messages {
            let message = message.unwrap();
            if let escargot::format::Message::CompilerArtifact(artifact) = message.decode().unwrap()
                && let Some(executable) = artifact.executable
            {
                let executable = executable.into_owned();
                let name = executable.file_name().unwrap().to_str().unwrap().to_owned();
                found.insert(name, executable);
            }
        }
        found
    });
    built
        .get(name)
        .unwrap_or_else(|| panic!("no bin `{name}` among {built:?}"))
        .clone()
}

/// A folder for one test, with a copy of `prints_file` and a source.
pub struct Bench {
    folder: tempfile::TempDir,
}

/// The name of the executable in a bench.
pub const EXECUTABLE: &str = "etl";
/// The source file in a bench.
pub const SOURCE: &str = "fn main() {\n    // größe 日本 😀\n}\n";

impl Bench {
    pub fn new() -> Self {
        Self::with_program("prints_file")
    }

    /// The executable is a copy of the bin `name`.
    pub fn with_program(name: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("bench größe ")
            .tempdir()
            .unwrap();
        let bench = Self { folder };
        fs::copy(program(name), bench.path(EXECUTABLE)).unwrap();
        fs::write(bench.path("main.rs"), SOURCE).unwrap();
        bench
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// `--executable etl --source main.rs`, in the folder of the bench.
    pub fn packer(&self) -> Command {
        self.packer_with_limit(1)
    }

    /// The same, with another limit for the executable, in seconds.
    pub fn packer_with_limit(&self, seconds: u32) -> Command {
        let mut command = packer();
        command.current_dir(self.root());
        command.args(["--executable", EXECUTABLE, "--source", "main.rs"]);
        command.args(["--introspect-timeout", &seconds.to_string()]);
        command.env("PID_FILE", self.pid_file());
        command
    }

    fn pid_file(&self) -> PathBuf {
        self.path(".pids")
    }

    /// The processes that the executables of this bench have started.
    pub fn processes(&self) -> Vec<u32> {
        let text = fs::read_to_string(self.pid_file()).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Packs a manifest that the executable prints, to the default place.
    pub fn pack(&self, manifest: impl AsRef<[u8]>, args: &[&str]) -> Outcome {
        let file = self.write(".manifest", manifest);
        run(self.packer().args(args).env("MANIFEST_FILE", file))
    }

    /// Packs, and returns the bundle's path.
    #[track_caller]
    pub fn bundle(&self, manifest: impl AsRef<[u8]>) -> PathBuf {
        let outcome = self.pack(manifest, &[]).ok();
        let path = PathBuf::from(outcome.text().strip_suffix('\n').unwrap());
        assert!(path.is_absolute());
        path
    }

    /// Paths below the bench, without what the bench itself keeps there.
    pub fn listing(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.root(), "", &mut found);
        found.retain(|path| !matches!(path.as_str(), ".pids" | ".manifest"));
        found.sort();
        found
    }
}

fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
            found.push(format!("{name}/"));
        } else {
            found.push(name);
        }
    }
}

/// The default place of a bench's bundle.
pub const BUNDLE: &str = "airflow-bundle/etl";

/// A manifest without fault, each value on a line of its own.
pub const MANIFEST: &str = r#"{
  "airflow_bundle_metadata_version": "1.0",
  "dags": {
    "sales": {
      "tasks": [
        "extract",
        "load"
      ]
    }
  },
  "sdk": {
    "language": "rust",
    "supervisor_schema_version": "2026-06-16",
    "version": "0.1.0"
  }
}
"#;

/// A manifest without fault that serves `dag`.
pub fn manifest_for(dag: &str) -> String {
    replaced(MANIFEST, "\"sales\"", &serde_json::to_string(dag).unwrap())
}

/// `text` with its only `old` replaced: a test whose edit finds nothing would test nothing.
#[track_caller]
pub fn replaced(text: &str, old: &str, new: &str) -> String {
    assert_eq!(
        text.matches(old).count(),
        1,
        "{old:?} stands not once in {text}"
    );
    text.replace(old, new)
}

/// Permission bits.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Whether a process runs. One that has ended and that nobody has waited for does not.
pub fn is_running(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"));
    stat.is_ok_and(|stat| {
        let state = stat.rsplit_once(')').unwrap().1.trim_start().chars().next();
        !matches!(state, Some('Z' | 'X'))
    })
}

/// Waits until `done` says so; fails after `limit`.
#[track_caller]
pub fn wait_for(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "waited {limit:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A bundle put together by hand, for what the packer would not write.
pub fn assemble(executable: &[u8], source: &[u8], manifest: &[u8]) -> Vec<u8> {
    let trailer = cargo_airflow_bundle::bundle::trailer::Trailer {
        source_len: u32::try_from(source.len()).unwrap(),
        metadata_len: u32::try_from(manifest.len()).unwrap(),
        binary_sha256: cargo_airflow_bundle::bundle::digest::Sha256Digest::of(executable).0,
    };
    [executable, source, manifest, &trailer.encode()].concat()
}
