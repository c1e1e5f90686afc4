//! Whether a worker can use one file, and why not.
//!
//! A `Candidate` opens its file once. Every later step reads that open file, so that all that a verdict says is about one
//! file, also where another one takes the path meanwhile.

use std::fs::File;
use std::path::{Path, PathBuf};

use airflow_protocol::Release;

use super::manifest::{self, WorkerManifest};
use super::walk::MayExecute;
use super::warnings;
use super::{Code, Finding, Severity};
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
/// use cargo_airflow_bundle::worker::Release;
/// use cargo_airflow_bundle::worker::verdict::judge;
/// use cargo_airflow_bundle::worker::walk::MayExecute;
///
/// let path = "target/release/airflow-bundle/etl".as_ref();
/// let verdict = judge(path, MayExecute::Yes, Release::AIRFLOW_3_3);
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
    /// Why it is not usable, and why its executable cannot be started.
    pub problems: Vec<Finding>,
    /// What does not keep the worker from using it.
    pub warnings: Vec<Finding>,
}

impl Verdict {
    /// The verdict for a path that leads to no file that could be judged.
    pub(crate) fn unreadable(path: &Path, reason: String) -> Self {
        let mut verdict = Self::new(path);
        verdict.add(Finding::new(Code::Unreadable, reason));
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

    /// Adds a finding to the list that its code belongs to. [`Self::usable`] stays as it is.
    pub(crate) fn add(&mut self, finding: Finding) {
        match finding.code.severity() {
            Severity::Problem => self.problems.push(finding),
            Severity::Warning => self.warnings.push(finding),
        }
    }

    fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.add(finding);
        }
    }
}

/// Judges the file at `path` as a worker of `release` does. `may_execute` says whether the user of that worker may execute it.
pub fn judge(path: &Path, may_execute: MayExecute, release: Release) -> Verdict {
    // To open a device may do something, so the kind of file is asked first.
    let candidate = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Candidate::open(path),
        Ok(_) => Candidate::unreadable(path, ReadError::NotAFile),
        Err(error) => Candidate::unreadable(path, error.into()),
    };
    candidate.judge(candidate.examine(), may_execute, release)
}

/// Whether a worker of `release` looks at a file.
fn is_looked_at(may_execute: MayExecute, release: Release) -> bool {
    may_execute == MayExecute::Yes || !release.needs_execute_bit
}

/// A file that was opened to be judged.
#[derive(Debug)]
pub(crate) struct Candidate {
    path: PathBuf,
    contents: Contents,
}

/// What an opened file is.
#[derive(Debug)]
enum Contents {
    /// It ends in a trailer that can be used.
    Bundle(Box<Bundle>),
    /// It does not end in the magic.
    NoMagic {
        /// The file itself.
        file: File,
        /// Whether a closer look may tell that it was a bundle, or should be one: see [`may_have_been`].
        may_have_been: bool,
    },
    /// It cannot be read, or its trailer is broken.
    Unreadable(ReadError),
}

impl Candidate {
    /// Opens a regular file, and reads its trailer.
    pub(crate) fn open(path: &Path) -> Self {
        let contents = match Bundle::open_regular(path, may_have_been) {
            Ok(Ok(bundle)) => Contents::Bundle(Box::new(bundle)),
            Ok(Err((file, may_have_been))) => Contents::NoMagic {
                file,
                may_have_been,
            },
            Err(error) => Contents::Unreadable(error),
        };
        Self {
            path: path.to_owned(),
            contents,
        }
    }

    fn unreadable(path: &Path, error: ReadError) -> Self {
        Self {
            path: path.to_owned(),
            contents: Contents::Unreadable(error),
        }
    }

    /// The open bundle; `None` if the file is none.
    pub(crate) fn bundle(&self) -> Option<&Bundle> {
        match &self.contents {
            Contents::Bundle(bundle) => Some(bundle),
            Contents::NoMagic { .. } | Contents::Unreadable(_) => None,
        }
    }

    /// Explains a file that does not claim to be a bundle, if it seems to have been one or was to become one. `None` for
    /// nearly all files in a folder, and for those at which the worker does not look.
    pub(crate) fn remark(&self, may_execute: MayExecute, release: Release) -> Option<Finding> {
        match &self.contents {
            Contents::NoMagic {
                file,
                may_have_been: true,
            } if is_looked_at(may_execute, release) => no_magic(file),
            _ => None,
        }
    }

    /// Whether the file ends in the magic. A folder's other files get no verdict.
    pub(crate) fn claims(&self) -> bool {
        match &self.contents {
            Contents::Bundle(_) => true,
            Contents::NoMagic { .. } => false,
            Contents::Unreadable(error) => !matches!(
                error,
                ReadError::Trailer(TrailerError::NoMagic) | ReadError::Io(_) | ReadError::NotAFile
            ),
        }
    }

