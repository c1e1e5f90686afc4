//! The commands that pack are run as they stand in the recipes.

use std::fs;
use std::process::Command;

use crate::commands::blocks;
use crate::project::{Project, Run};
use crate::python;
use crate::recipe::recipes;
use crate::text;

/// The target of this machine that is in the matrix.
fn target() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

#[test]
fn the_recipes_pack_and_keep_what_they_have_packed() {
    let project = Project::copy("cargo-table");
    project.cargo("generate-lockfile --offline").run().ok();
    for recipe in recipes() {
        let run = bash(&project, &format!("set -eo pipefail\n{}", recipe.pack));
        let outcome = run.env("TARGET", target()).run().ok();
        assert!(outcome.stderr.contains("Packed") || outcome.stderr.contains("Fresh"));

        let paths = fs::read_to_string(project.path("bundles.txt")).unwrap();
        let folder = format!("target/{}/release/airflow-bundle", target());
        let expected = ["etl", "reports"].map(|name| project.path(&format!("{folder}/{name}")));
        let paths: Vec<_> = paths.lines().map(std::path::PathBuf::from).collect();
        assert_eq!(paths, expected, "{}", recipe.path);

        let archive = (recipe.artifact)(&target());
        let unpack =
            format!("mkdir out && tar -xf {archive} -C out && cargo airflow-bundle verify out");
        bash(&project, &unpack).run().ok();
        for path in expected {
            let kept = project.path("out").join(path.file_name().unwrap());
            assert_eq!(fs::read(kept).unwrap(), fs::read(path).unwrap());
        }
        fs::remove_dir_all(project.path("out")).unwrap();
        fs::remove_file(project.path(&archive)).unwrap();
    }
}

/// The commands of `docs/ci.md`. What is vendored, when there is something, `tests/workspaces/vendored.rs` shows.
#[test]
fn the_commands_beside_the_recipes_run() {
    let project = Project::copy("cargo-table");
    project.cargo("generate-lockfile --offline").run().ok();
    let text = text("docs/ci.md");
    let mut count = 0;
    for block in blocks(&text) {
        bash(&project, &format!("set -euxo pipefail\n{block}"))
            .run()
            .ok();
        count += 1;
    }
    assert_eq!(count, 2);
    let paths = fs::read_to_string(project.path("bundles.txt")).unwrap();
    assert_eq!(paths.lines().count(), 2, "{paths}");
    assert!(
        paths.lines().all(|path| fs::exists(path).unwrap()),
        "{paths}"
    );
}

/// A failed build ends the script with cargo's code, and nothing is kept.
#[test]
fn a_failed_build_fails_the_job() {
    let project = Project::copy("cargo-table");
    project.cargo("generate-lockfile --offline").run().ok();
    project.write("reports/src/main.rs", "fn main() -> u32 { \"\" }");
    for recipe in recipes() {
        let run = bash(&project, &format!("set -eo pipefail\n{}", recipe.pack));
        let outcome = run.env("TARGET", target()).run().must_end_with(101);
        assert!(
            outcome.stderr.contains("E0308") || outcome.stderr.contains("E0277"),
            "{}",
            outcome.stderr
        );
        assert!(!project.path(&(recipe.artifact)(&target())).exists());
    }
}

fn bash(project: &Project, script: &str) -> Run {
    let script = format!("{}{script}", jq());
    project.command(Command::new("bash")).arg("-c").arg(script)
}

/// A definition of `jq` for the shell, which not every machine with Rust and Python has.
fn jq() -> String {
    let python = python::environment("requirements-jq.txt");
    let program = python::folder().join("run_jq.py");
    format!(
        "jq() {{ '{}' -B '{}' \"$@\"; }}\n",
        python.display(),
        program.display()
    )
}
