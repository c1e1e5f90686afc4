//! Bundles of a size or with names that nobody expects.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Seek as _, Write as _};
use std::process::Stdio;

use crate::packer::{Bench, EXECUTABLE, MANIFEST, assemble, packer, run, set_mode};

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
    .ok();
    let answer = "the dag `d1000000` is served by";
    assert!(verify.text().lines().last().unwrap().starts_with(answer));
    let inspect = run(packer().arg("inspect").arg(&bundle)).ok();
    assert_eq!(inspect.stdout, manifest.as_bytes());
    let mut unpack = packer();
    unpack.arg("unpack").arg(&bundle).arg("--out-dir");
    run(unpack.arg(bench.path("parts"))).ok();
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
        run(command.args(args).current_dir(bench.root())).ok()
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

/// An alias repeats one entry of `sources` with a long path as often as there is room: what is said of it must not be so long.
#[test]
fn a_finding_that_would_be_repeated() {
    let bench = Bench::new();
    let path = "x".repeat(100_000);
    let manifest = format!(
        "dags: {{a: }}\nsdk: {{supervisor_schema_version: '2026-06-16'}}\nsources: [&e {{path: {path}, offset: 0, length: 0}}{}]\n",
        ", *e".repeat(40_000)
    );
    let executable = fs::read(bench.path(EXECUTABLE)).unwrap();
    let bundle = bench.write("bundle", assemble(&executable, b"", manifest.as_bytes()));
    set_mode(&bundle, 0o755);
    let mut verify = packer();
    verify
        .args(["verify", "--message-format", "json"])
        .arg(&bundle);
    let outcome = run(&mut verify).ok();
    let line = &outcome.json()[0];
    let warnings = line["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 22, "{warnings:?}");
    assert!(warnings[0]["message"].as_str().unwrap().len() < 400);
    let last = &warnings[20];
    assert_eq!(last["message"], "39981 more files in `sources` do not fit");
    assert_eq!(last["code"], "source-mismatch");
    assert_eq!(warnings[21]["code"], "source-not-shown");
    assert!(warnings[21]["message"].as_str().unwrap().len() < 600);
}

/// What was judged is told at once, whatever comes next.
#[test]
fn a_large_bundle_keeps_nothing_back() {
    let bench = Bench::new();
    let small = bench.bundle(MANIFEST);
    fs::create_dir(bench.path("bundles")).unwrap();
    for number in 0..50 {
        fs::copy(&small, bench.path(format!("bundles/{number}"))).unwrap();
    }
    // Nearly all of it is a hole, which takes no room, and seconds to hash.
    let large = bench.write("large", "");
    let mut file = fs::File::options().write(true).open(&large).unwrap();
    file.set_len(6 << 30).unwrap();
    file.seek(std::io::SeekFrom::End(0)).unwrap();
    let bytes = fs::read(&small).unwrap();
    file.write_all(&bytes[bytes.len() - 64..]).unwrap();
    let mut verify = packer();
    verify.args(["verify", "--message-format", "json"]);
    verify.arg(bench.path("bundles")).arg(&large);
    let mut child = verify
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..50 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("/bundles/"), "{line}");
    }
    assert!(
        child.try_wait().unwrap().is_none(),
        "the large one is being hashed"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(lines.count(), 0);
}
