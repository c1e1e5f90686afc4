//! Manifests that are refused as a whole or for their depth, and manifests that get a warning.

use crate::packer::{BUNDLE, Bench, MANIFEST, replaced};

/// Two texts, of which the second takes the place of the first in a good manifest, and words of the message.
pub type Edit = (&'static str, &'static str, &'static [&'static str]);

/// `manifest` must be refused with each of these edits.
pub fn refused_edits(manifest: &str, edits: &[Edit]) {
    let edited = |&(old, new, words): &Edit| (replaced(manifest, old, new), words);
    refused(edits.iter().map(edited));
}

/// Manifests that must be refused, with words of the message. All are tried before the test fails.
fn refused<'a>(cases: impl IntoIterator<Item = (String, &'a [&'a str])>) {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for (manifest, words) in cases {
        let outcome = bench.pack(&manifest, &[]);
        let message = &outcome.stderr;
        let helpful = ["printed no valid manifest", "it began: "]
            .iter()
            .chain(words)
            .all(|word| message.contains(word));
        if outcome.code != 1 || !helpful || message.contains("panicked") {
            wrong.push(format!(
                "expected {words:?}, got {}\n{message}",
                outcome.code
            ));
        }
        assert!(
            !bench.path("airflow-bundle").exists(),
            "written: {manifest}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whole_documents_of_another_kind() {
    let documents: &[(&str, &[&str])] = &[
        ("null", &["line 1: ", "null", "expected a mapping"]),
        ("~\n", &["line 1: ", "null", "expected a mapping"]),
        ("---\n", &["null", "expected a mapping"]),
        ("# nothing\n", &["expected a mapping"]),
        ("\u{feff}", &["empty"]),
        (
            "{}",
            &["line 1: ", "`airflow_bundle_metadata_version` is missing"],
        ),
        ("[]", &["line 1: ", "is a list", "expected a mapping"]),
        (
            "\"dags\"",
            &["line 1: ", "is a string", "expected a mapping"],
        ),
        ("7", &["line 1: ", "is a number", "expected a mapping"]),
        ("true", &["line 1: ", "is a boolean", "expected a mapping"]),
        (
            "- dags\n- sdk\n",
            &["line 1: ", "is a list", "expected a mapping"],
        ),
        (
            "usage: etl [--port PORT]\n",
            &["line 1: ", "`airflow_bundle_metadata_version` is missing"],
        ),
        (
            "Listening on port 8080\n",
            &["line 1: ", "is a string", "expected a mapping"],
        ),
        ("x: [\n", &["YAML"]),
        ("a\0b: 1\n", &["YAML"]),
        (
            "{\"dags\": {}}\n",
            &["line 1: `dags` is empty: the executable serves no dag"],
        ),
        ("dags: {}\n", &["line 1: `dags` is empty"]),
        ("dags: []\n", &["line 1: `dags` is a list"]),
        ("{\"dags\": null}", &["line 1: `dags` is null"]),
    ];
    refused(
        documents
            .iter()
            .map(|&(document, words)| (document.to_owned(), words)),
    );
}

/// Python's own stack is the limit on the worker, so the packer has one of its own.
#[test]
fn nesting_without_end() {
    let nested = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        replaced(
            MANIFEST,
            "  \"sdk\": {",
            &format!("  \"x\": {value},\n  \"sdk\": {{"),
        )
    };
    let bench = Bench::new();
    bench.pack(nested(60), &[]).ok();
    std::fs::remove_dir_all(bench.path("airflow-bundle")).unwrap();
    for depth in [65, 200, 5_000, 1_000_000] {
        let words = ["line 11: ", "nested", "64"];
        let outcome = bench.pack(nested(depth), &[]).fails(1, &words);
        assert!(
            outcome.elapsed.as_secs() < 5,
            "{depth}: {:?}",
            outcome.elapsed
        );
        let yaml = nested(depth).replacen('{', "# YAML\n{", 1);
        bench.pack(yaml, &[]).fails(1, &["nested"]);
    }
    let mappings = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let manifest = replaced(
        MANIFEST,
        "  \"sdk\": {",
        &format!("  \"x\": {mappings},\n  \"sdk\": {{"),
    );
    bench
        .pack(manifest, &[])
        .fails(1, &["line 11: ", "nested", "64"]);
    assert!(!bench.path("airflow-bundle").exists());
}

