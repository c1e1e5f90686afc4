//! `verify` of single files: every code, the lines, the exit codes.

use std::fmt::Write as _;
use std::path::Path;

use cargo_airflow_bundle::executable::examine;
use serde_json::{Value, json};

use crate::packer::{Bench, EXECUTABLE, MANIFEST, Outcome, assemble, packer, run, set_mode};
use crate::{SHORT, by_hand};

fn verify(args: &[&Path]) -> Outcome {
    run(packer()
        .args(["verify", "--message-format", "json"])
        .args(args))
}

fn codes(findings: &Value) -> Vec<&str> {
    findings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

/// The only line for `path`, which must have these problems and warnings.
#[track_caller]
fn judged(path: &Path, problems: &[&str], warnings: &[&str]) -> Value {
    let outcome = verify(&[path]);
    let [line] = outcome.json_lines().try_into().unwrap();
    assert_eq!(codes(&line["problems"]), problems, "{line:#}");
    assert_eq!(codes(&line["warnings"]), warnings, "{line:#}");
    assert_eq!(line["usable"], problems.is_empty());
    assert_eq!(
        outcome.code,
        if problems.is_empty() { 0 } else { 100 },
        "{outcome:#?}"
    );
    let keys: Vec<_> = line
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "dag_ids",
            "executable",
            "path",
            "problems",
            "reason",
            "usable",
            "warnings"
        ]
    );
    assert_eq!(line["reason"], "airflow-bundle-verify");
    assert_eq!(line["path"], json!(std::path::absolute(path).unwrap()));
    let findings = [&line["problems"], &line["warnings"]]
        .map(|list| list.as_array().unwrap().clone())
        .concat();
    let human = run(packer().arg("verify").arg(path));
    assert_eq!(human.code, outcome.code);
    for one in findings {
        assert_eq!(one.as_object().unwrap().len(), 2, "code and message");
        let message = one["message"].as_str().unwrap();
        assert!(
            message.len() > 10 && !message.contains(['\n', '\x1b']),
            "{message:?}"
        );
        assert!(
            human.text().contains(message),
            "the human form has the same content: {human:#?}"
        );
    }
    line
}

/// The line about the executable of a bench.
fn host_executable(bench: &Bench) -> String {
    let file = std::fs::File::open(bench.path(EXECUTABLE)).unwrap();
    let len = file.metadata().unwrap().len();
    let line = examine(file, 0, len).unwrap().to_string();
    assert!(line.starts_with("ELF executable for Linux on "), "{line}");
    line
}

#[test]
fn a_good_bundle() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let line = judged(&bundle, &[], &[]);
    assert_eq!(line["dag_ids"], json!(["sales"]));
    let human = run(packer().arg("verify").arg(&bundle)).must_succeed();
    assert_eq!(
        human.text(),
        format!(
            "usable: {}\n  dags: sales\n  {}\n",
            bundle.display(),
            host_executable(&bench)
        )
    );
    assert_eq!(human.stderr, "");
    assert!(bench.processes().len() == 1, "verify runs nothing");
    // A relative path is told as an absolute one.
    let relative = run(packer().current_dir(bench.root()).args([
        "verify",
        "--message-format",
        "json",
        "airflow-bundle/etl",
    ]));
    assert_eq!(
        relative.json_lines()[0]["path"],
        json!(bundle.canonicalize().unwrap())
    );
}

/// Merge keys that double what they merge at each level.
fn complex() -> String {
    let mut text = format!("{SHORT}a0: &a0 {{k: v, l: w, m: x, n: y}}\n");
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        let merged = [&*before; 4].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} {{<<: [{merged}]}}");
    }
    text
}

