//! Whether a worker can use one file, and why not.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Finding;
use super::manifest::{self, WorkerManifest};
use super::walk::Found;
use super::warnings;
use crate::bundle::digest::Sha256Digest;
use crate::bundle::displaced::find_displaced_trailer;
use crate::bundle::packable::examine;
use crate::bundle::reader::{Bundle, ReadError};
use crate::bundle::trailer::{MAGIC, TrailerError};
use crate::executable::{Executable, Refusal, begins_as_executable, link_record};
use crate::platform::{self, FileId};

/// What a worker makes of a file.
///
/// ```no_run
/// use cargo_airflow_bundle::worker::verdict::judge;
///
/// let verdict = judge("target/release/airflow-bundle/etl".as_ref(), true);
/// for problem in &verdict.problems {
///     println!("{}: {}", problem.code, problem.message);
/// }
/// assert!(verdict.usable);
/// ```
#[derive(Debug)]
pub struct Verdict {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Whether the worker would start it for each of [`Self::dag_ids`].
    pub usable: bool,
    /// Whether the worker's search ends in an exception when it meets the file.
    pub raises: bool,
    /// The dag ids that the file says it serves; empty if that cannot be read.
    pub dag_ids: Vec<String>,
    /// What the executable is; `None` if the file is no bundle, or holds none that is known.
    pub executable: Option<Executable>,
    /// Why it is not usable.
    pub problems: Vec<Finding>,
    /// What does not keep the worker from using it.
    pub warnings: Vec<Finding>,
}

impl Verdict {
    /// The verdict for a path that leads to no file that could be judged.
    pub(crate) fn unreadable(path: &Path, reason: String) -> Self {
        let mut verdict = Self::new(path);
        verdict.problems.push(Finding::new("unreadable", reason));
        verdict
    }

    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            usable: false,
            raises: false,
            dag_ids: Vec::new(),
            executable: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Judges the file at `path`. `executable` says whether the worker may execute it.
pub fn judge(path: &Path, executable: bool) -> Verdict {
    let candidate = Candidate {
        path: path.to_owned(),
        bundle: Bundle::open(path),
        may_have_been: false,
    };
    candidate.judge(candidate.examine(), executable)
}

/// A file that was opened to be judged.
#[derive(Debug)]
pub(crate) struct Candidate {
    path: PathBuf,
    bundle: Result<Bundle, ReadError>,
    /// Whether it is no bundle and looks as if it had been one, or should be one.
    may_have_been: bool,
}

impl Candidate {
    /// Opens a file that a walk has found, and reads its trailer.
    pub(crate) fn open(found: &Found) -> Self {
        let path = found.path.clone();
        let (bundle, may_have_been) = match Bundle::open_regular(&path, may_have_been) {
            Ok(Ok(bundle)) => (Ok(bundle), false),
            Ok(Err(may_have_been)) => (Err(TrailerError::NoMagic.into()), may_have_been),
            Err(error) => (Err(error), false),
        };
        Self {
            path,
            bundle,
            may_have_been,
        }
    }

    /// What somebody should know of a file in a folder that does not claim to be a bundle: that it is what became of one.
    pub(crate) fn remark(&self, executable: bool) -> Option<Finding> {
        (self.may_have_been && executable).then(|| no_magic(&self.path))?
    }

    /// Whether it claims to be a bundle: all that is looked at in a folder's other files.
    pub(crate) fn claims(&self) -> bool {
        !matches!(
            self.bundle,
            Err(ReadError::Trailer(TrailerError::NoMagic) | ReadError::Io(_) | ReadError::NotAFile)
        )
    }

    /// Which file it is; `None` if it is no bundle.
    pub(crate) fn file_id(&self) -> Option<FileId> {
        let bundle = self.bundle.as_ref().ok()?;
        platform::file_id(&self.path, bundle.metadata()).ok()
    }

    /// The length of its manifest in bytes; 0 if it has none.
    pub(crate) fn manifest_len(&self) -> u64 {
        self.bundle.as_ref().map_or(0, |bundle| {
            bundle.layout().trailer_start - bundle.layout().metadata_start
        })
    }

    /// The size of the file in bytes; 0 if it is no bundle.
    pub(crate) fn size(&self) -> u64 {
        self.bundle.as_ref().map_or(0, Bundle::size)
    }

    /// Hashes and examines the executable, which takes most of the time and little memory.
    pub(crate) fn examine(&self) -> Option<Examined> {
        self.bundle.as_ref().ok().map(Examined::new)
    }

