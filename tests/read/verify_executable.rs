//! What `verify`, `inspect` and the packer say of the executable in a bundle, and `verify --glibc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_airflow_bundle::executable::{GlibcVersion, examine};
use serde_json::{Value, json};

use crate::packer::{Bench, EXECUTABLE, MANIFEST, Outcome, assemble, packer, run, set_mode};
use crate::{SHORT, by_hand};

fn verify(bundle: &Path, args: &[&str]) -> Outcome {
    run(packer().arg("verify").arg(bundle).args(args))
}

fn verify_json(bundle: &Path, args: &[&str]) -> (Value, i32) {
    let outcome = verify(bundle, &[args, &["--message-format", "json"]].concat());
    let [line] = outcome.json().try_into().unwrap();
    (line, outcome.code)
}

fn inspected(bundle: &Path) -> Value {
    let mut command = packer();
    command.arg("inspect").arg(bundle);
    let outcome = run(command.args(["--message-format", "json"])).ok();
    outcome.json().remove(0)
}

/// The glibc that the executable of a bench needs.
fn needed(bench: &Bench) -> GlibcVersion {
    let file = std::fs::File::open(bench.path(EXECUTABLE)).unwrap();
    let len = file.metadata().unwrap().len();
    let executable = examine(file, 0, len).unwrap();
    executable.glibc.expect("a program that needs glibc")
}

/// A bundle with another executable.
fn with_executable(bench: &Bench, name: &str, executable: &[u8]) -> PathBuf {
    let path = bench.write(name, assemble(executable, b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    path
}

/// A static program of the C compiler.
fn static_program(bench: &Bench) -> Vec<u8> {
    let source = bench.write("static.c", "int main(void) { return 0; }\n");
    let program = bench.path("static");
    let mut command = Command::new("cc");
    command.args(["-static", "-o"]).arg(&program).arg(source);
    let made = command.status();
    let made = made
        .expect("a C compiler, with a static C library (Debian: apt-get install gcc libc6-dev)");
    assert!(made.success());
    std::fs::read(program).unwrap()
}

#[test]
fn every_report_describes_the_executable() {
    let bench = Bench::new();
    let packed = bench.pack(MANIFEST, &["--message-format", "json"]);
    let packed = packed.ok().json().remove(0);
    let bundle = PathBuf::from(packed["path"].as_str().unwrap());
    let info = &packed["executable_info"];
    let keys: Vec<_> = info.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "architectures",
            "debug_info_bytes",
            "format",
            "glibc",
            "interpreter",
            "linkage",
            "needed",
            "os",
            "rpath",
            "runs_here",
            "trailing_bytes"
        ]
    );
    assert_eq!(info["format"], "ELF");
    assert_eq!(info["os"], "Linux");
    assert_eq!(info["architectures"], json!([std::env::consts::ARCH]));
    assert_eq!(info["linkage"], "dynamic");
    assert_eq!(info["glibc"], needed(&bench).to_string());
    assert_eq!(info["runs_here"], true);
    let interpreter = info["interpreter"].as_str().unwrap();
    assert!(interpreter.contains("ld-linux"), "{interpreter}");

    assert_eq!(inspected(&bundle)["executable"], *info);
    assert_eq!(verify_json(&bundle, &[]).0["executable"], *info);
}

#[test]
fn what_is_not_there_is_null() {
    let bench = Bench::new();
    let bundle = with_executable(&bench, "bundle", &static_program(&bench));
    let (line, _) = verify_json(&bundle, &[]);
    assert_eq!(line["executable"]["linkage"], "static");
    for key in ["interpreter", "glibc"] {
        let value = line["executable"].get(key);
        assert_eq!(value, Some(&Value::Null), "{key}");
    }
    let human = verify(&bundle, &[]).ok();
    assert!(human.text().contains(", static\n"), "{}", human.text());

    let text = with_executable(&bench, "text", b"no executable\n");
    assert_eq!(verify_json(&text, &[]).0["executable"], Value::Null);
    assert!(inspected(&text)["executable"]["error"].is_string());
    let shown = run(packer().arg("inspect").arg(&text)).ok();
    assert!(
        shown.stderr.contains("the executable region: "),
        "{}",
        shown.stderr
    );
    let plain = bench.write("plain", "no bundle\n");
    assert_eq!(verify_json(&plain, &[]).0["executable"], Value::Null);
}

