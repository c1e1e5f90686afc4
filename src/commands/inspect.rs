//! `inspect`: what stands in a bundle.

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};
use std::path::Path;

use super::executable_json::ExecutableJson;
use crate::bundle::digest::Sha256Digest;
use crate::bundle::packable;
use crate::bundle::reader::{Bundle, ReadError};
use crate::cli::{InspectArgs, ReportFormat};
use crate::executable::{Executable, Refusal};
use crate::exit;
use crate::interrupt::AtOnce;
use crate::shell::Shell;
use crate::text;
use crate::worker::manifest::{self, WorkerManifest};
use crate::worker::pyyaml::{Date, DateTime, MAX_DEPTH, Value, ValueRef};
use crate::worker::sources::source_files;

/// Prints what is asked for, and returns the exit code.
pub fn run(args: &InspectArgs, shell: &mut Shell) -> anyhow::Result<u8> {
    // Nothing is written, so nothing has to be cleaned up.
    let _reading = AtOnce::new();
    let bundle = super::open(&args.file)?;
    let failed = || format!("failed to read the bundle `{}`", args.file.display());
    match (&args.source, args.message_format) {
        (Some(None), _) => {
            stream(bundle.source(), shell).with_context(failed)?;
        }
        (Some(Some(path)), _) => {
            let (offset, length) = find_source(&bundle, path)?;
            // An end that cannot be counted lies outside like any other.
            let end = offset.saturating_add(length);
            let Some(source) = bundle.source_range(offset..end) else {
                bail!(
                    "`{}` in `sources` reaches out of the source region",
                    text::one_line(path)
                );
            };
            stream(source, shell).with_context(failed)?;
        }
        (None, ReportFormat::Human) => {
            shell.status("Inspecting", summary(&bundle, &args.file));
            let manifest = bundle.manifest().with_context(failed)?;
            stream(manifest.as_slice(), shell).with_context(failed)?;
        }
        (None, ReportFormat::Json) => {
            let report = report(&bundle, &args.file).with_context(failed)?;
            shell.json(&report)?;
        }
    }
    Ok(exit::OK)
}

/// Bytes for a terminal, without what it would act on. Returns whether there was any.
fn print(bytes: &[u8], shell: &mut Shell) -> std::io::Result<bool> {
    let shown = String::from_utf8_lossy(bytes);
    let safe = text::lines(&shown);
    shell.result_bytes(safe.as_bytes())?;
    Ok(safe.as_bytes() != bytes)
}

fn note_on_escapes(shell: &mut Shell) {
    shell.note("control or bidirectional characters are shown escaped; the bytes are in a pipe");
}

/// Bytes for stdout as they are; for a terminal, without what it would act on. In pieces: a source
/// may have gigabytes.
fn stream(mut source: impl std::io::Read, shell: &mut Shell) -> Result<(), ReadError> {
    let shown = shell.results_are_shown();
    let mut buffer = vec![0; 64 << 10];
    // The start of a character that the last piece ended in.
    let mut rest = 0;
    let mut escaped = false;
    loop {
        let count = source.read(&mut buffer[rest..])?;
        let piece = &buffer[..rest + count];
        if piece.is_empty() {
            break;
        }
        let whole = match std::str::from_utf8(piece) {
            Err(error) if shown && count > 0 && error.error_len().is_none() => error.valid_up_to(),
            _ => piece.len(),
        };
        if shown {
            escaped |= print(&piece[..whole], shell)?;
        } else {
            shell.result_bytes(piece)?;
        }
        rest = piece.len() - whole;
        buffer.copy_within(whole..whole + rest, 0);
    }
    if escaped {
        note_on_escapes(shell);
    }
    Ok(())
}

/// Offset and length of the file `path` in the source region.
fn find_source(bundle: &Bundle, path: &str) -> anyhow::Result<(u64, u64)> {
    let manifest = bundle.manifest()?;
    let manifest = manifest::read(&manifest).map_err(|finding| anyhow::anyhow!(finding.message))?;
    let files = source_files(&manifest, bundle);
    let found = files.iter().find(|file| file.path == path);
    let Some(found) = found else {
        let paths: Vec<_> = files
            .iter()
            .map(|file| text::one_line(&file.path))
            .collect();
        bail!(
            "no source file `{path}` in the bundle; it holds: {}",
            paths.join(", ")
        );
    };
    Ok((found.offset, found.length))
}

