//! "What to write in `airflow.cfg`": the settings are those of the released Airflows, with their defaults, and the variables say the same
//! as the lines.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::python::{self, Script};
use crate::quotes::{table, text};
use crate::releases::RELEASES;

const DOCUMENT: &str = "docs/deploy.md";

/// Whether a cell names what a release has: a default, `none` for no default, or words for a default that is a long text.
fn fits(cell: &str, answer: &Value) -> bool {
    match answer {
        Value::Null => cell == "none",
        Value::String(default) if default.starts_with('[') => cell != "none" && cell != "not there",
        Value::String(default) => cell == default,
        _ => false,
    }
}

#[test]
fn settings_have_these_defaults() {
    let text = text(DOCUMENT);
    let rows = table(&text, "\n## The settings\n");
    assert!(rows.len() > 12, "{rows:?}");
    for (column, (requirements, release)) in RELEASES.into_iter().enumerate() {
        let mut airflow = Script::start(&python::environment(requirements), "show_faults.py");
        for row in &rows {
            let request = match row[0].split_once("] ") {
                Some((section, key)) => json!({"default": [section.trim_start_matches('['), key]}),
                None => json!({"kwarg": row[0].trim_start_matches("kwarg `")}),
            };
            let answer = &airflow.ask(&request)["default"];
            assert!(
                fits(row[column + 1], answer),
                "{release}: {row:?}: {answer}"
            );
        }
    }
}

/// The values in the `ini` block behind a heading, by section and key, as a variable names them.
fn lines(file: &str, heading: &str) -> Vec<(String, Value)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let (_, rest) = text.split_once(heading).unwrap();
    let (_, rest) = rest.split_once("```ini\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let mut section = "";
    // The further lines of a value are indented.
    let block = block.replace("\n    ", " ");
    let mut found = Vec::new();
    for line in block.lines() {
        if let Some((key, value)) = line.split_once(" = ") {
            let name = format!("AIRFLOW__{section}__{key}").to_uppercase();
            found.push((name, serde_json::from_str(value).unwrap()));
        } else {
            section = line.trim_matches(['[', ']']);
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn variables_say_the_same_as_the_lines() {
    let text = text(DOCUMENT);
    let (_, section) = text.split_once("\n## As variables\n").unwrap();
    let blocks = section.split("```sh\n").skip(1);
    for (block, (_, release)) in blocks.zip(RELEASES) {
        let (block, _) = block.split_once("```").unwrap();
        let exports = block.lines().map(|line| {
            let (name, value) = line
                .strip_prefix("export ")
                .unwrap()
                .split_once('=')
                .unwrap();
            let value = value
                .strip_prefix('\'')
                .unwrap()
                .strip_suffix('\'')
                .unwrap();
            (
                name.to_owned(),
                serde_json::from_str::<Value>(value).unwrap(),
            )
        });
        let mut exports: Vec<_> = exports.collect();
        exports.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(
            exports,
            lines("README.md", &format!("**Airflow {}**", release.number)),
            "{release}"
        );
    }
    assert_eq!(section.matches("```sh\n").count(), RELEASES.len());
}
