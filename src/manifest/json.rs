//! The manifest as JSON, as `airflow-sdk` prints it.

use pyyaml_safe_load::MAX_DEPTH;
use serde::de::DeserializeSeed as _;

use super::error::ManifestError;
use super::seed::{Problem, TOO_DEEP, ValueSeed, locate};
use super::value::Value;

pub(super) fn parse(text: &str, problem: &Problem) -> Result<Value, ManifestError> {
    if let Some(line) = too_deep_json(text) {
        return Err(ManifestError {
            line: Some(line),
            key: None,
            found: TOO_DEEP.to_owned(),
            expected: None,
        });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = ValueSeed {
        json: Some(text),
        ..ValueSeed::root(problem)
    };
    let value = seed.deserialize(&mut deserializer).map_err(|error| {
        locate(problem, Some(error.line()), || {
            format!("it is not valid JSON: {error}")
        })
    })?;
    deserializer.end().map_err(|error| ManifestError {
        line: Some(error.line()),
        key: None,
        found: "more text follows the manifest".to_owned(),
        expected: None,
    })?;
    Ok(value)
}

/// The line of a list or mapping that is nested too deep. Known beforehand, because the reader of
/// values without a rule goes over their text once for each level.
fn too_deep_json(text: &str) -> Option<usize> {
    let (mut depth, mut line) = (0_usize, 1);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(line);
        }
    }
    None
}
