//! Workspaces of users: the two ways in which one gets a command of its own for packing, each used as its author would (an
//! alias, and an `xtask` that depends on the packer's library), and crates beside the SDK that change what it is built with.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod alias;
mod features;
#[path = "../common/project.rs"]
mod project;
mod vendored;
mod xtask;

use std::fs;
use std::path::{Path, PathBuf};

use project::{Project, patches};

/// A copy of a project that stays, so that what it depends on is built only once.
///
/// The configuration above it does what a user has no need of: it puts the crates of this repository in the place of
/// the published ones, and saves time: the folder for what is built is that of the tests, which have most of the packer's
/// dependencies built already.
fn project(name: &str, ours: &[&str]) -> Project {
    let folder = kept().join(name);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let settings = format!(
        "{}\n[build]\ntarget-dir = '{}'\n[profile.release]\nopt-level = 0\nincremental = false\n\
         [profile.dev]\ndebug = 'line-tables-only'\n",
        patches(ours),
        target.display()
    );
    fs::create_dir_all(folder.join(".cargo")).unwrap();
    fs::write(folder.join(".cargo/config.toml"), settings).unwrap();
    let project = Project::copy_to(name, &folder.join("project"));
    project.lock(&[]);
    project
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("workspaces")
}

/// What `inspect` prints of a bundle.
fn manifest(project: &Project, bundle: &Path) -> String {
    let run = project.cargo("airflow-bundle inspect").arg(bundle);
    run.run().ok().text().to_owned()
}

/// Names of the targets that cargo had to build again, in its messages.
fn built(messages: &[serde_json::Value]) -> Vec<String> {
    let artifacts = messages
        .iter()
        .filter(|message| message["reason"] == "compiler-artifact");
    let built = artifacts.filter(|artifact| artifact["fresh"] != true);
    built
        .map(|artifact| artifact["target"]["name"].to_string())
        .collect()
}

/// The README shows the two routes as they are tested.
#[test]
fn the_readme_shows_these_projects() {
    let read = |path: &str| fs::read_to_string(Path::new(project::REPOSITORY).join(path)).unwrap();
    let readme = read("README.md");
    let shown = |part: &str| assert!(readme.contains(part.trim()), "the README lacks\n{part}");
    shown(&read("test-projects/alias-route/.cargo/config.toml"));
    let main = read("test-projects/xtask-route/xtask/src/main.rs");
    shown(main.split_once("\n\n").unwrap().1);
    for (path, key) in [
        ("xtask-route/.cargo/config.toml", "xtask = "),
        ("xtask-route/xtask/Cargo.toml", "cargo-airflow-bundle = "),
    ] {
        let text = read(&format!("test-projects/{path}"));
        shown(text.lines().find(|line| line.starts_with(key)).unwrap());
    }
}
