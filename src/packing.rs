//! Packs an executable into a bundle. The command packs with this module, and so can any other tool: nothing here drives cargo,
//! runs an executable or prints.
//!
//! [`pack_executable`] does all of it. Step by step, a [`Request`] becomes [`Opened`] files, which become a [`Prepared`] bundle
//! once they have a manifest, which becomes a [`Packed`] file.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use airflow_protocol::Release;

use crate::bundle::digest::Sha256Digest;
use crate::bundle::input::Input;
use crate::bundle::output::{Output, OutputError};
use crate::bundle::packable;
use crate::bundle::reader::MANIFEST_LIMIT;
use crate::bundle::writer::{self, Packed, Parts, RegionDigests, WriteError};
use crate::executable::{Executable, Refusal};
use crate::introspect;
use crate::manifest::{Manifest, SourceName};
use crate::pin;
use crate::worker;

pub use crate::pin::PinError;
pub use crate::release::Airflow;

/// Why an executable could not be packed. The output is as it was before. The reason, where there is one, is the
/// [`source`](Error::source).
#[derive(Debug)]
#[non_exhaustive]
pub enum PackError {
    /// The executable could not be opened.
    OpenExecutable(PathBuf, io::Error),
    /// The source file could not be opened.
    OpenSource(PathBuf, io::Error),
    /// The content of the source file cannot go into a bundle.
    Source(PathBuf, WriteError),
    /// The name of the source file is not UTF-8. Airflow shows the name, and would show another one.
    SourceName(PathBuf),
    /// The output cannot be written to.
    Output(PathBuf, OutputError),
    /// The file is no executable that can be packed.
    Refused(PathBuf, Refusal),
    /// The link section of the executable holds no usable manifest.
    Section(Box<dyn Error + Send + Sync>),
    /// There is no manifest: none was given, and the executable has no link section.
    NoManifest(PathBuf),
    /// Airflow's workers could not read the manifest of this executable.
    Manifest(PathBuf, UnreadableManifest),
    /// The executable cannot be packed for the releases of Airflow that were asked for, or, where none were, for any.
    Airflow(PathBuf, Option<Airflow>, PinError),
    /// Reading the inputs or writing the output failed.
    Write(PathBuf, WriteError),
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenExecutable(path, _) => {
                write!(f, "failed to open the executable `{}`", path.display())
            }
            Self::OpenSource(path, _) => {
                write!(f, "failed to open the source `{}`", path.display())
            }
            Self::Source(path, _) => write!(f, "cannot pack the source `{}`", path.display()),
            Self::SourceName(path) => write!(
                f,
                "the name of the source `{}` is not UTF-8, and Airflow shows it: rename the file",
                path.display()
            ),
            Self::Output(path, _) => {
                write!(f, "cannot write the bundle to `{}`", path.display())
            }
            Self::Refused(path, _) | Self::Manifest(path, _) => {
                write!(f, "cannot pack `{}`", path.display())
            }
            Self::Airflow(path, wanted, _) => {
                write!(f, "cannot pack `{}`", path.display())?;
                match wanted {
                    Some(wanted) => write!(f, " for {}", pin::named(wanted.releases())),
                    None => Ok(()),
                }
            }
            Self::Section(error) => error.fmt(f),
            Self::NoManifest(path) => write!(
                f,
                "`{}` has no link section to read a manifest from, and no manifest was given",
                path.display()
            ),
            Self::Write(path, _) => {
                write!(f, "failed to write the bundle `{}`", path.display())
            }
        }
    }
}

impl Error for PackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::OpenExecutable(_, error) | Self::OpenSource(_, error) => Some(error),
            Self::Source(_, error) | Self::Write(_, error) => Some(error),
            Self::Output(_, error) => Some(error),
            Self::Refused(_, refusal) => Some(refusal),
            Self::Manifest(_, error) => Some(error),
            Self::Airflow(_, _, error) => Some(error),
            // Its message is this error's own.
            Self::Section(error) => error.source(),
            Self::SourceName(_) | Self::NoManifest(_) => None,
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

impl Error for UnreadableManifest {}

