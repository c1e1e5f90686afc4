//! Bundles of a size or with names that nobody expects.

use std::fmt::Write as _;
use std::fs;

use crate::packer::{Bench, EXECUTABLE, assemble, packer, run, set_mode};

/// How many dags: the manifest stays below the limit of 16 MiB.
const MANY: usize = 1_000_001;

#[test]
fn more_than_a_million_dags() {
    let bench = Bench::new();
    let mut manifest = "sdk: {supervisor_schema_version: '2026-06-16'}\ndags:\n".to_owned();
    for number in 0..MANY {
        writeln!(manifest, " d{number}:").unwrap();
    }
    let executable = fs::read(bench.path(EXECUTABLE)).unwrap();
    let bytes = assemble(&executable, b"x", manifest.as_bytes());
    let bundle = bench.write("many", bytes);
    set_mode(&bundle, 0o755);
    let verify = run(packer()
        .args(["verify", "--dag-id", "d1000000"])
        .arg(&bundle))
    .must_succeed();
    let answer = "the dag `d1000000` is served by";
    assert!(verify.text().lines().last().unwrap().starts_with(answer));
    let inspect = run(packer().arg("inspect").arg(&bundle)).must_succeed();
    assert_eq!(inspect.stdout, manifest.as_bytes());
    let mut unpack = packer();
    unpack.arg("unpack").arg(&bundle).arg("--out-dir");
    run(unpack.arg(bench.path("parts"))).must_succeed();
    let unpacked = fs::read(bench.path("parts/airflow-metadata.yaml")).unwrap();
    assert!(unpacked.eq(manifest.as_bytes()));
}

/// A name that begins with a dash is a file like any other.
#[test]
fn names_that_look_like_flags() {
    let bench = Bench::new();
    let executable = fs::read(bench.path(EXECUTABLE)).unwrap();
    let manifest = "dags: {--help: {tasks: [-r]}}\nsdk: {supervisor_schema_version: '2026-06-16'}\nsource: --force\n";
    let bytes = assemble(&executable, b"fn main() {}\n", manifest.as_bytes());
    let bundle = bench.write("--version", bytes);
    set_mode(&bundle, 0o755);
    let here = |args: &[&str]| {
        let mut command = packer();
        run(command.args(args).current_dir(bench.root())).must_succeed()
    };
    let verify = here(&["verify", "--dag-id=--help", "--", "--version"]);
    assert!(verify.text().contains("--version"), "{}", verify.text());
    let inspect = here(&["inspect", "--", "--version"]);
    assert_eq!(inspect.text(), manifest);
    let unpack = here(&["unpack", "--out-dir=--all", "--", "--version"]);
    let printed: Vec<_> = unpack
        .text()
        .lines()
        .map(std::path::PathBuf::from)
        .collect();
    let root = bench.root().canonicalize().unwrap();
    let expected = ["--version", "airflow-metadata.yaml", "source/--force"];
    assert_eq!(printed, expected.map(|name| root.join("--all").join(name)));
    assert_eq!(fs::read(&printed[2]).unwrap(), b"fn main() {}\n");
}
