//! `verify` of manifests: those that a worker cannot use, and those that do not match the bytes of their bundle.

use std::fmt::Write as _;

use serde_json::Value;

use cargo_airflow_bundle::bundle::digest::Sha256Digest;

use crate::packer::{Bench, MANIFEST, assemble, packer, replaced, run, set_mode};
use crate::verify::judged;
use crate::{SHORT, by_hand};

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
        (b"a: !!bool x", &["manifest-raises"], "line 1"),
        (b"a: !!int", &["manifest-raises"], "IndexError"),
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
            &with("{sales: {}}", "'2026-07-01'").into_bytes(),
            &["schema-version"],
            "Airflow 3.3 knows only \"2026-06-16\", Airflow 3.4 knows only \"2026-10-30\" and \"2026-06-16\"",
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

/// A digest, a length, an offset: each is checked against the bytes.
#[test]
fn sources_and_digests_that_do_not_match() {
    let bench = Bench::new();
    let bundle = bench.bundle(MANIFEST);
    let [line] = run(packer()
        .args(["inspect", "--message-format", "json"])
        .arg(&bundle))
    .json()
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
            &["source-mismatch", "digests-mismatch", "source-not-shown"],
        ),
        (
            format!("length: {}", source.len()),
            "length: 1",
            &[
                "source-mismatch",
                "source-mismatch",
                "digests-mismatch",
                "source-not-shown",
            ],
        ),
        (
            format!("length: {}", source.len()),
            "length: 1000",
            &[
                "source-mismatch",
                "source-mismatch",
                "digests-mismatch",
                "source-not-shown",
            ],
        ),
        (
            format!("length: {}", source.len()),
            "length: x",
            &["source-mismatch", "digests-mismatch", "source-not-shown"],
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
            replaced(&text, &old, new)
        };
        let path = by_hand(&bench, "hand", &source, changed);
        judged(&path, &[], expected);
    }
    let path = by_hand(&bench, "hand", &[&*source, b"\n"].concat(), &text);
    judged(&path, &[], &["source-mismatch", "digests-mismatch"]);
    let path = by_hand(&bench, "hand", &source.to_ascii_uppercase(), &text);
    judged(
        &path,
        &[],
        &["source-mismatch", "digests-mismatch", "source-not-shown"],
    );
}

/// What the UI of Airflow 3.4 shows in the place of a source; the interop tests compare it with the released reader.
#[test]
fn sources_that_are_not_shown() {
    let bench = Bench::new();
    let digest = Sha256Digest::of(b"fn main");
    let entry =
        |path: &str| format!("{{path: {path}, offset: 0, length: 7, sha256: \"{digest}\"}}");
    let good = entry("a.rs");
    for (sources, words) in [
        (format!("sources: [{good}]\nentrypoint_path: a.rs\n"), ""),
        ("entrypoint_path: a.rs\n".to_owned(), ""),
        ("sources: ~\nentrypoint_path: a.rs\n".to_owned(), ""),
        ("sources: {}\n".to_owned(), "sources must be a list"),
        ("sources: [x]\n".to_owned(), "entries must be mappings"),
        (
            "sources: [{path: 1}]\n".to_owned(),
            "source path must be a non-empty string",
        ),
        (
            format!("sources: [{good}, {good}]\n"),
            "declares duplicate source path 'a.rs'",
        ),
        (
            format!("sources: [{good}]\nentrypoint_path: b.rs\n"),
            "bundle entrypoint_path 'b.rs' is not one of its sources",
        ),
        (
            format!("sources: [{good}]\nentrypoint_path: [a.rs]\n"),
            "unhashable type: 'list'",
        ),
        (
            format!("sources: [{good}]\ndag_source_paths: a.rs\n"),
            "dag_source_paths must be a mapping",
        ),
        (
            format!("sources: [{good}]\ndag_source_paths: {{own: b.rs}}\n"),
            "bundle dag_source_paths maps 'own' to 'b.rs', not a source",
        ),
        (
            format!("sources: [{}]\n", good.replace("offset: 0", "offset: true")),
            "bundle source 'a.rs' offset must be a non-negative integer",
        ),
        (
            format!("sources: [{}]\n", good.replace("length: 7", "length: 8")),
            "bundle source 'a.rs' extends past the source region",
        ),
        (
            format!(
                "sources: [{}]\n",
                good.to_uppercase()
                    .replace("PATH", "path")
                    .replace("OFFSET", "offset")
                    .replace("LENGTH", "length")
                    .replace("SHA", "sha")
            ),
            "bundle source 'A.RS' sha256 must be 64 lowercase hexadecimal digits",
        ),
    ] {
        let path = by_hand(&bench, "hand", b"fn main", format!("{SHORT}{sources}"));
        let line = run(packer()
            .args(["verify", "--message-format", "json"])
            .arg(&path))
        .json()
        .remove(0);
        let warnings = line["airflow"]["3.4"]["warnings"].as_array().unwrap();
        let mut shown = warnings
            .iter()
            .filter(|one| one["code"] == "source-not-shown");
        let said = shown
            .next()
            .map_or("", |one| one["message"].as_str().unwrap());
        assert_eq!(said.is_empty(), words.is_empty(), "{sources}: {said}");
        assert!(said.contains(words), "{sources}: {said}");
        assert!(
            said.is_empty() || said.contains("`Cannot read the source of hand: "),
            "{said}"
        );
        assert!(
            !line["airflow"]["3.3"]
                .to_string()
                .contains("source-not-shown")
        );
        assert_eq!(line["usable"], true, "{sources}");
    }
}

/// Airflow 3.4 passes over a manifest on which its reader raises a `ValueError`; the search of 3.3 ends there.
#[test]
fn a_value_error_is_worse_on_one_release() {
    let bench = Bench::new();
    let path = by_hand(&bench, "hand", b"", "a: 2026-13-45");
    let line = judged(&path, &["manifest-raises", "manifest-not-yaml"], &[]);
    for (problem, release) in line["problems"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["3.3", "3.4"])
    {
        assert_eq!(problem["airflow"], serde_json::json!([release]), "{line:#}");
        assert!(
            problem["message"].as_str().unwrap().contains("ValueError"),
            "{line:#}"
        );
    }
    assert_eq!(line["airflow"]["3.4"]["dag_processor"], "import-error");
}
