//! What is started: a bundle as a user builds it, and the least that a Rust program can be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The executable of the test project `sdk-minimal`: release, stripped; not optimized for a `smoke` test, which would spend most
/// of its time on that.
pub fn bundle(smoke: bool) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let from = root.join("test-projects/sdk-minimal");
    let project = folder().join("sdk-minimal");
    fs::create_dir_all(project.join("src/bin")).unwrap();
    for file in [
        "Cargo.toml",
        "src/main.rs",
        "src/reports.rs",
        "src/bin/at-run-time.rs",
    ] {
        fs::copy(from.join(file), project.join(file)).unwrap();
    }
    // The versions of the workspace, which are there already: no registry is needed.
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    let target = folder().join("target");
    run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--offline"])
        .args(["--bin", "sdk-minimal"])
        .arg(format!(
            "--config=patch.crates-io.airflow-sdk.path={:?}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .arg("--config=profile.release.strip=true")
        .args(smoke.then_some("--config=profile.release.opt-level=0"))
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS")
        .current_dir(&project));
    target.join("release/sdk-minimal")
}

/// `fn main() {}`.
pub fn bare() -> PathBuf {
    let source = folder().join("bare.rs");
    fs::write(&source, "fn main() {}\n").unwrap();
    let bare = folder().join("bare");
    run(Command::new("rustc")
        .args(["--edition=2024", "-O", "-Cstrip=symbols", "-o"])
        .arg(&bare)
        .arg(source));
    bare
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("supervisor-bench");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
