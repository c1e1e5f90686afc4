//! The Airflow of the live suite: a virtual environment with pinned packages, made once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the live suite keeps everything.
pub fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_cargo-airflow-bundle"))
        .ancestors()
        .nth(2)
        .unwrap();
    target.join("live")
}

/// The virtual environment's `bin`, installed if it is missing or was made from other requirements.
pub fn bin() -> PathBuf {
    let requirements = root().join("tests/python/requirements.txt");
    let wanted = fs::read_to_string(&requirements).unwrap();
    let venv = folder().join("venv");
    let stamp = venv.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return venv.join("bin");
    }
    let _ = fs::remove_dir_all(&venv);
    fs::create_dir_all(folder()).unwrap();
    run(
        Command::new("python3").args(["-m", "venv"]).arg(&venv),
        "install the packages python3 and python3-venv",
    );
    run(
        Command::new(venv.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
        "the live suite needs PyPI for its first run",
    );
    fs::write(stamp, wanted).unwrap();
    venv.join("bin")
}

/// Runs a command to its end; `hint` says what to do when it fails.
pub fn run(command: &mut Command, hint: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {hint}"));
    assert!(
        output.status.success(),
        "{command:?}: {}; {hint}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
