//! Bundles of one executable for two releases, under both of them.

use serde_json::{Value, json};

use crate::packer::{Bench, MANIFEST, replaced};
use crate::python::{self, Script};
use crate::releases::RELEASES;

#[test]
fn a_release_runs_the_bundles_that_are_for_it() {
    let bench = Bench::new();
    let record = replaced(
        MANIFEST,
        "\"supervisor_schema_version\": \"2026-06-16\"",
        "\"supervisor_schema_versions\": [\"2026-10-30\", \"2026-06-16\"]",
    );
    for (folder, flags) in [
        ("3.3", &["--airflow", "3.3"][..]),
        ("3.4", &["--airflow", "3.4"]),
        ("both", &[]),
    ] {
        bench
            .pack(&record, &[flags, &["--out-dir", folder]].concat())
            .ok();
    }
    for (requirements, release) in RELEASES {
        let mut airflow = Script::start(&python::environment(requirements), "find_bundle.py");
        let mut found = |folder: &str| -> Value {
            airflow.ask(&json!({ "root": bench.path(folder), "dag_id": "sales" }))
        };
        for folder in ["3.3", "both"] {
            let bundle = bench.path(folder).canonicalize().unwrap().join("etl");
            let expected = json!({ "path": bundle, "version": "2026-06-16" });
            assert_eq!(found(folder), expected, "{release}");
        }
        let found = found("3.4");
        match release.number {
            "3.3" => {
                let error = found["error"].as_str().unwrap_or_default();
                assert!(error.contains("Version '2026-10-30' not found"), "{found}");
            }
            _ => assert_eq!(found["version"], "2026-10-30", "{release}"),
        }
    }
}
