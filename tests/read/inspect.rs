//! `inspect`: byte for byte into a pipe, harmless on a terminal, everything as JSON.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::packer::{Bench, EXECUTABLE, MANIFEST, Outcome, SOURCE, packer, run};
use crate::{SHORT, by_hand};

fn inspect(file: &Path, args: &[&str]) -> Outcome {
    run(packer().arg("inspect").arg(file).args(args))
}

/// Runs `inspect` with a terminal for stdout. `script`, of util-linux, makes one.
fn on_terminal(file: &Path, args: &[&str]) -> String {
    let mut packer = packer();
    packer
        .arg("inspect")
        .arg(file)
        .args(args)
        .arg("--color=never");
    let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap());
    let words: Vec<_> = std::iter::once(packer.get_program())
        .chain(packer.get_args())
        .map(quoted)
        .collect();
    let mut script = Command::new("script");
    script
        .args(["-qec", &words.join(" "), "/dev/null"])
        .stdin(Stdio::null());
    let outcome = run(&mut script).ok();
    outcome.text().replace("\r\n", "\n")
}

/// What a terminal acts on, in the middle of text.
const NASTY: &str = "# \x1b[31mred\x1b[0m \u{9b}31m \u{202e}gnp.exe \u{2066}x\u{2069} \x07\x08 \u{feff} \r end\n\ttab größe 日本 😀\n";

#[test]
fn the_manifest_byte_for_byte() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let shown = inspect(&bundle, &[]).ok();
    let line = format!("  Inspecting `{}` (ELF executable for ", bundle.display());
    assert!(shown.stderr.starts_with(&line), "{}", shown.stderr);
    assert_eq!(shown.stderr.lines().count(), 1, "{}", shown.stderr);
    assert_eq!(inspect(&bundle, &["-q"]).ok().stderr, "");
    let bytes = std::fs::read(&bundle).unwrap();
    assert!(bytes[..bytes.len() - 64].ends_with(&shown.stdout));
    assert!(
        shown
            .text()
            .starts_with("airflow_bundle_metadata_version: \"1.0\"\ndags:\n  \"sales\":\n")
    );
    assert!(
        shown.text().ends_with("path: \"main.rs\"\n    sha256: \"")
            || shown.text().ends_with("\"\n")
    );

    // Whatever it is.
    for manifest in [
        NASTY.as_bytes(),
        b"",
        b"\xff\xfe not text",
        b"no line break at the end",
    ] {
        let bundle = by_hand(&bench, "hand", b"", manifest);
        assert_eq!(inspect(&bundle, &[]).ok().stdout, manifest);
    }
}

#[test]
fn the_source_byte_for_byte() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    assert_eq!(inspect(&bundle, &["--source"]).ok().text(), SOURCE);
    assert_eq!(inspect(&bundle, &["--source=main.rs"]).ok().text(), SOURCE);
    inspect(&bundle, &["--source=other.rs"]).fails(
        1,
        &["no source file `other.rs` in the bundle; it holds: main.rs"],
    );

    let long = "// a line of a long source\n".repeat(100_000);
    let sources = format!(
        "{SHORT}source: a.go\nsources:\n- {{path: a.go, offset: 0, length: 5}}\n- {{path: \"d/\\e[31m.go\", offset: 5, length: {}}}\n\
         - {{path: out, offset: 1, length: {}}}\n- {{path: over, offset: 18446744073709551615, length: 2}}\n",
        long.len() - 5,
        long.len()
    );
    let bundle = by_hand(&bench, "hand", long.as_bytes(), sources);
    assert!(inspect(&bundle, &["--source"]).ok().text().eq(&long));
    assert_eq!(inspect(&bundle, &["--source=a.go"]).ok().text(), "// a ");
    assert!(
        inspect(&bundle, &["--source=d/\u{1b}[31m.go"])
            .ok()
            .text()
            .eq(&long[5..])
    );
    inspect(&bundle, &["--source=out"])
        .fails(1, &["`out` in `sources` reaches out of the source region"]);
    inspect(&bundle, &["--source=over"])
        .fails(1, &["`over` in `sources` reaches out of the source region"]);
    let listed = inspect(&bundle, &["--source=x"]).fails(1, &["it holds: a.go, d/\\u{1b}[31m.go"]);
    assert!(!listed.stderr.contains('\x1b'));
    // An older bundle has `source` only.
    let bundle = by_hand(
        &bench,
        "old",
        b"package main\n",
        format!("{SHORT}source: main.go\n"),
    );
    assert_eq!(
        inspect(&bundle, &["--source=main.go"]).ok().text(),
        "package main\n"
    );
}