    /// Which file it is; `None` if it is no bundle.
    pub(crate) fn file_id(&self) -> Option<FileId> {
        platform::file_id(&self.path, self.bundle()?.metadata()).ok()
    }

    /// The length of its manifest in bytes; 0 if it has none.
    pub(crate) fn manifest_len(&self) -> u64 {
        self.bundle().map_or(0, |bundle| {
            bundle.layout().trailer_start - bundle.layout().metadata_start
        })
    }

    /// The size of the file in bytes; 0 if it is no bundle.
    pub(crate) fn size(&self) -> u64 {
        self.bundle().map_or(0, Bundle::size)
    }

    /// Hashes and examines the executable, which takes most of the time and little memory.
    pub(crate) fn examine(&self) -> Option<Examined> {
        self.bundle().map(Examined::new)
    }

    /// See [`judge`]. `examined` is what [`Self::examine`] has returned.
    pub(crate) fn judge(
        &self,
        examined: Option<Examined>,
        may_execute: MayExecute,
        release: Release,
    ) -> Verdict {
        let mut verdict = Verdict::new(&self.path);
        let looked_at = is_looked_at(may_execute, release);
        match &self.contents {
            Contents::Bundle(bundle) => {
                let examined = examined.unwrap_or_else(|| Examined::new(bundle));
                if !looked_at {
                    verdict.add(Finding::new(
                        Code::NotExecutable,
                        "this user may not execute the file, so the worker does not look at it: `chmod 755` it",
                    ));
                }
                judge_bundle(bundle, examined, release, &mut verdict);
            }
            Contents::NoMagic { file, .. } => {
                verdict.add(no_magic(file).unwrap_or_else(not_a_bundle));
            }
            Contents::Unreadable(error) => verdict.add(unreadable(error)),
        }
        verdict.usable = verdict.problems.is_empty();
        // The worker fails on a manifest only if it has found nothing before that makes it pass over the file.
        verdict.raises = looked_at
            && !verdict.usable
            && verdict.problems.iter().all(|problem| problem.code.raises());
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
        // A file that cannot be read stays without a remark.
        _ => drop(platform::read_at(file, &mut head, 0)),
    }
    begins_as_executable(head) && matches!(link_record(file, 0, size), Ok(Some(_)))
}

/// The digest of the executable in a bundle, and what it is.
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

fn judge_bundle(bundle: &Bundle, examined: Examined, release: Release, verdict: &mut Verdict) {
    let recorded = Sha256Digest(bundle.trailer().binary_sha256);
    match examined.digest {
        Ok(computed) if computed == recorded => {}
        Ok(computed) => verdict.add(Finding::new(
            Code::DigestMismatch,
            format!(
                "the executable was changed after packing (stripped, signed, or damaged on its way): \
                 its SHA-256 is {computed}, the trailer records {recorded}; copy or pack it again"
            ),
        )),
        Err(error) => verdict.add(Finding::new(Code::Unreadable, error.to_string())),
    }
    let manifest = bundle
        .manifest()
        .map_err(|error| match error {
            ReadError::ManifestTooLong(_) => Finding::new(Code::ManifestTooLong, error.to_string()),
            error => Finding::new(Code::Unreadable, error.to_string()),
        })
        .and_then(|bytes| manifest::read(&bytes).map(|manifest| (bytes, manifest)));
    match manifest {
        Ok((bytes, manifest)) => {
            judge_manifest(&manifest, release, verdict);
            let region = examined.executable.as_ref();
            verdict.extend(warnings::of_bundle(
                bundle, region, &bytes, &manifest, release,
            ));
        }
        Err(finding) => verdict.add(finding),
    }
    verdict.executable = examined.executable.ok();
}

fn judge_manifest(manifest: &WorkerManifest, release: Release, verdict: &mut Verdict) {
    verdict.dag_ids = manifest.dag_ids();
    verdict.extend(manifest.check_dags().err());
    verdict.extend(manifest.check_schema_version(release).err());
}

/// Why a file could not be opened as a bundle.
fn unreadable(error: &ReadError) -> Finding {
    let code = match error {
        ReadError::Trailer(TrailerError::NoMagic) => return not_a_bundle(),
        ReadError::Trailer(TrailerError::UnknownVersion(_)) => Code::FooterVersion,
        ReadError::Trailer(TrailerError::ReservedNotZero) => Code::FooterReserved,
        ReadError::Trailer(TrailerError::RegionsTooLong) => Code::FooterLengths,
        ReadError::Trailer(TrailerError::NoExecutable) => Code::NoExecutable,
        ReadError::Io(_)
        | ReadError::NotAFile
        | ReadError::ManifestTooLong(_)
        | ReadError::Truncated => Code::Unreadable,
    };
    Finding::new(code, error.to_string())
}

