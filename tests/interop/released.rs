//! Our bundles under the released reader.

use cargo_airflow_bundle::bundle::digest::Sha256Digest;
use serde_json::{Value, json};

use crate::packer::{BUNDLE, Bench, EXECUTABLE, MANIFEST, SOURCE, mode, run};
use crate::{Airflow, verify};

#[test]
fn a_bundle_is_found_and_its_manifest_read() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let mut airflow = Airflow::start();

    // By the file, by its folder, and by a folder above.
    for root in [
        bundle.clone(),
        bench.path("airflow-bundle"),
        bench.root().to_owned(),
    ] {
        let found = airflow.judge(&root);
        assert_eq!(
            found["served"],
            json!({ "sales": bundle.canonicalize().unwrap() }),
            "{found}"
        );
    }
    let executable = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    let metadata = airflow.metadata(&bundle);
    let cache = metadata["digests"]["cache"].clone();
    assert_eq!(cache.as_str().unwrap().len(), 64);
    let mut expected: Value = serde_json::from_str(MANIFEST).unwrap();
    for (key, value) in [
        ("source", json!("main.rs")),
        ("entrypoint_path", json!("main.rs")),
        (
            "sources",
            json!([{ "path": "main.rs", "offset": 0, "length": SOURCE.len(), "sha256": Sha256Digest::of(SOURCE.as_bytes()).to_string() }]),
        ),
        (
            "digests",
            json!({ "integrity": Sha256Digest::of(&executable).to_string(), "cache": cache }),
        ),
    ] {
        expected[key] = value;
    }
    assert_eq!(metadata, expected);

    // The file is what the format says: executable, source, manifest, trailer.
    let bytes = std::fs::read(&bundle).unwrap();
    let rest = bytes.strip_prefix(&*executable).unwrap();
    assert!(rest.starts_with(SOURCE.as_bytes()));
    assert!(bytes.ends_with(b"AFBNDL01"));
    assert_eq!(mode(&bundle), 0o755);
    // And it still runs.
    let mut command = std::process::Command::new(&bundle);
    let printed = run(command.env_remove("MANIFEST_FILE")).ok();
    assert!(printed.text().contains("misbehaving"));
    assert_eq!(verify(&bundle)["warnings"], json!([]));
}

/// The temporary file of a pack that is under way or was killed must not be found.
#[test]
fn nothing_but_the_bundle_is_found() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let other = bench.path("other");
    std::fs::copy(&bundle, &other).unwrap();
    crate::packer::set_mode(&other, 0o644);
    let mut airflow = Airflow::start();
    let found = airflow.judge(bench.root());
    assert_eq!(
        found["served"],
        json!({ "sales": bench.path(BUNDLE).canonicalize().unwrap() })
    );
}
