//! The crates of users of `airflow_sdk::bundle!`: thousands of tasks, attributes, and what is wrong with an entry.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed; times are printed"
)]

mod attributes;
mod handlers;
mod many;
mod parameters;
#[path = "../common/project.rs"]
mod project;
mod wrong;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use project::{Project, Run};

/// The target folder of these tests, in which the SDK is built once.
fn target() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundle-macro")
}

/// One build at a time, so that none waits for another while its time is taken.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A crate that depends on the SDK of this repository, as yet without sources.
fn user(name: &str) -> Project {
    let mut project = Project::empty();
    let sdk = Path::new(project::REPOSITORY).join("sdk");
    project.write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dependencies]\nairflow-sdk = {{ path = '{}' }}\n[features]\nextra = []\n[workspace]\n",
            sdk.display()
        ),
    );
    project.write("src/main.rs", "fn main() {}\n");
    project.lock(&[]);
    project.offline = true;
    project
}

/// `cargo <args>` in such a crate.
fn cargo(project: &Project, args: &str) -> Run {
    project.cargo(args).env("CARGO_TARGET_DIR", target())
}

/// What the compiler says about the programs of such a crate, as JSON, where it refuses some of them. `verb` is `check` or `build`.
#[track_caller]
fn refused(project: &Project, verb: &str) -> Vec<serde_json::Value> {
    let args = format!("{verb} --quiet --keep-going --bins --message-format=json");
    let refused = cargo(project, &args).run();
    assert_eq!(refused.code, 101, "{}", refused.stderr);
    refused.json()
}
