//! JSON manifests that are refused, with line and key.

use crate::packer::MANIFEST;
use crate::validate::{Edit, refused_edits};

const JSON_CASES: &[Edit] = &[
    // Missing keys.
    (
        "  \"airflow_bundle_metadata_version\": \"1.0\",\n",
        "",
        &["line 15: ", "`airflow_bundle_metadata_version` is missing"],
    ),
    ("\"dags\"", "\"Dags\"", &["line 16: ", "`dags` is missing"]),
    (
        "\"tasks\"",
        "\"task\"",
        &["line 9: ", "`dags.sales.tasks` is missing"],
    ),
    ("\"sdk\"", "\"SDK\"", &["line 16: ", "`sdk` is missing"]),
    (
        "    \"language\": \"rust\",\n",
        "",
        &["line 14: ", "`sdk.language` is missing"],
    ),
    (
        "    \"supervisor_schema_version\": \"2026-06-16\",\n",
        "",
        &[
            "line 14: ",
            "`sdk.supervisor_schema_version` is missing",
            "2026-06-16",
        ],
    ),
    (
        ",\n    \"version\": \"0.1.0\"",
        "",
        &["line 14: ", "`sdk.version` is missing"],
    ),
    // Values of another type, null among them.
    (
        "\"1.0\"",
        "1.0",
        &[
            "line 2: `airflow_bundle_metadata_version` is a number",
            "expected the string \"1.0\"",
        ],
    ),
    (
        "\"1.0\"",
        "null",
        &["line 2: `airflow_bundle_metadata_version` is null"],
    ),
    (
        "\"1.0\"",
        "[\"1.0\"]",
        &["line 2: `airflow_bundle_metadata_version` is a list"],
    ),
    (
        "\"rust\"",
        "true",
        &["line 12: `sdk.language` is a boolean"],
    ),
    ("\"rust\"", "{}", &["line 12: `sdk.language` is a mapping"]),
    (
        "\"2026-06-16\"",
        "20260616",
        &["line 13: `sdk.supervisor_schema_version` is a number"],
    ),
    (
        "\"2026-06-16\"",
        "null",
        &["line 13: `sdk.supervisor_schema_version` is null"],
    ),
    ("\"0.1.0\"", "0.1", &["line 14: `sdk.version` is a number"]),
    ("\"0.1.0\"", "null", &["line 14: `sdk.version` is null"]),
    (
        "\"extract\"",
        "7",
        &["line 6: `dags.sales.tasks[0]` is a number", "a task id"],
    ),
    (
        "\"load\"",
        "null",
        &["line 7: `dags.sales.tasks[1]` is null"],
    ),
    (
        "\"load\"",
        "{\"id\": \"load\"}",
        &["line 7: `dags.sales.tasks[1]` is a mapping"],
    ),
    (
        "[\n        \"extract\",\n        \"load\"\n      ]",
        "\"extract\"",
        &["line 5: `dags.sales.tasks` is a string"],
    ),
    (
        "[\n        \"extract\",\n        \"load\"\n      ]",
        "null",
        &["line 5: `dags.sales.tasks` is null"],
    ),
    (
        "{\n      \"tasks\": [\n        \"extract\",\n        \"load\"\n      ]\n    }",
        "null",
        &["line 4: `dags.sales` is null"],
    ),
    (
        "{\n      \"tasks\": [\n        \"extract\",\n        \"load\"\n      ]\n    }",
        "[\"extract\"]",
        &["line 4: `dags.sales` is a list"],
    ),
    // Values that the rules do not allow.
    (
        "\"1.0\"",
        "\"2.0\"",
        &["line 2: `airflow_bundle_metadata_version` has the major version 2"],
    ),
    (
        "\"1.0\"",
        "\"1\"",
        &["line 2: `airflow_bundle_metadata_version` is not a version (\"1\")"],
    ),
    (
        "\"1.0\"",
        "\"01.0 \"",
        &["line 2: `airflow_bundle_metadata_version` is not a version"],
    ),
    (
        "\"1.0\"",
        "\"\"",
        &["line 2: `airflow_bundle_metadata_version` is not a version"],
    ),
    ("\"1.0\"", "\"10.0\"", &["major version 10"]),
    (
        "\"rust\"",
        "\"Rust\"",
        &["line 12: `sdk.language` is not a lower-case name (\"Rust\")"],
    ),
    (
        "\"rust\"",
        "\"\"",
        &["line 12: `sdk.language` is not a lower-case name"],
    ),
    (
        "\"2026-06-16\"",
        "\"2026-6-16\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date (\"2026-6-16\")"],
    ),
    (
        "\"2026-06-16\"",
        "\"2026-06-16\\n\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        "\"2026-06-16\"",
        "\"2026-13-45\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        "\"2026-06-16\"",
        "\"2026-02-29\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    (
        "\"2026-06-16\"",
        "\"\u{0662}026-06-16\"",
        &["line 13: `sdk.supervisor_schema_version` is not a date"],
    ),
    ("\"0.1.0\"", "\"\"", &["line 14: `sdk.version` is empty"]),
    ("\"0.1.0\"", "\"\\ud800\"", &["line 14", "hex escape"]),
    // What stands twice.
    (
        "\"load\"",
        "\"extract\"",
        &["line 7: `dags.sales.tasks[1]` repeats the task id \"extract\""],
    ),
    (
        "\"sales\": {",
        "\"sales\": {\"tasks\": []},\n\"sales\": {",
        &["line 5: ", "`dags` has the dag_id \"sales\" twice"],
    ),
    (
        "\"sales\": {",
        "\"s\\u0061les\": {\"tasks\": []},\n\"sales\": {",
        &["`dags` has the dag_id \"sales\" twice"],
    ),
    (
        "\"tasks\": [",
        "\"tasks\": [],\n\"tasks\": [",
        &["line 6: ", "`dags.sales` has the key \"tasks\" twice"],
    ),
    (
        "  \"sdk\": {",
        "  \"dags\": {\"b\": {\"tasks\": []}},\n  \"sdk\": {",
        &["line 11: ", "has the key \"dags\" twice"],
    ),
    (
        "\"version\": \"0.1.0\"",
        "\"version\": \"0.1.0\",\n\"version\": \"0.1.0\"",
        &["line 15: ", "`sdk` has the key \"version\" twice"],
    ),
    (
        "  \"sdk\": {",
        "  \"x\": {\n\"y\": {\n\"z\": 1,\n\"z\": 2}},\n  \"sdk\": {",
        &["line 14: ", "`x.y` has the key \"z\" twice"],
    ),
    (
        "  \"sdk\": {",
        "  \"x\": [\n{\n\"z\": 1,\n\"z\": 2}],\n  \"sdk\": {",
        &["line 14: ", "`x[0]` has the key \"z\" twice"],
    ),
    // Not JSON.
    (
        "\"0.1.0\"",
        "\"0.1.0\",",
        &["line 15: ", "JSON", "trailing comma"],
    ),
    ("\"0.1.0\"", "\"0.1.0", &["line 15: ", "JSON"]),
    (
        "\"0.1.0\"",
        "0.1.0",
        &["line 14: `sdk.version` is a number"],
    ),
    ("\"0.1.0\"", "'0.1.0'", &["line 14: ", "JSON"]),
    ("\"0.1.0\"", "NaN", &["line 14: ", "JSON"]),
    (
        "  \"sdk\": {",
        "  \"x\": {\n\"y\": [\n1,\n0x]},\n  \"sdk\": {",
        &["line 14: ", "JSON"],
    ),
    (
        "  }\n}\n",
        "  }\n}\n}\n",
        &["line 17: more text follows the manifest"],
    ),
    (
        "  }\n}\n",
        "  }\n}\ndone\n",
        &["line 17: more text follows the manifest"],
    ),
];

#[test]
fn json_that_breaks_a_rule() {
    refused_edits(MANIFEST, JSON_CASES);
}
