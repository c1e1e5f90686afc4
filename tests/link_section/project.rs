//! The test project `sdk-minimal`, built in many ways with what can be shared between them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

/// The executable whose ids are constants.
pub const DECLARED: &str = "sdk-minimal";
/// The one whose ids are not.
pub const AT_RUN_TIME: &str = "at-run-time";

/// Those whose `bundle!`s stand in one library.
pub const OF_A_LIBRARY: [&str; 2] = ["sales", "audit"];

/// The packer.
pub const PACKER: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

/// A way to build.
#[derive(Clone, Copy)]
pub struct Variant {
    pub name: &'static str,
    /// Arguments for cargo. Profiles are changed here, not named: all of them share cargo's folder for
    /// `release`, and with it the build scripts and procedural macros.
    pub cargo: &'static [&'static str],
    /// Arguments for the one rustc that links.
    pub rustc: &'static [&'static str],
}

pub const DEV: Variant = Variant {
    name: "dev",
    cargo: &["--profile=dev"],
    rustc: &[],
};

pub const RELEASE: Variant = Variant {
    name: "release",
    cargo: &["--release"],
    rustc: &[],
};

/// What cargo makes of `strip = true`, without building all dependencies once more.
pub const STRIPPED: Variant = Variant {
    name: "stripped",
    cargo: &["--release"],
    rustc: &["-Cstrip=symbols"],
};

/// The cargo that runs the tests, or the packer, with nothing in the environment that makes builds differ.
fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let cargos = text.starts_with("CARGO") && text != "CARGO" && text != "CARGO_HOME";
        let compilers = text.starts_with("RUST") && !text.starts_with("RUSTUP");
        if cargos || compilers {
            command.env_remove(&name);
        }
    }
    command
        .env("CARGO_TARGET_DIR", folder().join("target"))
        .env("CARGO_INCREMENTAL", "0")
        // Else the host's tools would be built again for each way to strip.
        .env("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_STRIP", "none")
        .current_dir(folder().join("project"));
    command
}

fn cargo() -> Command {
    clean(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where the project is copied to and built: kept between runs, for cargo to find what it has built.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("link-section"))
}

/// The crate of this repository in place of the published one.
fn patch() -> String {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk");
    format!(
        "--config=patch.crates-io.airflow-sdk.path='{}'",
        sdk.display()
    )
}

/// Copies the project, with the versions of the workspace.
fn prepare() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let from = root.join("test-projects").join(DECLARED);
    let to = folder().join("project");
    fs::create_dir_all(to.join("src/bin")).unwrap();
    fs::create_dir_all(folder().join("built")).unwrap();
    for file in [
        "Cargo.toml",
        "src/main.rs",
        "src/reports.rs",
        "src/bin/at-run-time.rs",
        "src/lib.rs",
        "src/bin/sales.rs",
        "src/bin/audit.rs",
    ] {
        copy_changed(&from.join(file), &to.join(file));
    }
    fs::copy(root.join("Cargo.lock"), to.join("Cargo.lock")).unwrap();
    // Takes out of the lock file what the project does not use. Without that, cargo would ask the registry.
    let update = || {
        let mut command = cargo();
        command
            .args(["update", "--quiet", "--workspace"])
            .arg(patch());
        command
    };
    let offline = update().arg("--offline").output().unwrap();
    if !offline.status.success() {
        succeeded(&mut update());
    }
}

/// Copies a file, but leaves an equal one alone: cargo goes by the time of its last change.
fn copy_changed(from: &Path, to: &Path) {
    let new = fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    if fs::read(to).is_ok_and(|old| old == new) {
        return;
    }
    fs::write(to, new).unwrap();
}

/// One build at a time: they write to the same place.
static BUILDING: Mutex<bool> = Mutex::new(false);

fn one_at_a_time<T>(work: impl FnOnce() -> T) -> T {
    let mut prepared = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    if !*prepared {
        prepare();
        *prepared = true;
    }
    work()
}

/// Builds an executable of the project; `linking` are further arguments for the rustc that links it.
pub fn build(binary: &str, variant: Variant, label: &str, linking: &[&str]) -> PathBuf {
    one_at_a_time(|| {
        let mut command = cargo();
        command
            .args([
                "rustc",
                "--quiet",
                "--message-format=json-render-diagnostics",
                "--bin",
                binary,
            ])
            .args(variant.cargo)
            .arg(patch())
            .arg("--")
            .args(variant.rustc)
            .args(linking);
        let output = succeeded(&mut command);
        let messages = String::from_utf8(output.stdout).unwrap();
        let executable = messages
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the executable");
        let kept = folder()
            .join("built")
            .join(format!("{binary}-{}-{label}", variant.name));
        // Not over the old file: that one may be running.
        let _ = fs::remove_file(&kept);
        fs::copy(executable, &kept).unwrap();
        kept
    })
}

/// Packs the project's main executable into a folder.
pub fn pack(into: &Path) -> PathBuf {
    one_at_a_time(|| {
        let mut command = clean(PACKER);
        command
            .args(["airflow-bundle", "--quiet", "--release", "--bin", DECLARED])
            .arg(patch())
            .arg("--out-dir")
            .arg(into);
        let output = succeeded(&mut command);
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
    })
}

/// Runs a command that has to succeed.
#[track_caller]
pub fn succeeded(command: &mut Command) -> Output {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a command to its end.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What an executable says when it is asked for its manifest.
#[track_caller]
pub fn metadata(executable: &Path) -> String {
    let output = succeeded(Command::new(executable).arg("--airflow-metadata"));
    assert_eq!(output.stderr, b"", "{}", executable.display());
    let text = String::from_utf8(output.stdout).unwrap();
    text.strip_suffix('\n').expect("one line").to_owned()
}