#[test]
fn manifests_that_make_a_bundle_unusable() {
    let bench = Bench::new();
    let with = |dags: &str, version: &str| {
        format!("dags: {dags}\nsdk: {{supervisor_schema_version: {version}}}\n")
    };
    let good = "'2026-06-16'";
    let deep = format!("{SHORT}x: {}{}\n", "[".repeat(70), "]".repeat(70));
    let complex = complex();
    let cases: &[(&[u8], &[&str], &str)] = &[
        (b"\xff", &["manifest-not-utf8"], "line 1"),
        (b"a: b\nc: \xc3", &["manifest-not-utf8"], "line 2"),
        (b"a: [", &["manifest-not-yaml"], "line 1"),
        (b"a: b\n\tc: d", &["manifest-not-yaml"], "line 2"),
        (b"a: 1\n---\nb: 2", &["manifest-not-yaml"], "line 2"),
        (b"", &["manifest-not-mapping"], "nothing (null)"),
        (b"- a", &["manifest-not-mapping"], "a list"),
        (b"text", &["manifest-not-mapping"], "a str"),
        (b"a: 2026-13-45", &["manifest-raises"], "line 1"),
        (b"a: !!int x", &["manifest-raises"], "ValueError"),
        (
            b"a: \"\\UFFFFFFFF\"",
            &["manifest-raises"],
            "every task whose search meets it fails",
        ),
        (deep.as_bytes(), &["too-deep"], "64"),
        (complex.as_bytes(), &["too-complex"], "line "),
        (b"{}", &["no-dags", "schema-version"], "no `dags`"),
        (
            &with("{}", good).into_bytes(),
            &["no-dags"],
            "`dags` is empty",
        ),
        (
            &with("[sales]", good).into_bytes(),
            &["no-dags"],
            "not a mapping",
        ),
        (
            &with("null", good).into_bytes(),
            &["no-dags"],
            "nothing (null)",
        ),
        (
            &with("{on: {}, 1: {}}", good).into_bytes(),
            &["no-dags"],
            "no key of `dags` is a string for YAML 1.1 (line 1): quote",
        ),
        (
            &with("{sales: {}}", "2026-06-16").into_bytes(),
            &["schema-version"],
            "is a datetime.date for YAML 1.1, not a string (line 2): quote it",
        ),
        (
            &with("{sales: {}}", "''").into_bytes(),
            &["schema-version"],
            "is empty",
        ),
        (
            &with("{sales: {}}", "'2026-10-30'").into_bytes(),
            &["schema-version"],
            "knows only \"2026-06-16\"",
        ),
        (
            b"dags: {sales: {}}",
            &["schema-version"],
            "no `sdk.supervisor_schema_version`",
        ),
        (
            b"dags: {sales: {}}\nsdk: [x]",
            &["schema-version"],
            "no `sdk.supervisor_schema_version`",
        ),
    ];
    for (manifest, problems, words) in cases {
        let path = by_hand(&bench, "hand", b"", manifest);
        let line = judged(&path, problems, &[]);
        let message = line["problems"][0]["message"].as_str().unwrap();
        assert!(
            message.contains(words),
            "{words:?} for {:?}: {message}",
            String::from_utf8_lossy(manifest)
        );
    }
    // A sparse file; nobody's manifest has 64 MiB.
    let path = bench.write("long", "");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let manifest = (64_u64 << 20) + 1;
    file.set_len(1 + manifest + 64).unwrap();
    let mut trailer = assemble(b"\0", b"", b"");
    trailer[5..9].copy_from_slice(&u32::try_from(manifest).unwrap().to_le_bytes());
    std::os::unix::fs::FileExt::write_at(&file, &trailer[1..], 1 + manifest).unwrap();
    set_mode(&path, 0o755);
    judged(&path, &["manifest-too-long"], &[]);
}