/// Reads a manifest as it will stand in the bundle with the worker's own reader. A manifest that this reader refuses would
/// else be noticed on a worker only.
fn check_readable(manifest: &Manifest, source: &SourceName) -> Result<(), UnreadableManifest> {
    let digest = Sha256Digest([0; 32]);
    let regions = RegionDigests {
        executable: digest,
        source: digest,
        source_len: 0,
    };
    let text = manifest.render(source, &regions);
    // The output of an executable is limited too, but nested lists take more room in YAML.
    if text.len() as u64 > MANIFEST_LIMIT {
        return Err(UnreadableManifest(format!(
            "it would have {} bytes in the bundle; at most {MANIFEST_LIMIT} are read",
            text.len()
        )));
    }
    worker::manifest::read(text.as_bytes())
        .map(drop)
        .map_err(|fault| UnreadableManifest(fault.to_string()))
}

/// The files of one bundle.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The executable.
    pub executable: &'a Path,
    /// The source file that Airflow shows.
    pub source: &'a Path,
    /// The source file as the manifest names it.
    pub source_name: SourceName,
    /// The bundle.
    pub output: &'a Path,
    /// The folder that workers scan, if that is one above the bundle's own.
    pub root: Option<&'a Path>,
    /// The releases of Airflow that the bundle is for. `None` is for as many as can be.
    pub airflow: Option<Airflow>,
    /// More files that the bundle was made from. Like the executable and the source, they are never overwritten.
    pub inputs: Vec<&'a Path>,
}

impl<'a> Request<'a> {
    /// A bundle at `output` of `executable`, with `source`, which goes by its file name.
    pub fn new(executable: &'a Path, source: &'a Path, output: &'a Path) -> Self {
        Self {
            executable,
            source,
            source_name: SourceName::of_file(source, None),
            output,
            root: None,
            airflow: None,
            inputs: Vec::new(),
        }
    }

    /// Opens both files and checks everything but the manifest. `stop` ends the reading of a long source.
    ///
    /// # Errors
    /// If one of the files cannot go into a bundle, or if the output cannot be written to.
    pub fn open(self, stop: &AtomicBool) -> Result<Opened, PackError> {
        let executable = Input::open(self.executable)
            .map_err(|error| PackError::OpenExecutable(self.executable.to_owned(), error))?;
        let source = open_source(self.source, stop)?;
        let inputs = [self.executable, self.source].into_iter();
        let inputs = inputs.chain(self.inputs.iter().copied());
        let output = check_output(self.output, self.root, inputs)?;
        let examined = packable::examine(executable.file(), 0, executable.size())
            .map_err(|refusal| PackError::Refused(self.executable.to_owned(), refusal))?;
        Ok(Opened {
            executable,
            examined,
            source,
            source_name: self.source_name,
            output,
            airflow: self.airflow,
        })
    }
}

/// Opens a source file and reads it once, so that a file which cannot go into a bundle is refused before anything is built or
/// written.
pub(crate) fn open_source(path: &Path, stop: &AtomicBool) -> Result<Input, PackError> {
    let source =
        Input::open(path).map_err(|error| PackError::OpenSource(path.to_owned(), error))?;
    writer::check_source(&source, stop)
        .map_err(|error| PackError::Source(path.to_owned(), error))?;
    if path.file_name().is_some_and(|name| name.to_str().is_none()) {
        return Err(PackError::SourceName(path.to_owned()));
    }
    Ok(source)
}

/// Looks at what stands at the path of a bundle. `root` is the folder that workers scan, if that is one above the bundle's own.
pub(crate) fn check_output<'p>(
    path: &Path,
    root: Option<&Path>,
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<Output, PackError> {
    let refused = |error| PackError::Output(path.to_owned(), error);
    let output = Output::check(path).map_err(refused)?;
    for input in inputs {
        output.must_not_be(input).map_err(refused)?;
    }
    Ok(match root {
        Some(root) => output.below(root),
        None => output,
    })
}

/// Open files that can go into a bundle. The manifest is missing.
#[derive(Debug)]
pub struct Opened {
    executable: Input,
    examined: Executable,
    source: Input,
    source_name: SourceName,
    output: Output,
    airflow: Option<Airflow>,
}

impl Opened {
    /// The open executable.
    pub fn executable(&self) -> &Input {
        &self.executable
    }

    /// The format and the needs of the executable.
    pub fn examined(&self) -> &Executable {
        &self.examined
    }

    /// The manifest in the link section of the executable. `None` if it has no such section.
    ///
    /// # Errors
    /// [`PackError::Section`].
    pub fn section_manifest(&self) -> Result<Option<Manifest>, PackError> {
        introspect::from_section(&self.executable, self.executable.path())
            .map_err(|error| PackError::Section(error.into()))
    }

