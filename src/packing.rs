//! Packs an executable, for other tools: no cargo, no terminal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::bundle::input::Input;
use crate::bundle::output::{Output, OutputError};
use crate::bundle::writer::{Packed, Parts, WriteError, write_bundle};
use crate::executable::{Refusal, examine};
use crate::manifest::{Manifest, SourceName};

/// Why an executable could not be packed. Nothing was written.
#[derive(Debug)]
pub enum PackError {
    /// An input could not be opened.
    Open(PathBuf, io::Error),
    /// The file is no executable that can be packed.
    Refused(PathBuf, Refusal),
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
            Self::Write(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PackError {}

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
    examine(program.file(), 0, program.size())
        .map_err(|refusal| PackError::Refused(executable.to_owned(), refusal))?;
    let name = SourceName::of_file(source, None);
    let parts = Parts {
        executable: &program,
        source: &text,
    };
    write_bundle(parts, &place, &AtomicBool::new(false), |regions| {
        Ok(manifest.render(&name, regions).into_bytes())
    })
    .map_err(PackError::Write)
}
