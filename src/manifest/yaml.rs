//! The only place that knows the YAML crate.
//!
//! The crate is `yaml_serde`, the YAML organisation's continuation of `serde_yaml`, under the old
//! name. It reads YAML 1.2. That is right for what an executable prints: libraries of today write
//! `12:30` or `on` without quotes and mean strings. What Airflow reads is YAML 1.1, and is written by
//! [`super::render`] and read by [`pyyaml_safe_load`].

use pyyaml_safe_load::LoadError;
use serde::de::DeserializeSeed as _;

use super::error::ManifestError;
use super::seed::{Problem, TOO_DEEP, ValueSeed, locate};
use super::value::Value;

pub(super) fn parse(text: &str, problem: &Problem) -> Result<Value, ManifestError> {
    // The crate's time grows with the square of the depth; the worker's reader stops at its limit.
    if let Err(LoadError::TooDeep { line, .. }) = pyyaml_safe_load::safe_load(text) {
        return Err(ManifestError {
            line: Some(line),
            key: None,
            found: TOO_DEEP.to_owned(),
            expected: None,
        });
    }
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let first = documents.next();
    let root = ValueSeed::root(problem);
    let value = match first {
        Some(document) => root.deserialize(document),
        None => root.deserialize(serde_yaml::Deserializer::from_str("")),
    };
    let value = value.map_err(|error| {
        let line = error.location().map(|location| location.line());
        locate(problem, line, || format!("it is not valid YAML: {error}"))
    })?;
    if documents.next().is_some() {
        return Err(ManifestError {
            line: second_document(text),
            key: None,
            found: "a second YAML document follows the manifest".to_owned(),
            expected: None,
        });
    }
    Ok(value)
}

/// The line on which a second document begins: a marker at the start of a line is one wherever it
/// stands, and all before the first content belongs to the first document.
fn second_document(text: &str) -> Option<usize> {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let is_marker = |line: &str| {
        line.get(..3)
            .is_some_and(|start| matches!(start, "---" | "..."))
            && line.get(3..).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace())
            })
    };
    lines.find(|(line, _)| !is_marker(line) && !line.starts_with('%'))?;
    let (marker, number) = lines.find(|(line, _)| is_marker(line))?;
    if marker.starts_with("...") {
        return lines.next().map(|(_, number)| number);
    }
    Some(number)
}