    /// Adds the manifest, with the schema version for the releases of Airflow that the bundle is for.
    ///
    /// # Errors
    /// [`PackError::Airflow`] or [`PackError::Manifest`].
    pub fn with_manifest(self, manifest: Manifest) -> Result<Prepared, PackError> {
        let executable = || self.executable.path().to_owned();
        let pin = pin::choose(&manifest, self.airflow)
            .map_err(|error| PackError::Airflow(executable(), self.airflow, error))?;
        let manifest = manifest.pinned(&pin.version);
        check_readable(&manifest, &self.source_name)
            .map_err(|error| PackError::Manifest(executable(), error))?;
        Ok(Prepared {
            opened: self,
            manifest,
            releases: pin.releases,
        })
    }
}

/// A bundle that can be written.
#[derive(Debug)]
pub struct Prepared {
    opened: Opened,
    manifest: Manifest,
    releases: Vec<Release>,
}

impl Prepared {
    /// The format and the needs of the executable.
    pub fn examined(&self) -> &Executable {
        &self.opened.examined
    }

    /// The manifest, with the schema version that the bundle names.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The releases of Airflow that the bundle is for, the oldest first: those that were asked for, or else all that run it.
    /// Empty if no release that is known here runs a bundle with the manifest's own schema version.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The absolute path of the bundle.
    pub fn output(&self) -> &Path {
        self.opened.output.path()
    }

    /// Writes the bundle, whole or not at all. `stop` is looked at between buffers. `wanted` is asked before anything is
    /// written, unless the same bytes are there already; if it says no, nothing is written.
    ///
    /// # Errors
    /// [`PackError::Write`], with [`WriteError::Declined`] if `wanted` says no.
    pub fn write(
        &self,
        stop: &AtomicBool,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Packed, PackError> {
        let Opened {
            executable,
            source,
            source_name,
            output,
            ..
        } = &self.opened;
        let parts = Parts { executable, source };
        let render =
            |regions: &RegionDigests| Ok(self.manifest.render(source_name, regions).into_bytes());
        writer::write_bundle_if(parts, output, stop, render, wanted)
            .map_err(|error| PackError::Write(output.path().to_owned(), error))
    }
}

/// Packs `executable` and `source` into the file `output`, as `cargo airflow-bundle --executable` does, but runs nothing: the
/// manifest is the caller's, or else the one in the link section of an executable with `airflow-sdk`. The bundle is for as many
/// releases of Airflow as can be; [`Request::airflow`] says for which.
///
/// ```no_run
/// use std::path::Path;
/// use cargo_airflow_bundle::packing::pack_executable;
///
/// let packed = pack_executable(
///     Path::new("target/release/etl"),
///     Path::new("src/main.rs"),
///     None, // the manifest in the link section, which `airflow-sdk` writes
///     Path::new("bundles/etl"),
/// )?;
/// println!("{} ({} bytes)", packed.path.display(), packed.size);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the files do not make a bundle that Airflow's workers can use, or if it cannot be written.
pub fn pack_executable(
    executable: &Path,
    source: &Path,
    manifest: Option<&Manifest>,
    output: &Path,
) -> Result<Packed, PackError> {
    let stop = AtomicBool::new(false);
    let opened = Request::new(executable, source, output).open(&stop)?;
    let manifest = match manifest {
        Some(manifest) => manifest.clone(),
        None => opened
            .section_manifest()?
            .ok_or_else(|| PackError::NoManifest(executable.to_owned()))?,
    };
    opened.with_manifest(manifest)?.write(&stop, &mut || true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of [`pack_executable`] is compiled as a test of the documentation.
    #[test]
    fn the_readme_shows_the_example_that_is_tested() {
        let after = |text: &str, start: &str| {
            let rest = text.split_once(start).map(|(_, rest)| rest.to_owned());
            rest.unwrap_or_default()
        };
        let readme = after(include_str!("../README.md"), "\n## Library\n");
        let readme = after(&readme, "```rust\n");
        let shown = readme.lines().take_while(|line| *line != "```");
        let documentation = after(include_str!("packing.rs"), "\n/// ```no_run\n");
        let tested = documentation
            .lines()
            .map(|line| line.strip_prefix("///").unwrap_or_default())
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .take_while(|line| *line != "```")
            .filter(|line| !line.starts_with("# "));
        let shown: Vec<_> = shown.collect();
        assert!(shown.len() > 5, "{shown:?}");
        assert_eq!(shown, tested.collect::<Vec<_>>());
    }

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