    /// See [`judge`].
    pub(crate) fn judge(&self, examined: Option<Examined>, executable: bool) -> Verdict {
        let mut verdict = Verdict::new(&self.path);
        match &self.bundle {
            Ok(bundle) => {
                let examined = examined.unwrap_or_else(|| Examined::new(bundle));
                judge_bundle(bundle, examined, executable, &mut verdict);
            }
            Err(error) => verdict.problems.push(unreadable(&self.path, error)),
        }
        verdict.usable = verdict.problems.is_empty();
        // A file that may not be executed is not even opened by the worker.
        verdict.raises = executable
            && verdict
                .problems
                .iter()
                .all(|problem| problem.code == "manifest-raises")
            && !verdict.usable;
        verdict
    }
}

/// Whether a file without a trailer is worth a closer look: the magic stands in its last bytes, `tail`, or it is an executable
/// with a link section. Nearly all files in a folder are neither.
fn may_have_been(file: &File, size: u64, tail: &[u8]) -> bool {
    let [first, ..] = MAGIC;
    let ends_behind_magic =
        tail.contains(&first) && tail.windows(MAGIC.len()).any(|eight| eight == MAGIC);
    if ends_behind_magic {
        return true;
    }
    let mut head = [0; 4];
    let whole = tail.len() as u64 == size;
    match tail.first_chunk() {
        Some(first) if whole => head = *first,
        // What cannot be read is no executable.
        _ => drop(platform::read_at(file, &mut head, 0)),
    }
    begins_as_executable(head) && matches!(link_record(file, 0, size), Ok(Some(_)))
}

/// What the executable in a bundle is.
#[derive(Debug)]
pub(crate) struct Examined {
    digest: Result<Sha256Digest, ReadError>,
    executable: Result<Executable, Refusal>,
}

impl Examined {
    fn new(bundle: &Bundle) -> Self {
        let region = bundle.executable();
        let size = region.size();
        Self {
            digest: bundle.compute_digest(),
            executable: examine(region, 0, size),
        }
    }
}

fn judge_bundle(bundle: &Bundle, examined: Examined, executable: bool, verdict: &mut Verdict) {
    if !executable {
        verdict.problems.push(Finding::new(
            "not-executable",
            "this user may not execute the file, so the worker does not look at it: `chmod 755` it",
        ));
    }
    let recorded = Sha256Digest(bundle.trailer().binary_sha256);
    match examined.digest {
        Ok(computed) if computed == recorded => {}
        Ok(computed) => verdict.problems.push(Finding::new(
            "digest-mismatch",
            format!(
                "the executable was changed after packing (stripped, signed, or damaged on its way): \
                 its SHA-256 is {computed}, the trailer records {recorded}; copy or pack it again"
            ),
        )),
        Err(error) => verdict.problems.push(Finding::new("unreadable", error.to_string())),
    }
    let manifest = bundle
        .manifest()
        .map_err(|error| match error {
            ReadError::ManifestTooLong(_) => Finding::new("manifest-too-long", error.to_string()),
            error => Finding::new("unreadable", error.to_string()),
        })
        .and_then(|bytes| manifest::read(&bytes).map(|manifest| (bytes, manifest)));
    match manifest {
        Ok((bytes, manifest)) => {
            judge_manifest(&manifest, verdict);
            let region = examined.executable.as_ref();
            warnings::of_bundle(bundle, region, &bytes, &manifest, &mut verdict.warnings);
        }
        Err(finding) => verdict.problems.push(finding),
    }
    verdict.executable = examined.executable.ok();
}

fn judge_manifest(manifest: &WorkerManifest, verdict: &mut Verdict) {
    verdict.dag_ids = manifest.dag_ids();
    verdict.problems.extend(manifest.check_dags().err());
    verdict
        .problems
        .extend(manifest.check_schema_version().err());
}

/// Why a file could not be opened as a bundle, with what it was before somebody touched it.
fn unreadable(path: &Path, error: &ReadError) -> Finding {
    let trailer = match error {
        ReadError::Trailer(trailer) => *trailer,
        other => return Finding::new("unreadable", other.to_string()),
    };
    let code = match trailer {
        TrailerError::NoMagic => {
            return no_magic(path).unwrap_or_else(|| {
                Finding::new(
                    "not-a-bundle",
                    "it does not end in the bundle magic `AFBNDL01`; if it was a bundle, a copy was cut short or a tool \
                     changed it: copy or pack it again",
                )
            });
        }
        TrailerError::UnknownVersion(_) => "footer-version",
        TrailerError::ReservedNotZero => "footer-reserved",
        TrailerError::RegionsTooLong => "footer-lengths",
        TrailerError::NoExecutable => "no-executable",
    };
    Finding::new(code, trailer.to_string())
}

/// Explains a missing magic: a footer elsewhere, or a link section without a footer.
fn no_magic(path: &Path) -> Option<Finding> {
    let file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    if let Ok(Some(footer)) = find_displaced_trailer(&file, 0, size) {
        return Some(Finding::new(
            "footer-moved",
            format!(
                "{} bytes stand behind the bundle's footer: the file was changed after packing (by \
                 patchelf, a signing tool or an append); do that before packing, and pack it again",
                footer.trailing
            ),
        ));
    }
    link_record(&file, 0, size).ok().flatten().map(|_| {
        Finding::new(
            "footer-missing",
            "it is a Rust executable for Airflow without a footer: it was never packed, or `strip` \
             or `objcopy` removed the footer, or a copy was cut short; strip before packing (`strip = true` in \
             [profile.release]), then run `cargo airflow-bundle`, or copy it again",
        )
    })
}
