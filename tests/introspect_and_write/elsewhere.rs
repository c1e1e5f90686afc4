//! Executables that work where they were built, and hardly on a worker: each is packed with a warning, and not with `-D`.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::packer::{BUNDLE, Bench, EXECUTABLE, MANIFEST, Outcome, packer, run};

/// Compiles a program in the place of the executable of the bench, with these flags of rustc.
fn compile(bench: &Bench, flags: &[&str]) {
    let source = bench.write("program.rs", "fn main() {}\n");
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024"]).args(flags);
    command.arg("-o").arg(bench.path(EXECUTABLE)).arg(source);
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// Nothing is run: the manifest is captured.
fn pack(bench: &Bench, args: &[&str]) -> Outcome {
    bench.write("manifest.json", MANIFEST);
    let captured = ["--airflow-metadata", "manifest.json"];
    run(bench.packer().args(captured).args(args))
}

fn verified(bundle: &Path, args: &[&str]) -> (Value, i32) {
    let mut command = packer();
    command.arg("verify").arg(bundle).args(args);
    let outcome = run(command.args(["--message-format", "json"]));
    (outcome.json().remove(0), outcome.code)
}

/// The packer and `verify` say these words under this code; with `-D` nothing is written. Returns what the line of JSON says of
/// the executable.
#[track_caller]
fn warned_of(bench: &Bench, code: &str, words: &[&str]) -> Value {
    pack(bench, &["-D"]).fails(1, &[&["1 warning, denied"], words].concat());
    assert!(!bench.path(BUNDLE).exists());

    let outcome = pack(bench, &["--message-format", "json"]).ok();
    let outcome = outcome.says(&[&["warning: `etl`: "], words].concat());
    let line = outcome.json().remove(0);
    let bundle = PathBuf::from(line["path"].as_str().unwrap());
    let (verdict, exit) = verified(&bundle, &[]);
    assert_eq!((&verdict["usable"], exit), (&json!(true), 0));
    let warnings = verdict["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["code"], code);
    for word in words {
        assert!(
            warnings[0]["message"].as_str().unwrap().contains(word),
            "{word} in {warnings:?}"
        );
    }
    assert_eq!(verdict["executable"], line["executable_info"]);
    assert_eq!(verified(&bundle, &["-D"]).1, 100);
    verdict["executable"].clone()
}

#[test]
fn a_shared_standard_library() {
    let bench = Bench::new();
    compile(&bench, &["-Cprefer-dynamic"]);
    let info = warned_of(
        &bench,
        "library",
        &["`libstd-", "without `-C prefer-dynamic`"],
    );
    let needed = info["needed"].as_array().unwrap();
    let is_std = |name: &&Value| name.as_str().unwrap().starts_with("libstd-");
    assert_eq!(needed.iter().filter(is_std).count(), 1, "{info}");
    let shown = pack(&bench, &[]).ok();
    shown.says(&[", needs libstd-"]);
}

#[test]
fn an_interpreter_of_the_build_machine() {
    const NIX: &str = "/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2";
    for (path, word) in [
        (NIX, "is one of the machine that built it"),
        ("/lib/ld-musl-nowhere.so.1", "is not on this machine"),
    ] {
        let bench = Bench::new();
        compile(
            &bench,
            &[&format!("-Clink-arg=-Wl,--dynamic-linker={path}")],
        );
        let info = warned_of(&bench, "interpreter", &[path, word]);
        assert_eq!(info["runs_here"], false);
        assert_eq!(info["interpreter"], path);
    }
    // It would have to be run to learn its dags.
    let bench = Bench::new();
    compile(&bench, &[&format!("-Clink-arg=-Wl,--dynamic-linker={NIX}")]);
    run(&mut bench.packer()).fails(
        1,
        &[
            "its interpreter is one",
            "the dynamic loader that it asks for is not here",
        ],
    );
}

#[test]
fn folders_that_workers_do_not_have() {
    let bench = Bench::new();
    let rpath = "-Clink-arg=-Wl,-rpath,$ORIGIN/lib:/opt/conda/lib:/nix/store/abc/lib:/home/me/lib";
    compile(&bench, &[rpath]);
    let words = ["(`/nix/store/abc/lib`, `/home/me/lib`)", "`$ORIGIN`"];
    let info = warned_of(&bench, "rpath", &words);
    let all = [
        "$ORIGIN/lib",
        "/opt/conda/lib",
        "/nix/store/abc/lib",
        "/home/me/lib",
    ];
    assert_eq!(info["rpath"], json!(all));
}

/// What is built elsewhere may lie in a target folder all the same, and `CARGO_HOME` is where it is said to be.
#[test]
fn folders_of_cargo() {
    let bench = Bench::new();
    let cargo_home = bench.path("cargo home");
    bench.write(
        "CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55\n",
    );
    for folder in [
        bench.path("release/build/x/out"),
        cargo_home.join("registry"),
    ] {
        compile(
            &bench,
            &[&format!("-Clink-arg=-Wl,-rpath,{}", folder.display())],
        );
        bench.write("manifest.json", MANIFEST);
        let mut command = bench.packer();
        command.args(["--airflow-metadata", "manifest.json", "-D"]);
        let outcome = run(command.env("CARGO_HOME", &cargo_home));
        outcome.fails(1, &["folders of the machine that built it", "1 warning"]);
    }
}

/// As a program that unpacks itself has it.
#[test]
fn bytes_behind_the_image() {
    let bench = Bench::new();
    compile(&bench, &[]);
    let mut bytes = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    bytes.extend_from_slice(b"the payload, and its length: 28");
    std::fs::write(bench.path(EXECUTABLE), bytes).unwrap();
    let words = [
        "31 bytes stand behind the image",
        "at its own end",
        "include_bytes!",
    ];
    let info = warned_of(&bench, "trailing-bytes", &words);
    assert_eq!(info["trailing_bytes"], 31);
    assert_eq!(info["runs_here"], true);
}

#[test]
fn an_everyday_program_is_packed_without_a_word() {
    let bench = Bench::new();
    for flags in [
        &[][..],
        &["-g"],
        &["-Cstrip=symbols"],
        &["-Ctarget-feature=+crt-static"],
        &["-Crpath"],
    ] {
        compile(&bench, flags);
        let outcome = pack(&bench, &["-D"]).ok();
        assert!(
            !outcome.stderr.contains("warning"),
            "{flags:?}: {}",
            outcome.stderr
        );
        let bundle = PathBuf::from(outcome.text().trim_end());
        let (verdict, code) = verified(&bundle, &["-D"]);
        assert_eq!(
            (code, &verdict["executable"]["trailing_bytes"]),
            (0, &json!(0))
        );
    }
}
