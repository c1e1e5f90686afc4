//! The packer reads the ids of an executable with the SDK, and gets what it would have printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::builds::{AT_RUN_TIME, DECLARED, RELEASE, STRIPPED, build};
use crate::project::{Outcome, PROGRAM, run};

/// The packer's command that packs an executable into the file `name` of `folder`.
pub fn packing(executable: &Path, folder: &Path, name: &str, how: &str) -> (PathBuf, Command) {
    let source = folder.join("main.rs");
    fs::write(&source, "fn main() {}\n").unwrap();
    let bundle = folder.join(name);
    let mut command = Command::new(PROGRAM);
    command
        .args(["airflow-bundle", "--message-format=json", "--executable"])
        .arg(executable)
        .arg("--source")
        .arg(source)
        .arg("-o")
        .arg(&bundle)
        .args(["--introspect", how]);
    (bundle, command)
}

/// The only line on stdout.
pub fn said(outcome: Outcome) -> serde_json::Value {
    outcome.ok().json().remove(0)
}

#[test]
fn every_way_gives_the_same_bundle() {
    let folder = tempfile::tempdir().unwrap();
    for variant in [RELEASE, STRIPPED] {
        let executable = build(DECLARED, variant, "introspected", &[]);
        let mut bundles = Vec::new();
        for (how, from, tried) in [
            ("section", "section", false),
            ("run", "run", true),
            ("auto", "section", true),
        ] {
            let (bundle, mut command) = packing(&executable, folder.path(), how, how);
            let line = said(run(&mut command));
            assert_eq!(line["introspection"], from, "{how}");
            assert_eq!(line["tried"], tried, "{how}");
            bundles.push(fs::read(bundle).unwrap());
        }
        bundles.dedup();
        assert_eq!(bundles.len(), 1, "{}", variant.name);
    }
}

#[test]
fn ids_of_run_time_need_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let executable = build(AT_RUN_TIME, RELEASE, "introspected", &[]);
    let (_, mut auto) = packing(&executable, folder.path(), "auto", "auto");
    let line = said(run(&mut auto));
    assert_eq!(line["introspection"], "run");
    assert_eq!(line["dags"]["sales"]["tasks"][2], "load_de");
    // Neither cargo nor a section says that it has the SDK.
    assert_eq!(line["tried"], false);

    let (bundle, mut section) = packing(&executable, folder.path(), "section", "section");
    let refused = run(&mut section).must_end_with(1);
    refused.says(&["no link section", "`bundle!`", "registered at run time"]);
    assert!(!bundle.exists());
}
