//! What a worker does not mind, but somebody should know.

use airflow_protocol::ids;

use super::Finding;
use super::manifest::WorkerManifest;
use super::pyyaml::ValueRef;
use crate::bundle::digest::{Sha256Digest, cache_digest};
use crate::bundle::reader::{Bundle, hash};
use crate::executable::{Executable, Refusal};
use crate::platform;
use crate::text::{beginning, one_line};

/// Collects the warnings for a bundle whose manifest can be read.
pub(super) fn of_bundle(
    bundle: &Bundle,
    examined: Result<&Executable, &Refusal>,
    manifest_bytes: &[u8],
    manifest: &WorkerManifest,
    warnings: &mut Vec<Finding>,
) {
    mode(bundle, warnings);
    executable(examined, warnings);
    refused_ids(manifest, warnings);
    sources(bundle, manifest, warnings);
    digests(bundle, manifest_bytes, manifest, warnings);
}

fn mode(bundle: &Bundle, warnings: &mut Vec<Finding>) {
    if !platform::is_executable_for_all(bundle.metadata()) {
        warnings.push(Finding::new(
            "mode",
            "not everybody may read and execute the file; a worker that runs as another user would \
             not find it: `chmod 755` it",
        ));
    }
}

fn executable(examined: Result<&Executable, &Refusal>, warnings: &mut Vec<Finding>) {
    match examined {
        Ok(found) => {
            if !found.is_for_this_machine() {
                warnings.push(Finding::new(
                    "architecture",
                    format!(
                        "it is {}, which this host cannot run; the worker must be another one",
                        found.with_article()
                    ),
                ));
            }
            let cautions = found.cautions(&[]);
            let cautions = cautions
                .iter()
                .map(|caution| Finding::new(caution.code(), caution.to_string()));
            warnings.extend(cautions);
        }
        Err(refusal) => warnings.push(Finding::new(
            "executable",
            format!("the executable region: {}", one_line(&refusal.to_string())),
        )),
    }
}

/// At most so many findings of a kind are listed; the rest is counted. An alias can repeat one as often as it likes.
const LISTED: usize = 20;

/// So many characters of an id or path are shown: what is longer has been made to fill a screen, or memory.
const SHOWN: usize = 300;

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
                warnings.push(Finding::new("refused-id", message));
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
        warnings.push(Finding::new("refused-id", message));
    }
}

/// Checks that the files in `sources` lie back to back in the source region, with their digests.
fn sources(bundle: &Bundle, manifest: &WorkerManifest, warnings: &mut Vec<Finding>) {
    let Some(sources) = manifest.root().get("sources") else {
        return;
    };
    let mut wrong = |message: String| warnings.push(Finding::new("source-mismatch", message));
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
            // What follows cannot be right, and hashing the same bytes for each entry takes for ever.
            return;
        }
        end = offset.saturating_add(length);
        let computed = bundle.source_range(offset..end).map(hash);
        let recorded = file
            .get("sha256")
            .and_then(ValueRef::as_str)
            .unwrap_or_default();
        let what = match computed {
            Some(Ok(computed)) if computed.to_string() == recorded => continue,
            Some(Ok(_)) => "has another SHA-256 than recorded",
            Some(Err(_)) | None => "reaches out of the source region",
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

/// Checks `digests.integrity`, and `digests.cache` where its recipe is known: the one of this packer.
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
            "digests-mismatch",
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
            "digests-mismatch",
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