fn report(bundle: &Bundle, path: &Path) -> anyhow::Result<Json> {
    let layout = bundle.layout();
    let region = |start: u64, end: u64| json!({ "offset": start, "length": end - start });
    let recorded = Sha256Digest(bundle.trailer().binary_sha256);
    let computed = bundle.compute_digest()?;
    let bytes = bundle.manifest()?;
    let (manifest, manifest_error) = match manifest::read(&bytes) {
        Ok(manifest) => (to_json(&manifest, bytes.len()), Json::Null),
        Err(finding) => (
            Json::Null,
            json!({ "code": finding.code, "message": finding.message }),
        ),
    };
    Ok(json!({
        "reason": "airflow-bundle-inspect",
        "path": std::path::absolute(path)?.to_string_lossy(),
        "size": bundle.size(),
        "layout": {
            "executable": region(0, layout.source_start),
            "source": region(layout.source_start, layout.metadata_start),
            "manifest": region(layout.metadata_start, layout.trailer_start),
            "trailer": region(layout.trailer_start, bundle.size()),
        },
        "digests": {
            "binary_sha256": { "recorded": recorded.to_string(), "computed": computed.to_string() },
            "source_sha256": { "computed": bundle.compute_source_digest()?.to_string() },
        },
        "executable": executable_json(bundle),
        "manifest": manifest,
        "manifest_error": manifest_error,
    }))
}

/// One line about the file and its executable, for a person.
fn summary(bundle: &Bundle, path: &Path) -> String {
    let found = match examine(bundle) {
        Ok(found) => found.to_string(),
        Err(refusal) => format!("the executable region: {refusal}"),
    };
    let path = path.display().to_string();
    format!("`{}` ({})", text::one_line(&path), text::one_line(&found))
}

fn examine(bundle: &Bundle) -> Result<Executable, Refusal> {
    let region = bundle.executable();
    let size = region.size();
    packable::examine(region, 0, size)
}

fn executable_json(bundle: &Bundle) -> Json {
    match examine(bundle) {
        Ok(found) => json!(ExecutableJson::from(&found)),
        Err(refusal) => json!({ "error": refusal.to_string() }),
    }
}

/// The manifest as the worker reads it. What JSON does not know becomes a string; a mapping's keys
/// too. Shared values are written out as often as they stand in the text, within limits. `length` is
/// the manifest's, in bytes.
fn to_json(manifest: &WorkerManifest, length: usize) -> Json {
    let mut budget = 4 * length + (1 << 20);
    value_json(manifest.root(), 0, &mut budget)
}

/// `budget` is how many values and bytes of text may still be written.
fn value_json(value: ValueRef<'_>, depth: usize, budget: &mut usize) -> Json {
    // Aliases can make a short text stand for an endless value, and JSON readers have limits.
    let cost = 1 + text_len(value.value());
    if *budget < cost || depth > MAX_DEPTH {
        return json!("…");
    }
    *budget -= cost;
    let mut inner = |value| value_json(value, depth + 1, budget);
    match value.value() {
        Value::None => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(int) => match int.to_i128() {
            Some(int) => i64::try_from(int).map_or_else(
                |_| u64::try_from(int).map_or_else(|_| json!(int.to_string()), |int| json!(int)),
                |int| json!(int),
            ),
            None => json!(int.to_string()),
        },
        Value::Float(float) => serde_json::Number::from_f64(*float)
            .map_or_else(|| json!(float.to_string()), Json::Number),
        Value::List(_) => value.items().map(inner).collect(),
        Value::Map(_) => value
            .entries()
            .map(|(key, value)| (key_text(inner(key)), inner(value)))
            .collect(),
        other => json!(scalar_text(other)),
    }
}

/// How much text a value holds itself, in bytes.
fn text_len(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.to_string_lossy().len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

fn key_text(key: Json) -> String {
    match key {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

fn scalar_text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string_lossy().into_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Date(date) => date_text(*date),
        Value::DateTime(time) => time_text(time),
        other => format!("<{}>", other.type_name()),
    }
}

fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// ISO 8601, as Python's `isoformat`.
fn time_text(time: &DateTime) -> String {
    let DateTime {
        hour,
        minute,
        second,
        microsecond,
        ..
    } = *time;
    let offset = time.offset_minutes.map_or_else(String::new, |offset| {
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    });
    let date = date_text(time.date);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}{offset}")
}
