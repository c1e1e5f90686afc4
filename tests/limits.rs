//! Files that ask for more than they deserve: each is judged in seconds, in little memory.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

#[path = "common/packer.rs"]
mod packer;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cargo_airflow_bundle::bundle::digest::Sha256Digest;
use cargo_airflow_bundle::bundle::trailer::Trailer;
use packer::{Outcome, assemble, run, set_mode};

/// Runs the packer with no more address space than 192 MiB, its own code and stacks included.
fn limited(args: &[&str]) -> Outcome {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 196608 && exec \"$@\"", "sh"]);
    command.args([env!("CARGO_BIN_EXE_cargo-airflow-bundle"), "airflow-bundle"]);
    command.args(args).env_remove("RUST_BACKTRACE");
    packer::scrub(&mut command);
    let outcome = run(&mut command);
    assert!(outcome.elapsed < Duration::from_secs(20), "{outcome:#?}");
    // 134: out of memory.
    assert!(matches!(outcome.code, 0 | 1 | 100), "{outcome:#?}");
    outcome.says(&[])
}

/// The codes of the problems that `verify` finds.
fn problems(path: &Path) -> Vec<String> {
    let outcome = limited(&["verify", "--message-format", "json", path.to_str().unwrap()]);
    let [line] = outcome.json().try_into().unwrap();
    let problems = line["problems"].as_array().unwrap().iter();
    problems
        .map(|problem| problem["code"].as_str().unwrap().to_owned())
        .collect()
}

fn place(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("bundle");
    fs::write(&path, bytes).unwrap();
    set_mode(&path, 0o755);
    path
}

/// A bundle with a manifest of zero bytes that takes no room on the disk.
fn sparse(folder: &tempfile::TempDir, manifest: u64) -> PathBuf {
    let path = place(folder, b"x");
    let mut file = File::options().write(true).open(&path).unwrap();
    let trailer = Trailer {
        source_len: 0,
        metadata_len: u32::try_from(manifest).unwrap(),
        binary_sha256: Sha256Digest::of(b"x").0,
    };
    file.seek(SeekFrom::Start(1 + manifest)).unwrap();
    file.write_all(&trailer.encode()).unwrap();
    path
}

#[test]
fn a_manifest_of_a_gigabyte_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    for length in [(16 << 20) + 1, 1 << 30, u64::from(u32::MAX)] {
        let path = sparse(&folder, length);
        assert_eq!(problems(&path), ["manifest-too-long"]);
        let path = path.to_str().unwrap();
        let out = folder.path().join("out").display().to_string();
        let number = length.to_string();
        limited(&["inspect", path]).fails(1, &[&number, "16777216"]);
        limited(&["unpack", path, "--out-dir", &out]).fails(1, &[&number, "16777216"]);
    }
    // The longest that is read.
    assert_eq!(problems(&sparse(&folder, 16 << 20)), ["manifest-not-yaml"]);
}

/// Packs a program with the captured manifest `manifest`.
fn pack(folder: &tempfile::TempDir, manifest: &Path) -> Outcome {
    let program = packer::program("prints_file");
    let source = folder.path().join("main.rs");
    fs::write(&source, packer::SOURCE).unwrap();
    let [manifest, program, source] =
        [manifest, &program, &source].map(|path| path.display().to_string());
    limited(&[
        "--executable",
        &program,
        "--source",
        &source,
        "--airflow-metadata",
        &manifest,
    ])
}

#[test]
fn a_captured_manifest_of_a_gigabyte_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.json");
    File::create(&manifest).unwrap().set_len(1 << 30).unwrap();
    pack(&folder, &manifest).fails(1, &["is longer than 16 MiB"]);
}

/// A manifest below other output is looked for, but not for ever.
#[test]
fn a_megabyte_that_is_no_manifest_is_refused_soon() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.yaml");
    let lines = (0..40_000).map(|number| format!("k{number}: [a, {{b: c}}, d]\n"));
    fs::write(&manifest, lines.collect::<Vec<_>>().concat()).unwrap();
    pack(&folder, &manifest).fails(1, &["`airflow_bundle_metadata_version` is missing"]);
}

#[test]
fn a_hundred_bytes_that_claim_gigabytes_are_a_broken_trailer() {
    let folder = tempfile::tempdir().unwrap();
    for (source_len, metadata_len) in [
        (0, u32::MAX),
        (u32::MAX, 0),
        (u32::MAX, u32::MAX),
        (1 << 31, 1 << 31),
        (0, 37),
    ] {
        let trailer = Trailer {
            source_len,
            metadata_len,
            binary_sha256: Sha256Digest::of(b"").0,
        };
        let path = place(&folder, &[&[b'x'; 36][..], &trailer.encode()].concat());
        assert_eq!(problems(&path), ["footer-lengths"]);
    }
}

#[test]
fn bombs_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let sdk = "sdk: {supervisor_schema_version: \"2026-06-16\"}\n";
    let mut lists = format!("{sdk}dags: {{a: {{}}}}\na0: &a0 [x, x]\n");
    let mut merges = format!("{sdk}dags: {{a: {{}}}}\na0: &a0 {{x: 1}}\n");
    for step in 1..60 {
        let before = format!("*a{}, ", step - 1).repeat(10);
        writeln!(lists, "a{step}: &a{step} [{before}]").unwrap();
        writeln!(merges, "a{step}: &a{step} {{<<: [{before}]}}").unwrap();
    }
    // A mapping that merges itself, again and again.
    let within_itself = format!(
        "{sdk}dags: {{a: {{}}}}\nb: &b {{{}c: d}}\n",
        "<<: [*b, *b], e: f, ".repeat(40)
    );
    for (manifest, expected) in [
        (lists, &[][..]),
        (merges, &["too-complex"]),
        (within_itself, &["too-complex"]),
        ("[".repeat(1 << 20), &["too-deep"]),
        (
            format!("{{a: {}1}}", "1:".repeat(1 << 20)),
            &["too-complex"],
        ),
        ("? ".repeat(1 << 20), &["too-deep"]),
    ] {
        let path = place(&folder, &assemble(b"x", b"", manifest.as_bytes()));
        let found = problems(&path);
        assert_eq!(found, expected, "{}", &manifest[..60]);
    }
}
