//! Manifests that are refused, with line and key, and manifests that get a warning.

use crate::packer::{BUNDLE, Bench, MANIFEST, replaced};

const YAML: &str = "\
airflow_bundle_metadata_version: '1.0'
dags:
  sales:
    tasks:
      - extract
      - load
sdk:
  language: rust
  supervisor_schema_version: '2026-06-16'
  version: 0.1.0
";

/// Replaces `old` by `new` in `text`; the words must stand in the message.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

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

const JSON_CASES: &[Case<'static>] = &[
    // Missing keys.
    (
        MANIFEST,
        "  \"airflow_bundle_metadata_version\": \"1.0\",\n",
        "",
        &["line 15: ", "`airflow_bundle_metadata_version` is missing"],
    ),
    (
        MANIFEST,
        "\"dags\"",
        "\"Dags\"",
        &["line 16: ", "`dags` is missing"],
    ),
    (
        MANIFEST,
        "\"tasks\"",
        "\"task\"",
        &["line 9: ", "`dags.sales.tasks` is missing"],
    ),
    (
        MANIFEST,
        "\"sdk\"",
        "\"SDK\"",
        &["line 16: ", "`sdk` is missing"],
    ),
    (
        MANIFEST,
        "    \"language\": \"rust\",\n",
        "",
        &["line 14: ", "`sdk.language` is missing"],
    ),
    (
        MANIFEST,
        "    \"supervisor_schema_version\": \"2026-06-16\",\n",
        "",
        &[
            "line 14: ",
            "`sdk.supervisor_schema_version` is missing",
            "2026-06-16",
        ],
    ),
    (
        MANIFEST,
        ",\n    \"version\": \"0.1.0\"",
        "",
        &["line 14: ", "`sdk.version` is missing"],
    ),
    // Values of another type, null among them.
    (
        MANIFEST,
        "\"1.0\"",
        "1.0",
        &[
            "line 2: `airflow_bundle_metadata_version` is a number",
            "expected the string \"1.0\"",
        ],
    ),
    (
        MANIFEST,
        "\"1.0\"",
        "null",
        &["line 2: `airflow_bundle_metadata_version` is null"],
    ),
    (
        MANIFEST,
        "\"1.0\"",
        "[\"1.0\"]",
        &["line 2: `airflow_bundle_metadata_version` is a list"],
    ),
    (
        MANIFEST,
        "\"rust\"",
        "true",
        &["line 12: `sdk.language` is a boolean"],
    ),
    (
        MANIFEST,
        "\"rust\"",
        "{}",
        &["line 12: `sdk.language` is a mapping"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "20260616",
        &["line 13: `sdk.supervisor_schema_version` is a number"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "null",
        &["line 13: `sdk.supervisor_schema_version` is null"],
    ),
    (
        MANIFEST,
        "\"0.1.0\"",
        "0.1",
        &["line 14: `sdk.version` is a number"],
    ),
    (
        MANIFEST,
        "\"0.1.0\"",
        "null",
        &["line 14: `sdk.version` is null"],
    ),
    (
        MANIFEST,
        "\"extract\"",
        "7",
        &["line 6: `dags.sales.tasks[0]` is a number", "a task id"],
    ),
    (
        MANIFEST,
        "\"load\"",
        "null",
        &["line 7: `dags.sales.tasks[1]` is null"],
    ),
    (
        MANIFEST,
        "\"load\"",
        "{\"id\": \"load\"}",
        &["line 7: `dags.sales.tasks[1]` is a mapping"],
    ),
    (
        MANIFEST,
        "[\n        \"extract\",\n        \"load\"\n      ]",
        "\"extract\"",
        &["line 5: `dags.sales.tasks` is a string"],
    ),
    (
        MANIFEST,
        "[\n        \"extract\",\n        \"load\"\n      ]",
        "null",
        &["line 5: `dags.sales.tasks` is null"],
    ),
    (
        MANIFEST,
        "{\n      \"tasks\": [\n        \"extract\",\n        \"load\"\n      ]\n    }",
        "null",
        &["line 4: `dags.sales` is null"],
    ),
    (
        MANIFEST,
        "{\n      \"tasks\": [\n        \"extract\",\n        \"load\"\n      ]\n    }",
        "[\"extract\"]",
        &["line 4: `dags.sales` is a list"],
    ),
    // Values that the rules do not allow.
    (
        MANIFEST,
        "\"1.0\"",
        "\"2.0\"",
        &["line 2: `airflow_bundle_metadata_version` has the major version 2"],
    ),
    (
        MANIFEST,
        "\"1.0\"",
        "\"1\"",
        &["line 2: `airflow_bundle_metadata_version` is not a version (\"1\")"],
    ),
    (
        MANIFEST,
        "\"1.0\"",
        "\"01.0 \"",
        &["line 2: `airflow_bundle_metadata_version` is not a version"],
    ),
    (
        MANIFEST,
        "\"1.0\"",
        "\"\"",
        &["line 2: `airflow_bundle_metadata_version` is not a version"],
    ),
    (MANIFEST, "\"1.0\"", "\"10.0\"", &["major version 10"]),
    (
        MANIFEST,
        "\"rust\"",
        "\"Rust\"",
        &["line 12: `sdk.language` is not a lower-case name (\"Rust\")"],
    ),
    (
        MANIFEST,
        "\"rust\"",
        "\"\"",
        &["line 12: `sdk.language` is not a lower-case name"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "\"2026-6-16\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date (\"2026-6-16\")"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "\"2026-06-16\\n\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "\"2026-13-45\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "\"2026-02-29\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        MANIFEST,
        "\"2026-06-16\"",
        "\"\u{0662}026-06-16\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        MANIFEST,
        "\"0.1.0\"",
        "\"\"",
        &["line 14: `sdk.version` is empty"],
    ),
    (
        MANIFEST,
        "\"0.1.0\"",
        "\"\\ud800\"",
        &["line 14", "hex escape"],
    ),
    // What stands twice.
    (
        MANIFEST,
        "\"load\"",
        "\"extract\"",
        &["line 7: `dags.sales.tasks[1]` repeats the task id \"extract\""],
    ),
    (
        MANIFEST,
        "\"sales\": {",
        "\"sales\": {\"tasks\": []},\n\"sales\": {",
        &["line 5: ", "`dags` has the dag_id \"sales\" twice"],
    ),
    (
        MANIFEST,
        "\"sales\": {",
        "\"s\\u0061les\": {\"tasks\": []},\n\"sales\": {",
        &["`dags` has the dag_id \"sales\" twice"],
    ),
    (
        MANIFEST,
        "\"tasks\": [",
        "\"tasks\": [],\n\"tasks\": [",
        &["line 6: ", "`dags.sales` has the key \"tasks\" twice"],
    ),
    (
        MANIFEST,
        "  \"sdk\": {",
        "  \"dags\": {\"b\": {\"tasks\": []}},\n  \"sdk\": {",
        &["line 11: ", "has the key \"dags\" twice"],
    ),
    (
        MANIFEST,
        "\"version\": \"0.1.0\"",
        "\"version\": \"0.1.0\",\n\"version\": \"0.1.0\"",
        &["line 15: ", "`sdk` has the key \"version\" twice"],
    ),
    (
        MANIFEST,
        "  \"sdk\": {",
        "  \"x\": {\n\"y\": {\n\"z\": 1,\n\"z\": 2}},\n  \"sdk\": {",
        &["line 14: ", "`x.y` has the key \"z\" twice"],
    ),
    (
        MANIFEST,
        "  \"sdk\": {",
        "  \"x\": [\n{\n\"z\": 1,\n\"z\": 2}],\n  \"sdk\": {",
        &["line 14: ", "`x[0]` has the key \"z\" twice"],
    ),
    // Not JSON.
    (
        MANIFEST,
        "\"0.1.0\"",
        "\"0.1.0\",",
        &["line 15: ", "JSON", "trailing comma"],
    ),
    (MANIFEST, "\"0.1.0\"", "\"0.1.0", &["line 15: ", "JSON"]),
    (
        MANIFEST,
        "\"0.1.0\"",
        "0.1.0",
        &["line 14: `sdk.version` is a number"],
    ),
    (MANIFEST, "\"0.1.0\"", "'0.1.0'", &["line 14: ", "JSON"]),
    (MANIFEST, "\"0.1.0\"", "NaN", &["line 14: ", "JSON"]),
    (
        MANIFEST,
        "  \"sdk\": {",
        "  \"x\": {\n\"y\": [\n1,\n0x]},\n  \"sdk\": {",
        &["line 14: ", "JSON"],
    ),
    (
        MANIFEST,
        "  }\n}\n",
        "  }\n}\n}\n",
        &["line 17: more text follows the manifest"],
    ),
    (
        MANIFEST,
        "  }\n}\n",
        "  }\n}\ndone\n",
        &["line 17: more text follows the manifest"],
    ),
];

#[test]
fn json_that_breaks_a_rule() {
    let edit = |&(text, old, new, words): &Case<'static>| (replaced(text, old, new), words);
    refused(JSON_CASES.iter().map(edit));
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

const YAML_CASES: &[Case<'static>] = &[
    (
        YAML,
        "    tasks:",
        "    task:",
        &["`dags.sales.tasks` is missing"],
    ),
    (
        YAML,
        "  language: rust\n",
        "",
        &["`sdk.language` is missing"],
    ),
    // What YAML 1.2 takes for something else than a string.
    (
        YAML,
        "'1.0'",
        "1.0",
        &["line 1: `airflow_bundle_metadata_version` is a number"],
    ),
    (
        YAML,
        "0.1.0",
        "0.1",
        &["line 10: `sdk.version` is a number"],
    ),
    (YAML, "rust", "null", &["line 8: `sdk.language` is null"]),
    (YAML, "rust", "", &["`sdk.language` is null"]),
    (
        YAML,
        "rust",
        "true",
        &["line 8: `sdk.language` is a boolean"],
    ),
    (
        YAML,
        "- extract",
        "- 1",
        &["line 5: `dags.sales.tasks[0]` is a number"],
    ),
    (YAML, "- extract", "-", &["`dags.sales.tasks[0]` is null"]),
    (
        YAML,
        "  sales:",
        "  1:",
        &["`dags` has the key 1, which is a number, not a string; quote it"],
    ),
    (
        YAML,
        "  sales:",
        "  true:",
        &["`dags` has the key true, which is a boolean, not a string; quote it"],
    ),
    (
        YAML,
        "  sales:",
        "  null:",
        &["`dags` has the key null, which is null, not a string; quote it"],
    ),
    (
        YAML,
        "  sales:",
        "  ? [sales]\n  :",
        &["`dags` has a list as a key"],
    ),
    (
        YAML,
        "sdk:",
        "1: x\nsdk:",
        &["has the key 1, which is a number"],
    ),
    // What stands twice.
    (
        YAML,
        "- load",
        "- extract",
        &["line 6: `dags.sales.tasks[1]` repeats the task id \"extract\""],
    ),
    (
        YAML,
        "sdk:",
        "  sales: {tasks: []}\nsdk:",
        &["line 7: ", "`dags` has the dag_id \"sales\" twice"],
    ),
    (
        YAML,
        "sdk:",
        "  'sales': {tasks: []}\nsdk:",
        &["`dags` has the dag_id \"sales\" twice"],
    ),
    (
        YAML,
        "  language: rust",
        "  language: rust\n  language: rust",
        &["line 9: ", "`sdk` has the key \"language\" twice"],
    ),
    (
        YAML,
        "sdk:",
        "x:\n  y: {z: 1,\n    z: 2}\nsdk:",
        &["line 9: ", "`x.y` has the key \"z\" twice"],
    ),
    // What YAML has and a manifest has not.
    (
        YAML,
        "rust",
        "!lang rust",
        &["line 8: `sdk.language` has a YAML tag"],
    ),
    (
        YAML,
        "sdk:",
        "x: !thing {a: 1}\nsdk:",
        &["line 7: `x` has a YAML tag"],
    ),
    (YAML, "rust", "*name", &["line 8", "YAML"]),
    (YAML, "  language", "\tlanguage", &["line 8", "YAML"]),
    (
        YAML,
        "  version: 0.1.0\n",
        "  version: 0.1.0\n---\n",
        &["line 11: a second YAML document follows"],
    ),
    (
        YAML,
        "  version: 0.1.0\n",
        "  version: 0.1.0\n...\n--- {}\n",
        &["line 12: a second YAML document follows"],
    ),
    (
        YAML,
        "  version: 0.1.0\n",
        "  version: 0.1.0\n...\nsdk: 1\n",
        &["line 12: a second YAML document follows"],
    ),
];

#[test]
fn yaml_that_breaks_a_rule() {
    let edit = |&(text, old, new, words): &Case<'static>| (replaced(text, old, new), words);
    refused(YAML_CASES.iter().map(edit));
    let bench = Bench::new();
    for accepted in [
        format!("---\n{YAML}...\n"),
        format!("%YAML 1.2\n---\n{YAML}"),
        format!("# a comment\n--- # another\n{YAML}"),
        format!("\u{feff}{YAML}"),
        YAML.replace('\n', "\r\n"),
    ] {
        bench.pack(&accepted, &[]).must_succeed();
    }
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
    bench.pack(nested(60), &[]).must_succeed();
    std::fs::remove_dir_all(bench.path("airflow-bundle")).unwrap();
    for depth in [65, 200, 5_000, 1_000_000] {
        let words = ["line 11: ", "nested", "64"];
        let outcome = bench.pack(nested(depth), &[]).must_fail(1, &words);
        assert!(
            outcome.elapsed.as_secs() < 5,
            "{depth}: {:?}",
            outcome.elapsed
        );
        let yaml = nested(depth).replacen('{', "# YAML\n{", 1);
        bench.pack(yaml, &[]).must_fail(1, &["nested"]);
    }
    let mappings = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let manifest = replaced(
        MANIFEST,
        "  \"sdk\": {",
        &format!("  \"x\": {mappings},\n  \"sdk\": {{"),
    );
    bench
        .pack(manifest, &[])
        .must_fail(1, &["line 11: ", "nested", "64"]);
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
            &["refuses the dag_id `sales report`", "it holds ` `"],
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
            &["refuses the task_id `a..b`: it holds `..`"],
        ),
        (
            replaced(MANIFEST, "\"load\"", "\"\\u202eload\""),
            &["refuses the task_id `\\u{202e}load`: it holds U+202E"],
        ),
        (
            replaced(MANIFEST, "\"load\"", "\"a\\u0000\\u001b\""),
            &["refuses the task_id `a\\u{0}\\u{1b}`"],
        ),
        (
            replaced(MANIFEST, "\"load\"", &format!("\"{long}\"")),
            &["it has 251 characters; at most 250"],
        ),
        (
            replaced(MANIFEST, "\"2026-06-16\"", "\"2026-10-30\""),
            &[
                "knows only the supervisor schema version 2026-06-16",
                "2026-10-30",
            ],
        ),
    ];
    for (manifest, words) in cases {
        let bench = Bench::new();
        let denied = bench.pack(manifest, &["-D"]).must_fail(1, words);
        let denied = denied.must_say(&[
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
            .must_fail(1, &["1 warning, denied"]);
        assert!(!bench.path("airflow-bundle").exists());
        bench
            .pack(manifest, &[])
            .must_succeed()
            .must_say(&["warning: "])
            .must_say(words);
        assert!(bench.path(BUNDLE).is_file());
    }
    let bench = Bench::new();
    let both = replaced(&cases[0].0, "\"sales\"", "\"sales report\"");
    bench
        .pack(both, &["--deny-warnings"])
        .must_fail(1, &["2 warnings, denied"]);
    let clean = bench.pack(MANIFEST, &["-D"]).must_succeed();
    assert!(!clean.stderr.contains("warning"), "{}", clean.stderr);
}