#[test]
fn warnings_and_their_denial() {
    let long = "x".repeat(251);
    let cases: &[(String, &[&str])] = &[
        (
            replaced(
                MANIFEST,
                "\n        \"extract\",\n        \"load\"\n      ",
                "",
            ),
            &["the dag `sales` has no tasks"],
        ),
        (
            replaced(MANIFEST, "\"sales\"", "\"sales report\""),
            &[
                "refuses the dag_id `sales report`",
                "it has the character ' ', which Airflow refuses",
            ],
        ),
        (
            replaced(MANIFEST, "\"sales\"", "\"\""),
            &["refuses the dag_id ``: it is empty"],
        ),
        (
            replaced(MANIFEST, "\"load\"", "\"\""),
            &["refuses the task_id ``: it is empty"],
        ),
        (
            replaced(MANIFEST, "\"load\"", "\"a..b\""),
            &["refuses the task_id `a..b`: it contains '..'"],
        ),
        (
            replaced(MANIFEST, "\"load\"", "\"\\u202eload\""),
            &["refuses the task_id `\\u{202e}load`: it has the character '\\u{202e}'"],
        ),
        (
            replaced(MANIFEST, "\"load\"", "\"a\\u0000\\u001b\""),
            &["refuses the task_id `a\\u{0}\\u{1b}`"],
        ),
        (
            replaced(MANIFEST, "\"load\"", &format!("\"{long}\"")),
            &["it is longer than the 250 characters that Airflow accepts"],
        ),
        (
            replaced(MANIFEST, "\"2026-06-16\"", "\"2026-07-30\""),
            &[
                "knows only the supervisor schema version 2026-06-16",
                "workers will refuse a bundle with 2026-07-30",
            ],
        ),
    ];
    for (manifest, words) in cases {
        let bench = Bench::new();
        let denied = bench.pack(manifest, &["-D"]).fails(1, words);
        let denied = denied.says(&[
            "warning: ",
            "1 warning, denied by `--deny-warnings`; nothing was packed",
        ]);
        assert_eq!(
            denied.stderr.matches("warning: ").count(),
            1,
            "{}",
            denied.stderr
        );
        // Not printed, but counted all the same.
        bench
            .pack(manifest, &["-D", "-q"])
            .fails(1, &["1 warning, denied"]);
        assert!(!bench.path("airflow-bundle").exists());
        bench
            .pack(manifest, &[])
            .ok()
            .says(&["warning: "])
            .says(words);
        assert!(bench.path(BUNDLE).is_file());
    }
    let bench = Bench::new();
    let both = replaced(&cases[0].0, "\"sales\"", "\"sales report\"");
    bench
        .pack(both, &["--deny-warnings"])
        .fails(1, &["2 warnings, denied"]);
    let clean = bench.pack(MANIFEST, &["-D"]).ok();
    assert!(!clean.stderr.contains("warning"), "{}", clean.stderr);
}

/// The program of somebody who has never heard of the flag.
#[test]
fn output_that_is_no_try_at_a_manifest() {
    let bench = Bench::new();
    for output in ["6\n", "Usage: etl [FLAGS]\n", "- a\n- b\n"] {
        let words = ["it began: ", "`main` ends in `serve()`", "`--bin`"];
        bench.pack(output, &[]).fails(1, &words);
    }
    let outcome = bench.pack("dags: [a]\n", &[]).fails(1, &["it began: "]);
    assert!(!outcome.stderr.contains("serve()"), "{}", outcome.stderr);
}
