//! Packs an executable, for other tools: no cargo, no terminal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::bundle::digest::Sha256Digest;
use crate::bundle::input::Input;
use crate::bundle::output::{Output, OutputError};
use crate::bundle::packable;
use crate::bundle::reader::MANIFEST_LIMIT;
use crate::bundle::writer::{Packed, Parts, RegionDigests, WriteError, write_bundle};
use crate::executable::Refusal;
use crate::manifest::{Manifest, SourceName};
use crate::worker;

/// Why an executable could not be packed. Nothing was written.
#[derive(Debug)]
pub enum PackError {
    /// An input could not be opened.
    Open(PathBuf, io::Error),
    /// The file is no executable that can be packed.
    Refused(PathBuf, Refusal),
    /// Airflow's workers could not read the manifest.
    Manifest(UnreadableManifest),
    /// The output cannot be written to.
    Output(PathBuf, OutputError),
    /// Reading or writing failed.
    Write(WriteError),
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(path, error) => write!(f, "failed to open `{}`: {error}", path.display()),
            Self::Refused(path, refusal) => {
                write!(f, "cannot pack `{}`: {refusal}", path.display())
            }
            Self::Output(path, error) => write!(f, "cannot write `{}`: {error}", path.display()),
            Self::Manifest(error) => write!(f, "{error}"),
            Self::Write(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PackError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // `Display` holds the inner text already.
        match self {
            Self::Open(_, error) => error.source(),
            Self::Refused(_, refusal) => refusal.source(),
            Self::Manifest(error) => error.source(),
            Self::Output(_, error) => error.source(),
            Self::Write(error) => error.source(),
        }
    }
}

/// Why Airflow's workers could not read a manifest.
#[derive(Debug)]
pub struct UnreadableManifest(String);

impl fmt::Display for UnreadableManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Airflow's workers could not read the manifest: {}",
            self.0
        )
    }
}

impl std::error::Error for UnreadableManifest {}

/// Asks the worker's own reader about a manifest, as it will stand in the bundle: one that it cannot
/// read would be found out only on the worker.
pub(crate) fn check_readable(
    manifest: &Manifest,
    source: &SourceName,
) -> Result<(), UnreadableManifest> {
    let digest = Sha256Digest([0; 32]);
    let regions = RegionDigests {
        executable: digest,
        source: digest,
        source_len: 0,
    };
    let text = manifest.render(source, &regions);
    // What an executable prints is limited too, but nested lists take more room in YAML.
    if text.len() as u64 > MANIFEST_LIMIT {
        return Err(UnreadableManifest(format!(
            "it would have {} bytes in the bundle; at most {MANIFEST_LIMIT} are read",
            text.len()
        )));
    }
    worker::manifest::read(text.as_bytes())
        .map(drop)
        .map_err(|finding| UnreadableManifest(finding.message))
}

/// Packs `executable` and `source` with `manifest` into the file `output`, as
/// `cargo airflow-bundle --executable` does. Runs nothing: the manifest is the caller's.
///
/// ```no_run
/// use std::path::Path;
/// use cargo_airflow_bundle::manifest::Manifest;
/// use cargo_airflow_bundle::packing::pack_executable;
///
/// let manifest = Manifest::parse(&std::fs::read_to_string("manifest.json")?)?;
/// let packed = pack_executable(
///     Path::new("target/release/etl"),
///     Path::new("src/main.rs"),
///     &manifest,
///     Path::new("bundles/etl"),
/// )?;
/// println!("{} ({} bytes)", packed.path.display(), packed.size);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pack_executable(
    executable: &Path,
    source: &Path,
    manifest: &Manifest,
    output: &Path,
) -> Result<Packed, PackError> {
    let open =
        |path: &Path| Input::open(path).map_err(|error| PackError::Open(path.to_owned(), error));
    let program = open(executable)?;
    let text = open(source)?;
    let place = Output::check(output)
        .and_then(|place| place.must_not_be(executable).map(|()| place))
        .and_then(|place| place.must_not_be(source).map(|()| place))
        .map_err(|error| PackError::Output(output.to_owned(), error))?;
    packable::examine(program.file(), 0, program.size())
        .map_err(|refusal| PackError::Refused(executable.to_owned(), refusal))?;
    let name = SourceName::of_file(source, None);
    check_readable(manifest, &name).map_err(PackError::Manifest)?;
    let parts = Parts {
        executable: &program,
        source: &text,
    };
    write_bundle(parts, &place, &AtomicBool::new(false), |regions| {
        Ok(manifest.render(&name, regions).into_bytes())
    })
    .map_err(PackError::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_the_worker_cannot_read_is_refused()
    -> Result<(), crate::manifest::ManifestError> {
        let manifest = |value: &str| {
            Manifest::parse(&format!(
                r#"{{"airflow_bundle_metadata_version": "1.0", "dags": {{"d": {{"tasks": []}}}}, "x": {value},
                    "sdk": {{"language": "rust", "version": "1", "supervisor_schema_version": "2026-06-16"}}}}"#
            ))
        };
        let name = SourceName::of_file(Path::new("main.rs"), None);
        assert!(check_readable(&manifest("1")?, &name).is_ok());
        // Python reads no integer of more than 4300 digits.
        assert!(check_readable(&manifest(&"9".repeat(5000))?, &name).is_err());
        Ok(())
    }
}