/// The manifest has nothing to do with it.
#[test]
fn the_executable_of_an_unusable_bundle_is_described_too() {
    let bench = Bench::new();
    let bundle = by_hand(&bench, "bundle", b"", "\u{fffd}: [");
    let (line, code) = verify_json(&bundle, &[]);
    assert_eq!((&line["usable"], code), (&json!(false), 100));
    assert_eq!(line["executable"]["format"], "ELF");
}

#[test]
fn a_newer_glibc_than_there_is() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let needed = needed(&bench);
    for enough in [needed.to_string(), "2.999".to_owned(), "3.0".to_owned()] {
        let (line, code) = verify_json(&bundle, &["--glibc", &enough]);
        assert_eq!((&line["problems"], code), (&json!([]), 0), "{enough}");
    }
    let (line, code) = verify_json(&bundle, &["--glibc", "2.1.3"]);
    assert_eq!(code, 100);
    assert_eq!(line["usable"], true, "the worker's reader takes it");
    let problems = line["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{line:#}");
    assert_eq!(problems[0]["code"], "glibc");
    let message = problems[0]["message"].as_str().unwrap();
    let begins = format!("it needs glibc {needed} for `");
    assert!(message.starts_with(&begins), "{message}");
    assert!(message.contains("and 2.1.3 is all"), "{message}");

    let human = verify(&bundle, &["--glibc", "2.1.3", "--dag-id", "sales"]);
    assert_eq!(human.code, 100);
    let text = human.text();
    assert!(text.starts_with("usable: "), "{text}");
    assert!(
        text.contains(&format!("  problem[glibc]: {message}\n")),
        "{text}"
    );
    assert!(text.contains("the dag `sales` is served by"), "{text}");
    assert_eq!(human.stderr, "");

    // A folder in which one bundle is too new.
    let folder = bench.path("airflow-bundle");
    assert_eq!(verify(&folder, &["--glibc", "2.1.3"]).code, 100);
    verify(&folder, &[]).ok();
}

#[test]
fn executables_that_need_no_glibc_pass() {
    let bench = Bench::new();
    let bundle = with_executable(&bench, "bundle", &static_program(&bench));
    verify(&bundle, &["--glibc", "2.0"]).ok();
}

#[test]
fn what_cannot_be_told_does_not_pass() {
    let bench = Bench::new();
    let text = with_executable(&bench, "text", b"no executable\n");
    verify(&text, &[]).ok();
    let (line, code) = verify_json(&text, &["--glibc", "2.28"]);
    assert_eq!((&line["problems"][0]["code"], code), (&json!("glibc"), 100));

    // What is no bundle at all has its own problem, and that is enough.
    let plain = bench.write("plain", "no bundle\n");
    let (line, _) = verify_json(&plain, &["--glibc", "2.28"]);
    assert_eq!(line["problems"].as_array().unwrap().len(), 1);
    assert_eq!(line["problems"][0]["code"], "not-a-bundle");
}

#[test]
fn versions_that_are_none() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    for wrong in ["", "2", "2.x", "GLIBC_2.28", "2.28-1", "-1.2"] {
        let wrong = format!("--glibc={wrong}");
        verify(&bundle, &[&wrong]).fails(2, &["--glibc"]);
    }
}

/// The interpreter's path is whatever somebody wrote there.
#[test]
fn a_hostile_interpreter_is_shown_escaped() {
    const NASTY: &[u8] = b"/\x1b[31m\x07\xe2\x80\xaegnp\n";
    let bench = Bench::new();
    let mut bytes = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    let at = (0..bytes.len())
        .find(|&at| bytes[at..].starts_with(b"/lib") && bytes[at..at + 12].contains(&b'/'))
        .expect("the interpreter's path");
    bytes[at..][..NASTY.len()].copy_from_slice(NASTY);
    let bundle = with_executable(&bench, "bundle", &bytes);
    let mut inspect = packer();
    inspect.arg("inspect").arg(&bundle);
    let outputs = [
        verify(&bundle, &[]),
        verify(&bundle, &["--message-format", "json"]),
        run(&mut inspect),
        run(inspect.args(["--message-format", "json"])),
    ];
    for output in outputs {
        assert_eq!(output.code, 0, "{output:?}");
        let shown = [output.text(), &output.stderr].concat();
        for unsafe_char in ['\x1b', '\x07', '\u{202e}'] {
            assert!(!shown.contains(unsafe_char), "{shown:?}");
        }
        assert!(shown.contains("[31m"), "it is shown: {shown:?}");
    }
}
