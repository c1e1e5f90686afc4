//! cargo's selection and configuration: what is packed is what `cargo build` builds with the same flags, variables and
//! files, byte for byte, and neither of the two makes the other build anything again.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod cases;
mod colors;
mod compare;
#[path = "../common/project.rs"]
mod project;

use cases::CASES;
use project::Project;

#[test]
fn what_cargo_builds_is_what_is_packed() {
    assert!(CASES.len() >= 40, "{} cases", CASES.len());
    let failed = compare::failures(CASES, compare::failure);
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// cargo would build both with `--workspace --bin etl`, one over the other. That helper must not be built, so here the
/// packages are built one by one.
#[test]
fn a_helper_with_the_name_of_what_is_packed_is_not_built() {
    let project = Project::copy("cargo-table");
    let bin = "\n[[bin]]\nname = \"etl\"\npath = \"src/main.rs\"\n";
    let manifest = std::fs::read_to_string(project.path("tools/Cargo.toml")).unwrap();
    project.write("tools/Cargo.toml", &format!("{manifest}{bin}"));
    let outcome = project.cargo("airflow-bundle --workspace").run().ok();
    assert!(
        !outcome.stderr.contains("Compiling tools"),
        "{}",
        outcome.stderr
    );
    let names: Vec<_> = outcome
        .text()
        .lines()
        .filter_map(|path| path.rsplit('/').next())
        .collect();
    assert_eq!(names, ["etl", "reports"]);
}
