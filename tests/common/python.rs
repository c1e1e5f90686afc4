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
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

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
    let key = Sha256::new()
        .chain_update(fs::read(&requirements).unwrap())
        .chain_update(version)
        .finalize();
    let key: String = key
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();

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
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]);
        run(pip.arg("-r").arg(&requirements));
        fs::write(complete, "").unwrap();
    }
    python
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
