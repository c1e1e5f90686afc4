//! Files that are no executable, and sources that are no source: refused by name, with what to do.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::packer::{Bench, MANIFEST, Outcome, packed_with, packer, run};

#[track_caller]
fn refused(bench: &Bench, executable: &str, words: &[&str]) -> Outcome {
    let before = bench.listing();
    let mut command = packer();
    command.current_dir(bench.root());
    command.args([
        "--executable",
        executable,
        "--source",
        "main.rs",
        "--introspect-timeout",
        "1",
    ]);
    let outcome = run(&mut command).fails(1, words).says(&[executable]);
    assert_eq!(bench.listing(), before, "something was written");
    outcome
}

fn rustc(bench: &Bench, args: &[&str]) {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(compiler);
    command
        .current_dir(bench.root())
        .args(["--edition", "2024", "library.rs"])
        .args(args);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn files_that_are_no_executable() {
    let bench = Bench::new();
    let executable = fs::read(bench.path("etl")).unwrap();
    bench.write("library.rs", "pub extern \"C\" fn f() {}\n");
    rustc(
        &bench,
        &["--crate-type", "lib", "--emit", "obj", "-o", "object.o"],
    );
    rustc(&bench, &["--crate-type", "staticlib", "-o", "static.a"]);
    rustc(&bench, &["--crate-type", "rlib", "-o", "liblibrary.rlib"]);
    rustc(&bench, &["--crate-type", "cdylib", "-o", "shared.so"]);
    bench.write("empty", "");
    bench.write("script.sh", "#!/bin/sh\necho {}\n");
    bench.write("half", &executable[..executable.len() / 2]);
    bench.write("stub", &executable[..40]);
    bench.write("module.wasm", b"\0asm\x01\0\0\0");
    bench.write("archive.zip", b"PK\x03\x04rest of an archive");
    bench.write("noise", [0x9b, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0, 1]);

    refused(
        &bench,
        "main.rs",
        &["a text file is not an executable", "--source"],
    );
    refused(
        &bench,
        "script.sh",
        &["a script for `/bin/sh` is not an executable"],
    );
    refused(&bench, "empty", &["an empty file"]);
    refused(
        &bench,
        "object.o",
        &["object file (ELF)", "has not been linked"],
    );
    refused(&bench, "static.a", &["static library", "not a program"]);
    refused(
        &bench,
        "liblibrary.rlib",
        &["Rust library (.rlib)", "not a program"],
    );
    refused(&bench, "shared.so", &["a shared library", "cdylib"]);
    refused(&bench, "half", &["cut short or damaged"]);
    refused(&bench, "stub", &["cut short or damaged"]);
    refused(&bench, "module.wasm", &["WebAssembly", "--target"]);
    refused(
        &bench,
        "archive.zip",
        &["ZIP archive", "take the executable out"],
    );
    let outcome = refused(&bench, "noise", &["not an ELF, Mach-O or PE executable"]);
    assert!(
        !outcome.stderr.contains(['\x1b', '\u{9b}']),
        "{:?}",
        outcome.stderr
    );
    refused(
        &bench,
        "missing",
        &["failed to open the executable `missing`", "No such file"],
    );
    refused(&bench, ".", &["it is a folder"]);
}

#[test]
fn a_bundle_is_not_packed_again() {
    let bench = Bench::new();
    bench.bundle(MANIFEST);
    let words = ["is a bundle already", "cargo airflow-bundle unpack"];
    refused(&bench, "airflow-bundle/etl", &words);
    // Nor with the manifest from elsewhere, nor to another place.
    bench.write("captured.json", MANIFEST);
    let args = ["--airflow-metadata", "captured.json", "-o", "nested"];
    let mut command = packer();
    command.current_dir(bench.root());
    command
        .args(["--executable", "airflow-bundle/etl", "--source", "main.rs"])
        .args(args);
    run(&mut command).fails(1, &words);
    assert!(!bench.path("nested").exists());
}

/// Opening a pipe would wait for a writer for ever.
#[test]
fn pipes_and_devices_are_not_opened() {
    let bench = Bench::new();
    let made = Command::new("mkfifo")
        .arg(bench.path("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    refused(&bench, "pipe", &["not a regular file"]);
    refused(&bench, "/dev/zero", &["not a regular file"]);
    let args = |source: &str| {
        let mut command = packer();
        command.current_dir(bench.root());
        command.args(["--executable", "etl", "--source", source]);
        command
    };
    run(&mut args("pipe")).fails(
        1,
        &["failed to open the source `pipe`", "not a regular file"],
    );
    run(&mut args("/dev/zero")).fails(1, &["not a regular file"]);
    run(&mut args(".")).fails(1, &["it is a folder"]);
    run(&mut args("missing.rs")).fails(1, &["failed to open the source `missing.rs`"]);
    assert_eq!(bench.listing(), ["etl", "main.rs", "pipe"]);
}

/// A name is a path, not a command.
#[test]
fn executables_are_not_looked_up() {
    let bench = Bench::new();
    let mut command = packer();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("main.rs"), "").unwrap();
    command
        .current_dir(elsewhere.path())
        .env("PATH", bench.root());
    command.args(["--executable", "etl", "--source", "main.rs"]);
    run(&mut command).fails(1, &["failed to open the executable `etl`"]);
}

#[test]
fn arguments_that_do_not_fit() {
    let bench = Bench::new();
    packed_with(["--executable", "etl"]).fails(2, &["`--executable` needs `--source FILE`"]);
    for flag in ["--release", "--bin=etl", "--workspace", "--locked"] {
        run(bench.packer().arg(flag)).fails(2, &["cannot be used with `--executable`"]);
    }
    run(bench.packer().args(["-o", "a", "--out-dir", "b"])).fails(2, &["--out-dir"]);
    assert!(!Path::new(&bench.path("airflow-bundle")).exists());
}
