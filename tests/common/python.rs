//! Virtual environments for the tests that need Python packages.
//!
//! Each committed requirements file has one, under the target folder of this package. It is made by the first test
//! that asks, and made anew when the file or the interpreter changes. The first run needs the network.
//!
//! `PYTHON` names the interpreter that makes them (default `python3`).
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test binary uses a part of this; a failed unwrap fails the test"
)]

use std::env;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cargo_airflow_bundle::bundle::digest::Sha256Digest;

/// The folder of the Python files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python")
}

/// A Python with the packages that `tests/python/<requirements>` pins.
pub fn environment(requirements: &str) -> PathBuf {
    let requirements = folder().join(requirements);
    let base = env::var_os("PYTHON")
        .unwrap_or_else(|| if cfg!(windows) { "python" } else { "python3" }.into());
    let version =
        run(Command::new(&base).args(["-c", "import sys; print(sys.version, sys.executable)"]));
    let content = [fs::read(&requirements).unwrap(), version].concat();
    let key = &Sha256Digest::of(&content).to_string()[..16];

    // `CARGO_TARGET_TMPDIR` is `<target folder>/tmp`.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("python")
        .join(key);
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let complete = folder.join("complete");
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    // Tests run side by side, in threads and in processes; one of them installs, the others wait.
    lock.lock().unwrap();
    if !complete.exists() {
        run(Command::new(&base)
            .args(["-m", "venv", "--clear"])
            .arg(&folder));
        // A machine may have its index, or its certificates, set for pip alone.
        if requirements.ends_with(UV) || !uv_installs(&python, &requirements) {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--disable-pip-version-check"]);
            run(pip.args(INSTALL).arg("-r").arg(&requirements));
        }
        fs::write(complete, "").unwrap();
    }
    python
}

/// The environment that holds `uv`.
const UV: &str = "requirements-uv.txt";

/// Nothing is built from source: that would need compilers, and minutes.
const INSTALL: [&str; 3] = ["--quiet", "--only-binary", ":all:"];

/// Installs by `uv`, in a tenth of pip's time, and says whether that worked.
fn uv_installs(python: &Path, requirements: &Path) -> bool {
    let mut uv =
        Command::new(environment(UV).with_file_name(format!("uv{}", env::consts::EXE_SUFFIX)));
    uv.args(["pip", "install"]).args(INSTALL);
    uv.arg("--python").arg(python).arg("-r").arg(requirements);
    // What it downloads goes with the environments.
    let cache = python
        .ancestors()
        .nth(3)
        .expect("the folder of all environments");
    uv.env("UV_CACHE_DIR", cache.join("uv-cache"));
    uv.output().is_ok_and(|output| output.status.success())
}

/// Runs a command to its end and returns its output.
fn run(command: &mut Command) -> Vec<u8> {
    const NEEDS: &str = "This test needs Python 3.10 to 3.13 with venv and pip (Debian: python3-venv), and the network \
                         once. Install it, or name another interpreter with PYTHON";
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}. {NEEDS}."));
    assert!(
        output.status.success(),
        "{command:?} failed. {NEEDS}.\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A Python program that answers one line of JSON with one line of JSON.
pub struct Script {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts `tests/python/<name>`.
    pub fn start(python: &Path, name: &str) -> Self {
        let mut command = Command::new(python);
        // `-B`: no `__pycache__` in the sources.
        command.arg("-B").arg(folder().join(name));
        // Airflow makes its home when it is imported.
        command.env(
            "AIRFLOW_HOME",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("airflow-home"),
        );
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            requests,
            answers,
        }
    }

    /// Sends a request and returns the answer.
    pub fn ask(&mut self, request: &serde_json::Value) -> serde_json::Value {
        writeln!(self.requests.as_mut().unwrap(), "{request}").unwrap();
        let answer = self.answers.next().unwrap_or_else(|| {
            let request: String = request.to_string().chars().take(300).collect();
            panic!("no answer to {request}")
        });
        serde_json::from_str(&answer.unwrap()).unwrap()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // The end of its input ends the program.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
