//! YAML manifests that are refused, with line and key, and ways to write YAML that are not.

use crate::packer::Bench;
use crate::validate::{Edit, refused_edits};

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

const YAML_CASES: &[Edit] = &[
    (
        "    tasks:",
        "    task:",
        &["`dags.sales.tasks` is missing"],
    ),
    ("  language: rust\n", "", &["`sdk.language` is missing"]),
    // What YAML 1.2 takes for something else than a string.
    (
        "'1.0'",
        "1.0",
        &["line 1: `airflow_bundle_metadata_version` is a number"],
    ),
    ("0.1.0", "0.1", &["line 10: `sdk.version` is a number"]),
    ("rust", "null", &["line 8: `sdk.language` is null"]),
    ("rust", "", &["`sdk.language` is null"]),
    ("rust", "true", &["line 8: `sdk.language` is a boolean"]),
    (
        "- extract",
        "- 1",
        &["line 5: `dags.sales.tasks[0]` is a number"],
    ),
    ("- extract", "-", &["`dags.sales.tasks[0]` is null"]),
    (
        "  sales:",
        "  1:",
        &["`dags` has the key 1, which is a number, not a string; quote it"],
    ),
    (
        "  sales:",
        "  true:",
        &["`dags` has the key true, which is a boolean, not a string; quote it"],
    ),
    (
        "  sales:",
        "  null:",
        &["`dags` has the key null, which is null, not a string; quote it"],
    ),
    (
        "  sales:",
        "  ? [sales]\n  :",
        &["`dags` has a list as a key"],
    ),
    ("sdk:", "1: x\nsdk:", &["has the key 1, which is a number"]),
    // What stands twice.
    (
        "- load",
        "- extract",
        &["line 6: `dags.sales.tasks[1]` repeats the task id \"extract\""],
    ),
    (
        "sdk:",
        "  sales: {tasks: []}\nsdk:",
        &["line 7: ", "`dags` has the dag_id \"sales\" twice"],
    ),
    (
        "sdk:",
        "  'sales': {tasks: []}\nsdk:",
        &["`dags` has the dag_id \"sales\" twice"],
    ),
    (
        "  language: rust",
        "  language: rust\n  language: rust",
        &["line 9: ", "`sdk` has the key \"language\" twice"],
    ),
    (
        "sdk:",
        "x:\n  y: {z: 1,\n    z: 2}\nsdk:",
        &["line 9: ", "`x.y` has the key \"z\" twice"],
    ),
    // What YAML has and a manifest has not.
    (
        "rust",
        "!lang rust",
        &["line 8: `sdk.language` has a YAML tag"],
    ),
    (
        "sdk:",
        "x: !thing {a: 1}\nsdk:",
        &["line 7: `x` has a YAML tag"],
    ),
    ("rust", "*name", &["line 8", "YAML"]),
    ("  language", "\tlanguage", &["line 8", "YAML"]),
    (
        "  version: 0.1.0\n",
        "  version: 0.1.0\n---\n",
        &["line 11: a second YAML document follows"],
    ),
    (
        "  version: 0.1.0\n",
        "  version: 0.1.0\n...\n--- {}\n",
        &["line 12: a second YAML document follows"],
    ),
    (
        "  version: 0.1.0\n",
        "  version: 0.1.0\n...\nsdk: 1\n",
        &["line 12: a second YAML document follows"],
    ),
];

#[test]
fn yaml_that_breaks_a_rule() {
    refused_edits(YAML, YAML_CASES);
    let bench = Bench::new();
    for accepted in [
        format!("---\n{YAML}...\n"),
        format!("%YAML 1.2\n---\n{YAML}"),
        format!("# a comment\n--- # another\n{YAML}"),
        format!("\u{feff}{YAML}"),
        YAML.replace('\n', "\r\n"),
    ] {
        bench.pack(&accepted, &[]).ok();
    }
}
