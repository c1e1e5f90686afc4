//! Executables that do not start on this machine: what is missing, and what to do.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::packer::{Bench, Outcome, run, set_mode};

/// Packs, with `args`, what cannot start; the message is `sentence`, to the letter.
#[track_caller]
fn refused(bench: &Bench, args: &[&str], sentence: &str) -> Outcome {
    let before = bench.listing();
    let outcome = run(bench.packer().args(args)).fails(1, &[]);
    let executable = bench.path("etl").display().to_string();
    // Of a missing interpreter the packer warns first.
    let warned = outcome
        .stderr
        .starts_with("warning: `etl`: its interpreter is not on this machine (");
    assert_eq!(warned, sentence.contains("dynamic loader"), "{outcome:?}");
    let skipped = usize::from(warned);
    let lines: String = outcome.stderr.split_inclusive('\n').skip(skipped).collect();
    assert_eq!(
        lines,
        format!(
            "error: `{executable} --airflow-metadata` gave no manifest\n\nCaused by:\n  {sentence}\n"
        )
    );
    assert_eq!(bench.listing(), before, "something was written");
    outcome
}

#[test]
fn a_file_that_may_not_be_executed() {
    let bench = Bench::new();
    set_mode(&bench.path("etl"), 0o644);
    refused(
        &bench,
        &[],
        "it could not be started: Permission denied (os error 13); the file is not executable, or its file system is \
         mounted without execution: `chmod +x` it",
    );
}

/// Replaces the only `old` in the executable of a bench.
fn patch(bench: &Bench, old: &[u8], new: &[u8]) {
    let path = bench.path("etl");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old);
    let at = at.expect("the executable holds the bytes to replace");
    bytes[at..at + new.len()].copy_from_slice(new);
    fs::write(&path, bytes).unwrap();
}

#[test]
fn a_dynamic_loader_that_is_not_there() {
    let bench = Bench::new();
    // Its path stands in the file; another of the same length is not there.
    patch(&bench, b"/ld-", b"/xx-");
    refused(
        &bench,
        &[],
        "it could not be started: No such file or directory (os error 2); the dynamic loader that it asks for is not \
         here; it was probably built for another system or C library: pass its manifest with `--airflow-metadata FILE`",
    );
}

/// RISC-V, which no machine that runs these tests is. Started only if the user insists.
#[test]
fn an_executable_for_another_architecture() {
    let bench = Bench::new();
    let mut bytes = fs::read(bench.path("etl")).unwrap();
    bytes[18] = 0xf3;
    bench.write("etl", bytes);
    refused(
        &bench,
        &["--introspect", "run"],
        "it could not be started: Exec format error (os error 8); it is for another architecture or system than this one: \
         set `runner` for its target in cargo's configuration, or pass its manifest with `--airflow-metadata FILE`, \
         captured where it runs",
    );
    let outcome = run(&mut bench.packer()).fails(1, &[]);
    assert!(
        outcome
            .stderr
            .starts_with("error: `etl` is an ELF executable for Linux on riscv64")
            && outcome.stderr.contains(
                "; it cannot be run on this machine to learn its dags, and it has no link section"
            ),
        "{outcome:#?}"
    );
}

/// Compiles C code to `output`.
#[track_caller]
fn compile(folder: &Path, code: &str, output: &str, args: &[&str]) {
    fs::write(folder.join("code.c"), code).unwrap();
    let mut compiler = Command::new("cc");
    compiler.current_dir(folder).args(["-o", output, "code.c"]);
    let compiled = compiler
        .args(args)
        .output()
        .expect("this test needs a C compiler");
    assert!(compiled.status.success(), "{compiled:?}");
    fs::remove_file(folder.join("code.c")).unwrap();
}

#[test]
fn a_shared_library_that_is_not_there() {
    let bench = Bench::new();
    let library = "libfire_orders.so";
    fs::remove_file(bench.path("etl")).unwrap();
    compile(
        bench.root(),
        "int orders(void) { return 0; }",
        library,
        &["-shared", "-fPIC"],
    );
    let code = "int orders(void); int main(void) { return orders(); }";
    compile(bench.root(), code, "etl", &["-L.", "-lfire_orders"]);
    fs::remove_file(bench.path(library)).unwrap();
    let executable = bench.path("etl").display().to_string();
    refused(
        &bench,
        &[],
        &format!(
            "it ended with exit code 127; a shared library that it needs is not on this machine, or not where it is \
             looked for: install it or set `LD_LIBRARY_PATH`, here and on the workers, or link it statically\n  its \
             stderr:\n    {executable}: error while loading shared libraries: {library}: cannot open shared object file: \
             No such file or directory"
        ),
    );
}

/// The library has been replaced by an older one, as on a machine with an older system.
#[test]
fn a_shared_library_that_is_too_old() {
    let bench = Bench::new();
    fs::remove_file(bench.path("etl")).unwrap();
    let build = |map: &str| {
        bench.write("map", map);
        let args = [
            "-shared",
            "-fPIC",
            "-Wl,--version-script=map",
            "-Wl,-soname,libfire_orders.so",
        ];
        let code = "int orders(void) { return 0; }";
        compile(bench.root(), code, "libfire_orders.so", &args);
        fs::remove_file(bench.path("map")).unwrap();
    };
    build("ORDERS_1.0 {}; ORDERS_2.0 { global: orders; };");
    let code = "int orders(void); int main(void) { return orders(); }";
    compile(
        bench.root(),
        code,
        "etl",
        &["-L.", "-lfire_orders", "-Wl,-rpath,$ORIGIN"],
    );
    build("ORDERS_1.0 { global: orders; };");
    let executable = bench.path("etl").display().to_string();
    let library = bench.path("libfire_orders.so").display().to_string();
    refused(
        &bench,
        &[],
        &format!(
            "it ended with exit code 1; it was built for a newer version of a shared library than this machine has: build \
             it on this system or an older one, or pass its manifest with `--airflow-metadata FILE`, captured where it \
             runs\n  its stderr:\n    {executable}: {library}: version `ORDERS_2.0' not found (required by {executable})"
        ),
    );
}
