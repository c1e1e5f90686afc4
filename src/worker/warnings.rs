//! Warnings of bundles that a worker uses, though something is wrong with them.

use airflow_protocol::ids;
use pyyaml_safe_load::ValueRef;

use super::manifest::WorkerManifest;
use super::sources::ReadSources;
use super::verdicts::{ReleaseVerdict, Verdicts};
use super::{Code, Finding, shown_source};
use crate::bundle::digest::{Sha256Digest, cache_digest};
use crate::bundle::reader::Bundle;
use crate::executable::{Executable, Refusal};
use crate::platform;
use crate::text::{beginning, one_line};

/// Adds the warnings for a bundle whose manifest can be read.
pub(super) fn of_bundle(
    bundle: &Bundle,
    examined: Result<&Executable, &Refusal>,
    manifest_bytes: &[u8],
    manifest: &WorkerManifest,
    verdicts: &mut Verdicts,
) {
    let mut warnings = Vec::new();
    let mut read = ReadSources::new(bundle);
    mode(bundle, &mut warnings);
    executable(examined, &mut warnings);
    refused_ids(manifest, &mut warnings);
    sources(bundle, manifest, &mut read, &mut warnings);
    digests(bundle, manifest_bytes, manifest, &mut warnings);
    let parsing = |one: &ReleaseVerdict| one.release.parses_bundles;
    let name = verdicts.path.file_name().unwrap_or_default();
    let name = shown(&name.to_string_lossy());
    let not_shown = if verdicts.by_release.iter().any(parsing) {
        shown_source::faults(&name, manifest, &mut read)
    } else {
        Vec::new()
    };
    for one in &mut verdicts.by_release {
        one.extend(warnings.iter().cloned());
        if one.release.parses_bundles {
            one.extend(not_shown.iter().map(|fault| {
                let message = format!(
                    "in the place of the source of any Dag that it declares, the UI shows `Cannot read the source of {name}: {fault}`"
                );
                Finding::new(Code::SourceNotShown, message)
            }));
        }
    }
}

fn mode(bundle: &Bundle, warnings: &mut Vec<Finding>) {
    if !platform::is_executable_for_all(bundle.metadata()) {
        // Releases that set the execute bit themselves are no exception: only its owner may set the bits of a file.
        warnings.push(Finding::new(
            Code::Mode,
            "not everybody may read and execute the file; a worker that runs as another user could not use it: `chmod 755` it",
        ));
    }
}

fn executable(examined: Result<&Executable, &Refusal>, warnings: &mut Vec<Finding>) {
    match examined {
        Ok(found) => {
            if !found.is_for_this_machine() {
                warnings.push(Finding::new(
                    Code::Architecture,
                    format!(
                        "it is {}, which this host cannot run; the worker must be another one",
                        found.with_article()
                    ),
                ));
            }
            let cautions = found.cautions(&[]);
            let cautions = cautions
                .iter()
                .map(|caution| Finding::new(caution.into(), caution.to_string()));
            warnings.extend(cautions);
        }
        Err(refusal) => warnings.push(Finding::new(
            Code::Executable,
            format!("the executable region: {}", one_line(&refusal.to_string())),
        )),
    }
}

/// At most so many findings of a kind are listed; the rest is counted. With aliases a short manifest can repeat one id millions
/// of times.
pub(super) const LISTED: usize = 20;

/// So many characters of an id or path are shown. A longer text would fill the screen, or the memory.
pub(super) const SHOWN: usize = 300;

fn shown(text: &str) -> String {
    beginning(text.as_bytes(), SHOWN)
}

fn refused_ids(manifest: &WorkerManifest, warnings: &mut Vec<Finding>) {
    let mut listed = 0;
    let mut check = |kind: &str, id: &str| {
        if let Err(fault) = ids::check(id) {
            listed += 1;
            if listed <= LISTED {
                let message = format!(
                    "Airflow's server refuses the {kind} `{}`: it {fault}",
                    shown(id)
                );
                warnings.push(Finding::new(Code::RefusedId, message));
            }
        }
    };
    manifest.dag_ids().iter().for_each(|id| check("dag_id", id));
    manifest
        .task_ids()
        .iter()
        .for_each(|id| check("task_id", id));
    if listed > LISTED {
        let message = format!("Airflow's server refuses {} more ids", listed - LISTED);
        warnings.push(Finding::new(Code::RefusedId, message));
    }
}

