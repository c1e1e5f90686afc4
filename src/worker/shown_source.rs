//! Why the Dag processor cannot read a source that a bundle embeds, in its own words.
//!
//! Follows `_parse_source_regions`, `_read_region` and `_decode_source` in
//! `airflow/sdk/coordinators/executable/_bundle_reader.py` of `apache-airflow-task-sdk` 1.4.0b2, check by check. What they raise is
//! no import error: the UI shows it in the place of the source. Where Python would print a value that is not worth printing
//! here, `…` stands.

use std::collections::HashMap;

use pyyaml_safe_load::{Value, ValueRef};

use super::manifest::WorkerManifest;
use super::sources::ReadSources;
use super::warnings::{LISTED, SHOWN};

/// What the reader says of the sources of the bundle with this file name, each sentence once: of the index, or if that is right, of
/// the files that it would show.
pub(super) fn faults(
    name: &str,
    manifest: &WorkerManifest,
    read: &mut ReadSources<'_>,
) -> Vec<String> {
    let region = read.bundle().source().size();
    let files = match index(manifest.root(), region) {
        Ok(Some(files)) => files,
        Ok(None) => return Vec::new(),
        Err(fault) => return vec![fault],
    };
    let entrypoint = manifest.root().get("entrypoint_path");
    let of_dags = manifest.root().get("dag_source_paths");
    let of_dags = of_dags.into_iter().flat_map(ValueRef::str_entries);
    let paths = entrypoint.into_iter().chain(of_dags.map(|(_, path)| path));
    let mut faults = Vec::new();
    for path in paths.filter_map(text) {
        let Some(file) = files.get(path) else {
            continue;
        };
        if let Some(fault) = unreadable(name, file, read)
            && !faults.contains(&fault)
        {
            faults.push(fault);
        }
        if faults.len() == LISTED {
            break;
        }
    }
    faults
}

/// A file of the index.
struct File<'m> {
    path: ValueRef<'m>,
    offset: u64,
    length: u64,
    sha256: &'m str,
}

