//! Reads the manifest that an executable prints: JSON, or YAML 1.2 as today's libraries write it.

use std::cell::RefCell;

use super::error::ManifestError;
use super::schema::Rule;
use super::value::Value;
use super::{json, yaml};

/// Reads `text` as JSON if it starts like JSON, else as YAML. A quote begins a key in YAML; in JSON it begins no manifest.
pub(super) fn parse(text: &str) -> Result<Value, ManifestError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    if start.is_empty() {
        return Err(ManifestError {
            line: None,
            key: None,
            found: "it is empty".to_owned(),
            expected: Some(Rule::Document.expected().into()),
        });
    }
    let problem = RefCell::new(None);
    if start.starts_with(['{', '[']) {
        json::parse(text, &problem)
    } else {
        yaml::parse(text, &problem)
    }
}
