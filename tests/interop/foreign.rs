//! Bundles that others pack, under our reader.

use std::path::PathBuf;

use cargo_airflow_bundle::bundle::reader::Bundle;
use serde_json::{Value, json};
use std::io::Read as _;

use crate::packer::{Bench, EXECUTABLE, packed_with};
use crate::{Airflow, python, verify};

/// As airflow-go-pack writes it: keys in its own order, quotes where Go's YAML library wants them.
const GO: &str = "\
airflow_bundle_metadata_version: \"1.0\"
sdk:
    language: go
    version: v0.3.1-0.20260101120000-abcdef123456
    supervisor_schema_version: \"2026-06-16\"
source: main.go
dags:
    go_example:
        tasks:
            - extract
            - \"on\"
    \"2026\":
        tasks: []
x-build: {commit: 0a1b2c, at: 2026-01-01T12:00:00Z, big: 123456789012345678901234567890}
";

const WITH_SOURCES: &str = "\
airflow_bundle_metadata_version: \"1.0\"
dags:
  a: {tasks: [t]}
digests: {integrity: \"{binary_sha256}\", cache: \"0000\"}
entrypoint_path: src/Main.java
sdk: {language: java, supervisor_schema_version: \"2026-06-16\", version: \"1\"}
source: Main.java
sources:
- {path: src/Main.java, offset: 0, length: {source_len}, sha256: \"{source_sha256}\"}
";

const NO_SOURCE: &str = "\
airflow_bundle_metadata_version: '1.0'
sdk: {language: c++, version: '1', supervisor_schema_version: '2026-06-16'}
dags: {c: {tasks: [t]}}
source: ''
";

fn pack(bench: &Bench, name: &str, source: &str, manifest: &str) -> PathBuf {
    let python = python::environment("requirements.txt");
    let mut packer = python::Script::start(&python, "reference_pack.py");
    let output = bench.path(name);
    let request = json!({
        "executable": bench.path(EXECUTABLE), "source": source, "manifest": manifest, "output": output,
    });
    assert_eq!(packer.ask(&request), json!(output));
    output
}

fn inspect(path: &std::path::Path) -> Value {
    let args = [
        "inspect",
        "--message-format",
        "json",
        path.to_str().unwrap(),
    ];
    let [line] = packed_with(args).ok().json().try_into().unwrap();
    line
}

#[test]
fn bundles_of_another_packer_are_read() {
    let bench = Bench::new();
    let mut airflow = Airflow::start();
    let executable = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    let source = "package main // größe\n";
    let long = "// a line\n".repeat(100_000);
    for (name, source, manifest, dags, language) in [
        ("go", source, GO, json!(["go_example", "2026"]), "go"),
        ("java", source, WITH_SOURCES, json!(["a"]), "java"),
        ("long", &*long, WITH_SOURCES, json!(["a"]), "java"),
        ("cpp", "", NO_SOURCE, json!(["c"]), "c++"),
    ] {
        let bundle = pack(&bench, name, source, manifest);

        let said = inspect(&bundle);
        let digests = &said["digests"]["binary_sha256"];
        assert_eq!(digests["recorded"], digests["computed"], "{name}");
        assert_eq!(
            said["layout"]["executable"],
            json!({ "offset": 0, "length": executable.len() })
        );
        assert_eq!(said["layout"]["source"]["length"], source.len());
        assert_eq!(said["executable"]["format"], "ELF", "{said}");
        assert_eq!(said["manifest"]["sdk"]["language"], language);
        let plain = packed_with(["inspect", bundle.to_str().unwrap()]).ok();
        let lengths = &said["layout"]["manifest"];
        assert_eq!(
            lengths["length"],
            plain.stdout.len(),
            "the manifest byte for byte"
        );
        let shown = packed_with(["inspect", "--source", bundle.to_str().unwrap()]).ok();
        assert_eq!(shown.text(), source);

        let verdict = verify(&bundle);
        assert_eq!(verdict["usable"], true, "{verdict}");
        assert_eq!(verdict["problems"], json!([]));
        assert_eq!(
            verdict["warnings"],
            json!([]),
            "another language's `cache` has another recipe"
        );
        assert_eq!(verdict["dag_ids"], dags);
        let theirs = airflow.judge(&bundle);
        assert_eq!(theirs["usable"], true, "{theirs}");
        let served: Vec<_> = theirs["served"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let mut ours: Vec<_> = dags
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect();
        ours.sort();
        assert_eq!(served, ours);

        // The library.
        let opened = Bundle::open(&bundle).unwrap();
        let mut read = Vec::new();
        opened.executable().read_to_end(&mut read).unwrap();
        assert!(read.eq(&executable));
        assert_eq!(opened.manifest().unwrap(), plain.stdout);
    }
}

#[test]
fn wrong_digests_of_another_packer_are_named() {
    let bench = Bench::new();
    for (old, new, code) in [
        ("{source_sha256}", "0", "source-mismatch"),
        ("length: {source_len}", "length: 1", "source-mismatch"),
        (
            "length: {source_len}",
            "length: 99999999999999999999",
            "source-mismatch",
        ),
        ("offset: 0", "offset: 1", "source-mismatch"),
        ("offset: 0", "offset: -1", "source-mismatch"),
        ("{binary_sha256}", "00", "digests-mismatch"),
    ] {
        let manifest = crate::packer::replaced(WITH_SOURCES, old, new);
        let bundle = pack(&bench, "bundle", "abc", &manifest);
        let verdict = verify(&bundle);
        assert_eq!(verdict["usable"], true, "{verdict}");
        let codes: Vec<_> = verdict["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["code"].clone())
            .collect();
        assert!(codes.contains(&json!(code)), "{new}: {codes:?}");
    }
}
