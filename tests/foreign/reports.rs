//! What the packer says of a bundle, and whether all of it fits together.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::packer::{Outcome, packer, run};

/// The packer's lines about bundles, among cargo's.
pub fn bundles(outcome: &Outcome) -> Vec<Value> {
    let mut lines = outcome.json();
    lines.retain(|line| line["reason"] == "airflow-bundle");
    lines
}

/// Runs the packer, which has to pack one bundle.
#[track_caller]
pub fn packed(command: &mut Command) -> Value {
    let outcome = run(command).ok();
    let [line] = bundles(&outcome).try_into().unwrap();
    line
}

/// The path of the bundle in a packer's line.
pub fn path(line: &Value) -> PathBuf {
    PathBuf::from(line["path"].as_str().unwrap())
}

pub fn inspected(bundle: &Path) -> Value {
    let mut command = packer();
    command.args(["inspect", "--message-format", "json"]);
    let outcome = run(command.arg(bundle)).ok();
    let [line] = outcome.json().try_into().unwrap();
    line
}

/// What `verify` says, and its exit code.
pub fn judged(bundle: &Path, args: &[&str]) -> (Value, i32) {
    let mut command = packer();
    command.args(["verify", "--message-format", "json"]);
    let outcome = run(command.arg(bundle).args(args));
    let [line] = outcome.json().try_into().unwrap();
    (line, outcome.code)
}

/// The codes of problems or warnings.
pub fn codes(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().unwrap().iter();
    findings.map(|one| one["code"].as_str().unwrap()).collect()
}

/// Checks that packing, `inspect` and `verify` describe the executable in the same words, that a worker could use the bundle,
/// and that `unpack` gives back what was packed.
#[track_caller]
pub fn consistent(line: &Value, warnings: &[&str]) {
    let bundle = path(line);
    let inspected = inspected(&bundle);
    assert_eq!(inspected["executable"], line["executable_info"]);
    let (judged, code) = judged(&bundle, &[]);
    assert_eq!(judged["executable"], line["executable_info"]);
    assert_eq!(code, 0, "{judged:#}");
    assert_eq!(judged["usable"], true);
    assert_eq!(judged["problems"], json!([]));
    assert_eq!(codes(&judged["warnings"]), warnings, "{judged:#}");

    let parts = tempfile::tempdir().unwrap();
    let mut unpack = packer();
    unpack.arg("unpack").arg(&bundle).arg("--out-dir");
    let unpacked = run(unpack.arg(parts.path())).ok();
    let executable = unpacked.text().lines().next().unwrap();
    let built = fs::read(line["executable"].as_str().unwrap()).unwrap();
    assert!(fs::read(executable).unwrap().eq(&built), "it was changed");
    assert!(fs::read(&bundle).unwrap().starts_with(&built));
}

/// The manifest in a bundle, without what the packer adds, must be what the bundle itself prints. A program with the SDK leaves the
/// schema version to the packer.
#[track_caller]
pub fn prints_its_manifest(line: &Value, command: &mut Command) {
    let output = command.arg("--airflow-metadata").output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    let mut printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sdk = printed["sdk"].as_object_mut().unwrap();
    if let Some(versions) = sdk.remove("supervisor_schema_versions") {
        let chosen = &line["supervisor_schema_version"];
        assert!(versions.as_array().unwrap().contains(chosen), "{versions}");
        sdk.insert("supervisor_schema_version".to_owned(), chosen.clone());
    }
    let packed = &inspected(&path(line))["manifest"];
    for key in ["airflow_bundle_metadata_version", "dags", "sdk"] {
        assert!(!printed[key].is_null(), "{printed:#}");
        assert_eq!(printed[key], packed[key], "{key}");
    }
    assert_eq!(line["dags"], printed["dags"]);
}

/// Started by hand, a bundle explains itself and ends with 2.
#[track_caller]
pub fn explains_itself(command: &mut Command, words: &[&str]) {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(output.status.code(), Some(2), "{command:?}: {output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    for word in words {
        assert!(text.contains(word), "{text}");
    }
}
