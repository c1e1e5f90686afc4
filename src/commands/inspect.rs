//! `inspect`: shows a bundle's layout, digests, manifest and sources, and which releases of Airflow can use it.

use anyhow::{Context as _, bail};
use serde_json::{Value as Json, json};

use super::airflow_json::AirflowJson;
use super::executable_json::ExecutableJson;
use crate::bundle::digest::Sha256Digest;
use crate::bundle::reader::{Bundle, ReadError};
use crate::cli::{InspectArgs, ReportFormat};
use crate::exit;
use crate::interrupt::AtOnce;
use crate::shell::Shell;
use crate::text;
use crate::worker::Verdicts;
use crate::worker::manifest::{self, WorkerManifest};
use crate::worker::sources::source_files;
use crate::worker::verdict::{Candidate, Examined};
use crate::worker::walk::Found;

/// Prints the report, or the source that `--source` names, and returns the exit code.
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
            // A manifest may claim any numbers. An end beyond `u64` lies outside of the region like any other.
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
            let manifest = bundle.manifest().with_context(failed)?;
            let examined = Examined::new(&bundle);
            shell.status("Inspecting", summary(bundle, examined, args));
            stream(manifest.as_slice(), shell).with_context(failed)?;
        }
        (None, ReportFormat::Json) => {
            let report = report(bundle, args).with_context(failed)?;
            shell.json(&report)?;
        }
    }
    Ok(exit::OK)
}

/// Prints bytes on a terminal, with its control characters escaped. Returns whether there were any.
fn print(bytes: &[u8], shell: &mut Shell) -> std::io::Result<bool> {
    let shown = String::from_utf8_lossy(bytes);
    let safe = text::lines(&shown);
    shell.result_bytes(safe.as_bytes())?;
    Ok(safe.as_bytes() != bytes)
}

fn note_on_escapes(shell: &mut Shell) {
    shell.note("control or bidirectional characters are shown escaped; the bytes are in a pipe");
}

/// Prints bytes to stdout, unchanged unless stdout is a terminal. In pieces, because a source may have gigabytes.
fn stream(mut source: impl std::io::Read, shell: &mut Shell) -> Result<(), ReadError> {
    let shown = shell.results_are_shown();
    let mut buffer = vec![0; 64 << 10];
    // The length of a character's first bytes, at which the last piece ended.
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
    let manifest = manifest::read(&manifest).map_err(|fault| anyhow::anyhow!("{fault}"))?;
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

/// What the releases that were asked for make of the bundle.
fn verdicts(bundle: Bundle, examined: Examined, args: &InspectArgs) -> Verdicts {
    let found = Found {
        path: args.file.clone(),
    };
    let candidate = Candidate::of(&args.file, bundle);
    candidate.judge(Some(examined), found.may_execute(), args.airflow.releases())
}

fn report(bundle: Bundle, args: &InspectArgs) -> anyhow::Result<Json> {
    let layout = *bundle.layout();
    let size = bundle.size();
    let region = |start: u64, end: u64| json!({ "offset": start, "length": end - start });
    let recorded = Sha256Digest(bundle.trailer().binary_sha256);
    let Examined { digest, executable } = Examined::new(&bundle);
    let computed = digest?;
    let source = bundle.compute_source_digest()?;
    let executable_json = match &executable {
        Ok(found) => json!(ExecutableJson::from(found)),
        Err(refusal) => json!({ "error": refusal.to_string() }),
    };
    let bytes = bundle.manifest()?;
    let (manifest, manifest_error) = match manifest::read(&bytes) {
        Ok(manifest) => (manifest_json(&manifest, bytes.len()), Json::Null),
        Err(fault) => {
            let finding = args
                .airflow
                .releases()
                .first()
                .map(|release| fault.on(*release));
            (Json::Null, json!(finding))
        }
    };
    let digest = Ok(computed);
    let verdicts = verdicts(bundle, Examined { digest, executable }, args);
    Ok(json!({
        "reason": "airflow-bundle-inspect",
        "airflow": AirflowJson::of(&verdicts),
        "path": std::path::absolute(&args.file)?.to_string_lossy(),
        "size": size,
        "layout": {
            "executable": region(0, layout.source_start),
            "source": region(layout.source_start, layout.metadata_start),
            "manifest": region(layout.metadata_start, layout.trailer_start),
            "trailer": region(layout.trailer_start, size),
        },
        "digests": {
            "binary_sha256": { "recorded": recorded.to_string(), "computed": computed.to_string() },
            "source_sha256": { "computed": source.to_string() },
        },
        "executable": executable_json,
        "manifest": manifest,
        "manifest_error": manifest_error,
        "usable": verdicts.usable(),
    }))
}

/// One line about the file, its executable, and where it can be used, for a person.
fn summary(bundle: Bundle, examined: Examined, args: &InspectArgs) -> String {
    let found = match &examined.executable {
        Ok(found) => found.to_string(),
        Err(refusal) => format!("the executable region: {refusal}"),
    };
    let verdicts = verdicts(bundle, examined, args);
    let usable = verdicts.by_release.iter().filter(|one| one.usable);
    let usable: Vec<_> = usable.map(|one| one.release.number).collect();
    let usable = match usable.as_slice() {
        [] => "not usable: `cargo airflow-bundle verify` says why".to_owned(),
        some => format!("usable on Airflow {}", some.join(" and ")),
    };
    let path = args.file.display().to_string();
    format!(
        "`{}` ({}; {usable})",
        text::one_line(&path),
        text::one_line(&found)
    )
}

/// The manifest as the worker reads it, in JSON's types.
fn manifest_json(manifest: &WorkerManifest, length: usize) -> Json {
    // Aliases make a short text stand for an endless one. A manifest without aliases never needs more than this.
    manifest.root().to_json(4 * length + (1 << 20))
}