/// Checks that the files in `sources` lie back to back in the source region, with their digests.
fn sources(
    bundle: &Bundle,
    manifest: &WorkerManifest,
    read: &mut ReadSources<'_>,
    warnings: &mut Vec<Finding>,
) {
    let Some(sources) = manifest.root().get("sources") else {
        return;
    };
    let mut wrong = |message: String| warnings.push(Finding::new(Code::SourceMismatch, message));
    let mut mismatches = 0;
    let mut end = 0;
    for file in sources.items() {
        let path = file.get("path").and_then(ValueRef::as_str).unwrap_or("?");
        let path = shown(path);
        let Some((offset, length)) = super::sources::place(file) else {
            wrong(format!("`{path}` in `sources` has no offset and length"));
            return;
        };
        if offset != end {
            wrong(format!(
                "`{path}` in `sources` starts at {offset}, not at {end}"
            ));
            // The entries behind it are wrong too, and entries that overlap would let the same bytes be hashed for ever.
            return;
        }
        end = offset.saturating_add(length);
        let recorded = file
            .get("sha256")
            .and_then(ValueRef::as_str)
            .unwrap_or_default();
        let what = match read.file(offset, length) {
            Some(file) if file.digest.to_string() == recorded => continue,
            Some(_) => "has another SHA-256 than recorded",
            None => "reaches out of the source region",
        };
        mismatches += 1;
        if mismatches <= LISTED {
            wrong(format!("`{path}` in `sources` {what}"));
        }
    }
    if mismatches > LISTED {
        let more = mismatches - LISTED;
        wrong(format!("{more} more files in `sources` do not fit"));
    }
    let region = bundle.layout().metadata_start - bundle.layout().source_start;
    if end != region {
        wrong(format!(
            "`sources` covers {end} of the {region} bytes of the source region"
        ));
    }
}

/// Checks `digests.integrity`, and, in bundles of this packer, `digests.cache`: each producer has a recipe of its own.
fn digests(
    bundle: &Bundle,
    manifest_bytes: &[u8],
    manifest: &WorkerManifest,
    warnings: &mut Vec<Finding>,
) {
    let Some(digests) = manifest.root().get("digests") else {
        return;
    };
    let text = |key| {
        digests
            .get(key)
            .map(|value| value.as_str().unwrap_or_default())
    };
    let recorded = Sha256Digest(bundle.trailer().binary_sha256);
    if text("integrity").is_some_and(|integrity| integrity != recorded.to_string()) {
        warnings.push(Finding::new(
            Code::DigestsMismatch,
            "`digests.integrity` is not the digest in the trailer",
        ));
    }
    let language = manifest
        .root()
        .get("sdk")
        .and_then(|sdk| sdk.get("language"));
    let ours = language.and_then(ValueRef::as_str) == Some("rust");
    if let (true, Some(cache)) = (ours, text("cache"))
        && let (Some(without), Ok(source)) = (
            without_digests(manifest_bytes),
            bundle.compute_source_digest(),
        )
        && cache_digest(recorded, source, Sha256Digest::of(&without)).to_string() != cache
    {
        warnings.push(Finding::new(
            Code::DigestsMismatch,
            "`digests.cache` does not fit the executable, source and manifest: one of them was changed",
        ));
    }
}

/// A manifest in canonical form without its `digests`, byte for byte as it was hashed. `None` if the
/// block is not there in that form.
fn without_digests(manifest: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(manifest).ok()?;
    let start = if text.starts_with("digests:\n") {
        0
    } else {
        text.find("\ndigests:\n")? + 1
    };
    let rest = text.get(start..)?;
    let block: usize = rest
        .split_inclusive('\n')
        .enumerate()
        .take_while(|(index, line)| *index == 0 || line.starts_with(' '))
        .map(|(_, line)| line.len())
        .sum();
    Some(
        [text.get(..start)?, rest.get(block..)?]
            .concat()
            .into_bytes(),
    )
}