#[test]
fn nothing_reaches_a_terminal_that_it_would_act_on() {
    let bench = Bench::new();
    let bundle = by_hand(
        &bench,
        "hand",
        NASTY.as_bytes(),
        format!("{SHORT}{NASTY}source: a\n"),
    );
    for args in [&[][..], &["--source"]] {
        let shown = on_terminal(&bundle, args);
        for unsafe_char in [
            '\x1b', '\u{9b}', '\u{202e}', '\u{2066}', '\x07', '\x08', '\u{feff}', '\r',
        ] {
            assert!(!shown.contains(unsafe_char), "{unsafe_char:?} in {shown:?}");
        }
        assert!(shown.contains("\\u{1b}[31mred"), "{shown}");
        assert!(shown.contains("\ttab größe 日本 😀\n"), "{shown}");
        assert!(
            shown.contains("note: control or bidirectional characters are shown escaped"),
            "{shown}"
        );
    }
    let harmless = on_terminal(&bench.bundle(MANIFEST), &[]);
    assert!(!harmless.contains("note"), "{harmless}");
    let (line, manifest) = harmless.split_once('\n').unwrap();
    assert!(line.starts_with("  Inspecting `"), "{harmless}");
    assert!(
        manifest.starts_with("airflow_bundle_metadata_version: \"1.0\"\ndags:\n"),
        "{harmless}"
    );
}

#[test]
fn everything_as_json() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let [said] = inspect(&bundle, &["--message-format", "json"])
        .ok()
        .json()
        .try_into()
        .unwrap();
    let size = std::fs::metadata(&bundle).unwrap().len();
    let start = std::fs::metadata(bench.path(EXECUTABLE)).unwrap().len();
    let source = SOURCE.len() as u64;
    let manifest = size - start - source - 64;
    assert_eq!(said["reason"], "airflow-bundle-inspect");
    assert_eq!(said["path"], json!(bundle));
    assert_eq!(said["size"], size);
    assert_eq!(
        said["layout"],
        json!({
            "executable": { "offset": 0, "length": start },
            "source": { "offset": start, "length": source },
            "manifest": { "offset": start + source, "length": manifest },
            "trailer": { "offset": size - 64, "length": 64 },
        })
    );
    let digests = &said["digests"]["binary_sha256"];
    assert_eq!(digests["recorded"], digests["computed"]);
    assert_eq!(
        said["manifest"]["digests"]["integrity"],
        digests["recorded"]
    );
    assert_eq!(
        said["manifest"]["sources"][0]["sha256"],
        said["digests"]["source_sha256"]["computed"]
    );
    assert_eq!(
        said["manifest"]["dags"],
        json!({ "sales": { "tasks": ["extract", "load"] } })
    );
    assert_eq!(said["manifest_error"], json!(null));
    assert_eq!(said["executable"]["format"], "ELF");
    assert_eq!(said["executable"]["runs_here"], true);

    // What is wrong is said, and the rest all the same.
    let mut bytes = std::fs::read(&bundle).unwrap();
    bytes[0] = b'x';
    let broken = bench.write("broken", &bytes);
    let [said] = inspect(&broken, &["--message-format", "json"])
        .ok()
        .json()
        .try_into()
        .unwrap();
    assert_ne!(
        said["digests"]["binary_sha256"]["recorded"],
        said["digests"]["binary_sha256"]["computed"]
    );
    assert!(said["executable"]["error"].is_string(), "{said}");
    let broken = by_hand(&bench, "hand", b"", "a: [");
    let [said] = inspect(&broken, &["--message-format", "json"])
        .ok()
        .json()
        .try_into()
        .unwrap();
    assert_eq!(said["manifest"], json!(null));
    assert_eq!(said["manifest_error"]["code"], "manifest-not-yaml");
    // Values that JSON does not have.
    let odd = "a: 2026-06-16\nb: 123456789012345678901234567890\nc: .inf\nd: !!binary aGk=\n1: on\ne: &e [*e]\nf: 2026-06-16 12:30:00 +02:00\n";
    let broken = by_hand(&bench, "hand", b"", odd);
    let [said] = inspect(&broken, &["--message-format", "json"])
        .ok()
        .json()
        .try_into()
        .unwrap();
    let manifest = &said["manifest"];
    assert_eq!(manifest["a"], "2026-06-16");
    assert_eq!(manifest["b"], "123456789012345678901234567890");
    assert_eq!(manifest["c"], "inf");
    assert_eq!(manifest["d"], "hi");
    assert_eq!(manifest["1"], true);
    assert!(manifest["e"][0][0].is_array());
    assert_eq!(manifest["f"], "2026-06-16T12:30:00.000000+02:00");
}

#[test]
fn what_is_no_bundle() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("folder")).unwrap();
    bench.write("short", "AFBNDL01");
    for (name, words) in [
        (EXECUTABLE, &["cannot open `", "as a bundle", "verify"][..]),
        ("main.rs", &["as a bundle"]),
        ("short", &["as a bundle"]),
        ("folder", &["is a folder", "verify"]),
        ("missing", &["No such file"]),
    ] {
        inspect(&bench.path(name), &[]).fails(1, words);
        inspect(&bench.path(name), &["--message-format", "json"]).fails(1, words);
    }
    inspect(
        &bench.path(EXECUTABLE),
        &["--source", "--message-format", "json"],
    )
    .fails(2, &["cannot be used with"]);
}

/// `inspect ... | head -1` is no error.
#[test]
fn a_reader_that_goes_away() {
    let bench = Bench::new();
    let long = "// a line\n".repeat(1_000_000);
    let bundle = by_hand(&bench, "hand", long.as_bytes(), SHORT);
    let mut child = packer()
        .arg("inspect")
        .arg(bundle)
        .arg("--source")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}