fn not_a_bundle() -> Finding {
    Finding::new(
        Code::NotABundle,
        format!(
            "it does not end in the bundle magic `{}`; if it was a bundle, a copy was cut short or a tool changed it: copy or \
             pack it again",
            MAGIC.escape_ascii()
        ),
    )
}

/// Explains a missing magic: a footer elsewhere, or a link section without a footer.
fn no_magic(file: &File) -> Option<Finding> {
    let size = file.metadata().ok()?.len();
    if let Ok(Some(footer)) = find_displaced_trailer(file, 0, size) {
        return Some(Finding::new(
            Code::FooterMoved,
            format!(
                "{} bytes stand behind the bundle's footer: the file was changed after packing (by \
                 patchelf, a signing tool or an append); do that before packing, and pack it again",
                footer.trailing
            ),
        ));
    }
    link_record(file, 0, size).ok().flatten().map(|_| {
        Finding::new(
            Code::FooterMissing,
            "it is a Rust executable for Airflow without a footer: it was never packed, or `strip` \
             or `objcopy` removed the footer, or a copy was cut short; strip before packing (`strip = true` in \
             [profile.release]), then run `cargo airflow-bundle`, or copy it again",
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;
    use crate::bundle::trailer::Trailer;
    use crate::executable::GlibcVersion;
    use crate::worker::glibc;

    /// A bundle of an executable that is none, with this manifest.
    fn bundle(manifest: &str) -> Vec<u8> {
        let executable = b"no executable";
        let trailer = Trailer {
            source_len: 0,
            metadata_len: u32::try_from(manifest.len()).unwrap(),
            binary_sha256: Sha256Digest::of(executable).0,
        };
        [&executable[..], manifest.as_bytes(), &trailer.encode()].concat()
    }

    const GOOD: &str = "dags: {a: {tasks: []}}\nsdk: {supervisor_schema_version: '2026-06-16'}\n";

    fn codes(findings: &[Finding]) -> Vec<Code> {
        findings.iter().map(|finding| finding.code).collect()
    }

    /// Opens a file with these bytes and takes its name away, so that nothing can open it again.
    #[cfg(unix)]
    fn opened(bytes: &[u8]) -> Candidate {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Candidate::open(file.path())
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_opened_once() {
        let release = Release::AIRFLOW_3_3;
        let judge =
            |candidate: &Candidate| candidate.judge(candidate.examine(), MayExecute::Yes, release);
        let good = opened(&bundle(GOOD));
        let verdict = judge(&good);
        assert_eq!((verdict.usable, verdict.dag_ids.len()), (true, 1));
        assert!(good.claims() && good.file_id().is_some());
        let limit = GlibcVersion {
            major: 2,
            minor: 17,
            patch: 0,
        };
        let glibc = glibc::problem(&good, &verdict, limit);
        assert_eq!(glibc.map(|problem| problem.code), Some(Code::Glibc));

        let moved = opened(&[&bundle(GOOD), &b"behind"[..]].concat());
        let remark = moved.remark(MayExecute::Yes, release);
        assert_eq!(remark.map(|remark| remark.code), Some(Code::FooterMoved));
        assert_eq!(codes(&judge(&moved).problems), [Code::FooterMoved]);
        assert_eq!(moved.remark(MayExecute::No, release), None);
    }

    #[test]
    fn a_release_says_whether_the_execute_bit_is_needed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let judged = |manifest: &str, release| {
            std::fs::write(file.path(), bundle(manifest)).unwrap();
            judge(file.path(), MayExecute::No, release)
        };
        let verdict = judged(GOOD, Release::AIRFLOW_3_3);
        assert_eq!(codes(&verdict.problems), [Code::NotExecutable]);
        let verdict = judged(GOOD, Release::AIRFLOW_3_4);
        assert!(verdict.usable, "{:?}", verdict.problems);
        let raising = "dags: 2026-13-45";
        assert!(!judged(raising, Release::AIRFLOW_3_3).raises);
        assert!(judged(raising, Release::AIRFLOW_3_4).raises);
    }

    #[test]
    fn findings_stand_in_the_list_of_their_severity() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bundle("dags: {a b: {}}")).unwrap();
        let verdict = judge(file.path(), MayExecute::Yes, Release::AIRFLOW_3_3);
        assert_eq!(codes(&verdict.problems), [Code::SchemaVersion]);
        let warnings = codes(&verdict.warnings);
        assert!(warnings.contains(&Code::RefusedId), "{warnings:?}");
        assert!(warnings.contains(&Code::Executable), "{warnings:?}");
    }
}
