//! Writes a manifest in its canonical form: block style, keys sorted by their UTF-8 bytes, strings
//! in double quotes. Same values, same bytes.
//!
//! Airflow reads with `PyYAML`, a YAML 1.1 reader, where an unquoted `on`, `12:30` or `2026-06-16` is
//! no string.

use std::fmt::Write as _;

use airflow_protocol::record::SCHEMA_VERSION_KEY;

use super::value::Value;
use crate::text;

/// The schema's own key names, which YAML 1.1 reads as strings without quotes.
const PLAIN_KEYS: [&str; 16] = [
    "airflow_bundle_metadata_version",
    "cache",
    "dags",
    "digests",
    "entrypoint_path",
    "integrity",
    "language",
    "length",
    "offset",
    "path",
    "sdk",
    "sha256",
    "source",
    "sources",
    SCHEMA_VERSION_KEY,
    "tasks",
];

/// The longest key that may stand before a colon on its line, in characters. `PyYAML` allows 1024
/// from the start of the key to the colon.
const SIMPLE_KEY_LIMIT: usize = 1000;

/// `value` as canonical YAML, ending in a line break.
pub(super) fn render(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Mapping(entries) if !entries.is_empty() => mapping(&mut out, entries, 0),
        Value::Sequence(items) if !items.is_empty() => sequence(&mut out, items, 0),
        scalar => {
            out.push_str(&inline(scalar));
            out.push('\n');
        }
    }
    out
}

fn mapping(out: &mut String, entries: &[(Value, Value)], depth: usize) {
    let mut sorted: Vec<(String, &Value, &Value)> = entries
        .iter()
        .map(|(key, value)| (sort_text(key), key, value))
        .collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| inline(a.1).cmp(&inline(b.1))));
    for (_, key, value) in sorted {
        indent(out, depth);
        let key = match key.as_str() {
            Some(name) if PLAIN_KEYS.contains(&name) || name == "version" => name.to_owned(),
            _ => inline(key),
        };
        if key.chars().count() > SIMPLE_KEY_LIMIT {
            let _ = writeln!(out, "? {key}");
            indent(out, depth);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        nested(out, value, depth);
    }
}

fn sequence(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push('-');
        nested(out, item, depth);
    }
}

/// A value behind `key:` or `-`.
fn nested(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            out.push('\n');
            mapping(out, entries, depth + 1);
        }
        Value::Sequence(items) if !items.is_empty() => {
            out.push('\n');
            sequence(out, items, depth + 1);
        }
        scalar => {
            out.push(' ');
            out.push_str(&inline(scalar));
            out.push('\n');
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// What a key is sorted by: a string by itself, without quotes.
fn sort_text(key: &Value) -> String {
    key.as_str().map_or_else(|| inline(key), str::to_owned)
}

/// A scalar or an empty collection.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(true) => "true".to_owned(),
        Value::Bool(false) => "false".to_owned(),
        Value::Number(number) => number.as_yaml().to_owned(),
        Value::String(text) => quoted(text),
        Value::Sequence(_) => "[]".to_owned(),
        Value::Mapping(_) => "{}".to_owned(),
    }
}

/// `text` in double quotes, readable by YAML 1.1 and 1.2.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02X}"),
                    0x100..=0xffff => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Characters that YAML 1.1 does not allow as they are, or that a person could not see.
fn needs_escape(c: char) -> bool {
    text::is_unsafe(c) || matches!(c, '\u{a0}' | '\u{fffe}' | '\u{ffff}')
}