#[test]
fn trailers_that_make_a_bundle_unusable() {
    let bench = Bench::new();
    let good = std::fs::read(bench.bundle(MANIFEST)).unwrap();
    let end = good.len() - 64;
    let changed = |at: usize, bytes: &[u8]| {
        let mut mutant = good.clone();
        mutant[at..at + bytes.len()].copy_from_slice(bytes);
        let path = bench.write("hand", mutant);
        set_mode(&path, 0o755);
        path
    };
    judged(&changed(end + 8, &[2]), &["footer-version"], &[]);
    judged(&changed(end + 8, &[0]), &["footer-version"], &[]);
    judged(&changed(end + 50, &[1]), &["footer-reserved"], &[]);
    judged(&changed(end, &[0xff; 4]), &["footer-lengths"], &[]);
    judged(&changed(end + 4, &[0xff; 4]), &["footer-lengths"], &[]);
    judged(
        &changed(end + 20, &[good[end + 20] ^ 1]),
        &["digest-mismatch"],
        &["digests-mismatch", "digests-mismatch"],
    );
    let line = judged(&changed(100, &[good[100] ^ 1]), &["digest-mismatch"], &[]);
    assert!(
        line["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("changed after packing")
    );
    judged(&changed(end + 56, b"AFBNDL02"), &["not-a-bundle"], &[]);

    let path = bench.write("hand", assemble(b"", b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    judged(&path, &["no-executable"], &[]);
}

#[test]
fn files_that_are_named_and_are_no_bundles() {
    let bench = Bench::new();
    judged(&bench.path(EXECUTABLE), &["not-a-bundle"], &[]);
    judged(&bench.path("main.rs"), &["not-a-bundle"], &[]);
    judged(&bench.write("empty", ""), &["not-a-bundle"], &[]);
    judged(
        &bench.write("63", &assemble(b"", b"", b"")[1..]),
        &["not-a-bundle"],
        &[],
    );
    judged(&bench.path("missing"), &["unreadable"], &[]);
}

/// What happens to bundles after packing is told from what they were.
#[test]
fn bundles_that_were_changed_after_packing() {
    let bench = Bench::with_program("link_section");
    let bundle = bench.bundle("");
    judged(&bundle, &[], &[]);
    let tool = |name: &str, args: &[&str], path: &Path| {
        std::fs::copy(&bundle, path).unwrap();
        let output = std::process::Command::new(name)
            .args(args)
            .arg(path)
            .output();
        let output =
            output.unwrap_or_else(|error| panic!("`{name}` (Debian: binutils, patchelf): {error}"));
        assert!(output.status.success(), "{output:?}");
        path.to_owned()
    };
    let stripped = tool("strip", &["--strip-all"], &bench.path("stripped"));
    let line = judged(&stripped, &["footer-missing"], &[]);
    assert!(
        line["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("strip before packing"),
        "{line}"
    );
    judged(
        &tool("objcopy", &[], &bench.path("copied")),
        &["footer-missing"],
        &[],
    );
    // Never packed.
    judged(&bench.path(EXECUTABLE), &["footer-missing"], &[]);

    let good = std::fs::read(&bundle).unwrap();
    for (tail, words) in [
        (vec![b'\n'], "1 bytes stand behind"),
        (vec![0; 5000], "5000 bytes stand behind"),
    ] {
        let path = bench.write("appended", [good.clone(), tail].concat());
        set_mode(&path, 0o755);
        let line = judged(&path, &["footer-moved"], &[]);
        assert!(
            line["problems"][0]["message"]
                .as_str()
                .unwrap()
                .contains(words),
            "{line}"
        );
    }
    // A tool that writes a new table behind everything, and points the header there.
    let mut patched = good.clone();
    patched.extend([0; 4096]);
    patched[40..48].copy_from_slice(&u64::try_from(good.len()).unwrap().to_le_bytes());
    let path = bench.write("patched", patched);
    set_mode(&path, 0o755);
    judged(&path, &["footer-moved"], &[]);
    // A copy that broke off.
    let path = bench.write("half", &good[..good.len() - 10]);
    set_mode(&path, 0o755);
    judged(&path, &["footer-missing"], &[]);
}

#[test]
fn modes() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    for (mode, problems, warnings) in [
        (0o755, &[][..], &[][..]),
        (0o555, &[], &[]),
        (0o4755, &[], &[]),
        (0o700, &[], &["mode"]),
        (0o711, &[], &["mode"]),
        (0o754, &[], &["mode"]),
        (0o644, &["not-executable"], &["mode"]),
        (0o600, &["not-executable"], &["mode"]),
    ] {
        set_mode(&bundle, mode);
        let line = judged(&bundle, problems, warnings);
        let said = line.to_string();
        assert_eq!(
            said.contains("chmod 755"),
            mode & 0o555 != 0o555,
            "{mode:o}: {said}"
        );
    }
}

#[test]
fn warnings() {
    let bench = Bench::new();
    // ELF's machine number: AArch64 on x86-64 and the other way round.
    let mut other = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    other[18] = if cfg!(target_arch = "aarch64") {
        0x3e
    } else {
        0xb7
    };
    let path = bench.write("other", assemble(&other, b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    let line = judged(&path, &[], &["architecture"]);
    assert!(
        line["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("this host cannot run"),
        "{line}"
    );
    let path = bench.write("script", assemble(b"#!/bin/sh\n", b"", SHORT.as_bytes()));
    set_mode(&path, 0o755);
    judged(&path, &[], &["executable"]);

    let dags = "dags: {\"a b\": {tasks: [\"c d\", ok]}, ok: {tasks: [\"\\e\"]}}\nsdk: {supervisor_schema_version: '2026-06-16'}\n";
    let path = by_hand(&bench, "ids", b"", dags);
    let line = judged(&path, &[], &["refused-id"; 3]);
    assert_eq!(line["dag_ids"], json!(["a b", "ok"]));
}

/// A digest, a length, an offset: each is checked against the bytes.
#[test]
fn sources_and_digests_that_do_not_match() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let [line] = run(packer()
        .args(["inspect", "--message-format", "json"])
        .arg(&bundle))
    .json_lines()
    .try_into()
    .unwrap();
    let text = run(packer().arg("inspect").arg(&bundle)).text().to_owned();
    let source = std::fs::read(bench.path("main.rs")).unwrap();
    let digests = &line["manifest"]["digests"];
    let quoted = |value: &Value| value.as_str().unwrap().to_owned();
    let zeros = "0".repeat(64);
    // Any change of a manifest of ours changes the digest of the whole, too.
    for (old, new, expected) in [
        (String::new(), "", &[][..]),
        (quoted(&digests["cache"]), &*zeros, &["digests-mismatch"]),
        (
            format!("integrity: \"{}", quoted(&digests["integrity"])),
            &format!("integrity: \"{zeros}"),
            &["digests-mismatch"],
        ),
        (
            quoted(&line["manifest"]["sources"][0]["sha256"]),
            &zeros,
            &["source-mismatch", "digests-mismatch"],
        ),
        (
            format!("length: {}", source.len()),
            "length: 1",
            &["source-mismatch", "source-mismatch", "digests-mismatch"],
        ),
        (
            format!("length: {}", source.len()),
            "length: 1000",
            &["source-mismatch", "source-mismatch", "digests-mismatch"],
        ),
        (
            format!("length: {}", source.len()),
            "length: x",
            &["source-mismatch", "digests-mismatch"],
        ),
        (
            "version: \"0.1.0\"".to_owned(),
            "version: \"0.1.1\"",
            &["digests-mismatch"],
        ),
    ] {
        let changed = if old.is_empty() {
            text.clone()
        } else {
            crate::packer::replaced(&text, &old, new)
        };
        let path = by_hand(&bench, "hand", &source, changed);
        judged(&path, &[], expected);
    }
    let path = by_hand(&bench, "hand", &[&*source, b"\n"].concat(), &text);
    judged(&path, &[], &["source-mismatch", "digests-mismatch"]);
    let path = by_hand(&bench, "hand", &source.to_ascii_uppercase(), &text);
    judged(&path, &[], &["source-mismatch", "digests-mismatch"]);
}