/// The files by their paths; `None` without `sources`.
fn index(root: ValueRef<'_>, region: u64) -> Result<Option<HashMap<&[u8], File<'_>>>, String> {
    let Some(sources) = present(root, "sources") else {
        return Ok(None);
    };
    if !matches!(sources.value(), Value::List(_) | Value::Pairs(_)) {
        return Err("bundle metadata sources must be a list".to_owned());
    }
    // What `!!omap` and `!!pairs` make is a list of tuples.
    if matches!(sources.value(), Value::Pairs(pairs) if !pairs.is_empty()) {
        return Err(NO_MAPPINGS.to_owned());
    }
    let mut files = HashMap::new();
    for entry in sources.items() {
        let file = file(entry, region)?;
        let path = file.path;
        if files.insert(text(path).unwrap_or_default(), file).is_some() {
            let path = repr(path);
            return Err(format!(
                "bundle metadata declares duplicate source path {path}"
            ));
        }
    }
    if let Some(entrypoint) = present(root, "entrypoint_path")
        && !is_key(entrypoint, &files)?
    {
        let entrypoint = repr(entrypoint);
        return Err(format!(
            "bundle entrypoint_path {entrypoint} is not one of its sources"
        ));
    }
    if let Some(of_dags) = present(root, "dag_source_paths") {
        if !of_dags.is_map() {
            return Err("bundle metadata dag_source_paths must be a mapping".to_owned());
        }
        for (dag, path) in of_dags.entries() {
            if !is_key(path, &files)? {
                let (dag, path) = (repr(dag), repr(path));
                return Err(format!(
                    "bundle dag_source_paths maps {dag} to {path}, not a source"
                ));
            }
        }
    }
    Ok(Some(files))
}

const NO_MAPPINGS: &str = "bundle metadata sources entries must be mappings";

fn file(entry: ValueRef<'_>, region: u64) -> Result<File<'_>, String> {
    if !entry.is_map() {
        return Err(NO_MAPPINGS.to_owned());
    }
    let path = entry.get("path");
    let path = path.filter(|path| text(*path).is_some_and(|text| !text.is_empty()));
    let path = path.ok_or("bundle metadata source path must be a non-empty string")?;
    let offset = number(entry, path, "offset")?;
    let length = number(entry, path, "length")?;
    let sha256 = entry.get("sha256").and_then(ValueRef::as_str);
    let sha256 = sha256.filter(|digest| {
        digest.len() == 64
            && digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    let sha256 = sha256.ok_or_else(|| {
        let path = repr(path);
        format!("bundle source {path} sha256 must be 64 lowercase hexadecimal digits")
    })?;
    let inside = offset.zip(length).filter(|(offset, length)| {
        let end = offset.checked_add(*length);
        end.is_some_and(|end| end <= region)
    });
    let (offset, length) = inside.ok_or_else(|| {
        let path = repr(path);
        format!("bundle source {path} extends past the source region")
    })?;
    Ok(File {
        path,
        offset,
        length,
        sha256,
    })
}

/// A number that is not negative; `None` if it has more than 64 bits.
fn number(entry: ValueRef<'_>, path: ValueRef<'_>, name: &str) -> Result<Option<u64>, String> {
    if let Some(Value::Int(number)) = entry.get(name).map(ValueRef::value) {
        match number.to_i128() {
            Some(small) if small >= 0 => return Ok(u64::try_from(small).ok()),
            None if !number.to_string().starts_with('-') => return Ok(None),
            Some(_) | None => {}
        }
    }
    let path = repr(path);
    Err(format!(
        "bundle source {path} {name} must be a non-negative integer"
    ))
}

fn unreadable(name: &str, file: &File<'_>, read: &mut ReadSources<'_>) -> Option<String> {
    // What lies outside is a fault of the index; more than a reader should read is no fault that is known.
    let found = read.file(file.offset, file.length)?;
    let path = repr(file.path);
    if found.digest.to_string() != file.sha256 {
        return Some(format!("{name} source {path} SHA-256 mismatch"));
    }
    (!found.is_utf8).then(|| format!("embedded airflow source {path} is not valid UTF-8: …"))
}

/// A value that is there and not null.
fn present<'m>(map: ValueRef<'m>, key: &str) -> Option<ValueRef<'m>> {
    map.get(key)
        .filter(|value| !matches!(value.value(), Value::None))
}

/// The bytes of a string, lone surrogates included.
fn text(value: ValueRef<'_>) -> Option<&[u8]> {
    match value.value() {
        Value::Str(text) => Some(text.as_bytes()),
        _ => None,
    }
}

/// Python's `value in files`.
fn is_key(value: ValueRef<'_>, files: &HashMap<&[u8], File<'_>>) -> Result<bool, String> {
    match value.value() {
        Value::List(_) | Value::Pairs(_) | Value::Map(_) | Value::Set(_) => {
            let kind = value.value().type_name();
            Err(format!("unhashable type: '{kind}'"))
        }
        _ => Ok(text(value).is_some_and(|text| files.contains_key(text))),
    }
}

/// Python's `repr`, of values that are worth it.
fn repr(value: ValueRef<'_>) -> String {
    match value.value() {
        Value::None => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) if number.to_i128().is_some() => number.to_string(),
        Value::Str(text) => text.as_str().map_or_else(|| "…".to_owned(), repr_of_text),
        _ => "…".to_owned(),
    }
}

fn repr_of_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    let mut chars = text.chars();
    for c in chars.by_ref().take(SHOWN) {
        match c {
            '\\' | '\'' | '"' if c == '\\' || c == quote => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            _ => out.push('…'),
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_python_does() {
        for (text, expected) in [
            ("src/main.rs", "'src/main.rs'"),
            ("it's", "\"it's\""),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("a\\b\u{1b}", "'a\\\\b…'"),
            ("größe", "'größe'"),
        ] {
            assert_eq!(repr_of_text(text), expected);
        }
        let long = repr_of_text(&"a".repeat(SHOWN + 1));
        assert!(long.ends_with("a…'") && long.chars().count() == SHOWN + 3);
    }
}
