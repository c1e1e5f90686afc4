//! Whether workers of the releases can use one file, and why not.
//!
//! A `Candidate` opens its file once. Every later step reads that open file, so that all that a verdict says is about one
//! file, also where another one takes the path meanwhile.

use std::fs::File;
use std::path::{Path, PathBuf};

use airflow_protocol::Release;

use super::manifest;
use super::parsing::Parsing;
use super::verdicts::Verdicts;
use super::walk::MayExecute;
use super::warnings;
use super::{Code, Finding};
use crate::bundle::digest::Sha256Digest;
use crate::bundle::displaced::find_displaced_trailer;
use crate::bundle::packable::examine;
use crate::bundle::reader::{Bundle, ReadError};
use crate::bundle::trailer::{MAGIC, TRAILER_LEN, TrailerError};
use crate::executable::{Executable, Refusal, begins_as_executable, link_record};
use crate::platform::{self, FileId};

/// What a worker of one release makes of a file.
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
    /// What the Dag processor does with the file; `None` if it does not list it.
    pub parsing: Option<Parsing>,
    /// Why it is not usable, and why its executable cannot be started.
    pub problems: Vec<Finding>,
    /// What does not keep the worker from using it.
    pub warnings: Vec<Finding>,
}

/// Judges the file at `path` as a worker of `release` does. `may_execute` says whether the user of that worker may execute it.
pub fn judge(path: &Path, may_execute: MayExecute, release: Release) -> Verdict {
    let Verdicts {
        path,
        dag_ids,
        executable,
        by_release,
        ..
    } = judge_for(path, may_execute, &[release]);
    let mut verdict = Verdict {
        path,
        usable: false,
        raises: false,
        dag_ids,
        executable,
        parsing: None,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    for one in by_release {
        verdict.usable = one.usable;
        verdict.raises = one.raises;
        verdict.parsing = one.parsing;
        verdict.problems = one.problems;
        verdict.warnings = one.warnings;
    }
    verdict
}

/// Judges the file at `path` as workers of all these releases do. The file is opened, read and hashed once.
///
/// ```no_run
/// use cargo_airflow_bundle::worker::Release;
/// use cargo_airflow_bundle::worker::verdict::judge_for;
/// use cargo_airflow_bundle::worker::walk::MayExecute;
///
/// let path = "target/release/airflow-bundle/etl".as_ref();
/// let verdicts = judge_for(path, MayExecute::Yes, &Release::ALL);
/// for one in &verdicts.by_release {
///     println!("{}: {}", one.release, one.usable);
/// }
/// assert!(verdicts.usable());
/// ```
pub fn judge_for(path: &Path, may_execute: MayExecute, releases: &[Release]) -> Verdicts {
    // To open a device may do something, so the kind of file is asked first.
    let candidate = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Candidate::open(path),
        Ok(_) => Candidate::unreadable(path, ReadError::NotAFile),
        Err(error) => Candidate::unreadable(path, error.into()),
    };
    candidate.judge(candidate.examine(), may_execute, releases)
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

/// What the end of a file without a trailer shows.
#[derive(Debug)]
struct Seen {
    /// Whether it ends in the magic, and is too short for a trailer.
    ends_in_magic: bool,
    /// Whether a closer look may tell that it was a bundle, or should be one: see [`may_have_been`].
    may_have_been: bool,
}

/// What an opened file is.
#[derive(Debug)]
enum Contents {
    /// It ends in a trailer that can be used.
    Bundle(Box<Bundle>),
    /// It does not end in a trailer.
    NoTrailer { file: File, seen: Seen },
    /// It cannot be read, or its trailer is broken.
    Unreadable(ReadError),
}

impl Candidate {
    /// Opens a regular file, and reads its trailer.
    pub(crate) fn open(path: &Path) -> Self {
        let look = |file: &File, size, tail: &[u8]| Seen {
            ends_in_magic: tail.ends_with(&MAGIC),
            may_have_been: may_have_been(file, size, tail),
        };
        let contents = match Bundle::open_regular(path, look) {
            Ok(Ok(bundle)) => Contents::Bundle(Box::new(bundle)),
            Ok(Err((file, seen))) => Contents::NoTrailer { file, seen },
            Err(error) => Contents::Unreadable(error),
        };
        Self {
            path: path.to_owned(),
            contents,
        }
    }

    /// A bundle that is open already.
    pub(crate) fn of(path: &Path, bundle: Bundle) -> Self {
        Self {
            path: path.to_owned(),
            contents: Contents::Bundle(Box::new(bundle)),
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
            Contents::NoTrailer { .. } | Contents::Unreadable(_) => None,
        }
    }

    /// Explains a file that does not claim to be a bundle, if it seems to have been one or was to become one. `None` for
    /// nearly all files in a folder, and for those at which no worker of these releases looks.
    pub(crate) fn remark(
        &self,
        may_execute: impl FnOnce() -> MayExecute,
        releases: &[Release],
    ) -> Option<Finding> {
        match &self.contents {
            Contents::NoTrailer { file, seen } if seen.may_have_been => {
                let may_execute = may_execute();
                let looked_at = releases
                    .iter()
                    .any(|&release| is_looked_at(may_execute, release));
                looked_at.then(|| no_trailer(file)).flatten()
            }
            _ => None,
        }
    }

    /// Whether the file ends in the magic. A folder's other files get no verdict.
    pub(crate) fn claims(&self) -> bool {
        match &self.contents {
            Contents::Bundle(_) => true,
            Contents::NoTrailer { seen, .. } => seen.ends_in_magic,
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

    /// See [`judge_for`]. `examined` is what [`Self::examine`] has returned.
    pub(crate) fn judge(
        &self,
        examined: Option<Examined>,
        may_execute: MayExecute,
        releases: &[Release],
    ) -> Verdicts {
        let mut verdicts = Verdicts::new(&self.path, releases);
        for one in &mut verdicts.by_release {
            if self.bundle().is_some() {
                one.extend(not_executable(may_execute, one.release));
            }
        }
        match &self.contents {
            Contents::Bundle(bundle) => {
                let examined = examined.unwrap_or_else(|| Examined::new(bundle));
                judge_bundle(bundle, examined, &mut verdicts);
            }
            Contents::NoTrailer { file, seen } => {
                verdicts.add(&no_trailer(file).unwrap_or_else(|| not_a_bundle(seen)));
            }
            Contents::Unreadable(error) => verdicts.add(&unreadable(error)),
        }
        for one in &mut verdicts.by_release {
            one.usable = one.problems.is_empty();
            // The worker fails on a manifest only if it has found nothing before that makes it pass over the file.
            let raises = |problem: &Finding| {
                // The worker finds out about the bit only once it has chosen the file.
                problem.code.raises() || problem.code == Code::NotExecutable
            };
            one.raises = is_looked_at(may_execute, one.release)
                && one.problems.iter().any(|problem| problem.code.raises())
                && one.problems.iter().all(raises);
            if one.release.parses_bundles && self.claims() {
                one.parsing = Some(Parsing::by_name(&self.path, one));
            }
        }
        verdicts.warn_of_names();
        verdicts
    }
}

/// Why a worker of this release does not start a file that its user may not execute.
fn not_executable(may_execute: MayExecute, release: Release) -> Option<Finding> {
    let message = match may_execute {
        MayExecute::Yes => return None,
        _ if release.needs_execute_bit => {
            "this user may not execute the file, so the worker does not look at it: `chmod 755` it"
        }
        MayExecute::OnceAllowed => return None,
        MayExecute::No => {
            "this user may not execute the file, and only its owner may change that: `chmod 755` it"
        }
    };
    Some(Finding::new(Code::NotExecutable, message))
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
    pub(crate) digest: Result<Sha256Digest, ReadError>,
    pub(crate) executable: Result<Executable, Refusal>,
}

impl Examined {
    pub(crate) fn new(bundle: &Bundle) -> Self {
        let region = bundle.executable();
        let size = region.size();
        Self {
            digest: bundle.compute_digest(),
            executable: examine(region, 0, size),
        }
    }
}

fn judge_bundle(bundle: &Bundle, examined: Examined, verdicts: &mut Verdicts) {
    let recorded = Sha256Digest(bundle.trailer().binary_sha256);
    match examined.digest {
        Ok(computed) if computed == recorded => {}
        Ok(computed) => verdicts.add(&Finding::new(
            Code::DigestMismatch,
            format!(
                "the executable was changed after packing (stripped, signed, or damaged on its way): \
                 its SHA-256 is {computed}, the trailer records {recorded}; copy or pack it again"
            ),
        )),
        Err(error) => verdicts.add(&Finding::new(Code::Unreadable, error.to_string())),
    }
    let bytes = match bundle.manifest() {
        Ok(bytes) => bytes,
        Err(error) => {
            let code = match error {
                ReadError::ManifestTooLong(_) => Code::ManifestTooLong,
                _ => Code::Unreadable,
            };
            verdicts.add(&Finding::new(code, error.to_string()));
            verdicts.executable = examined.executable.ok();
            return;
        }
    };
    match manifest::read(&bytes) {
        Ok(manifest) => {
            verdicts.dag_ids = manifest.dag_ids();
            verdicts.declares_dags = manifest.declares_dags();
            verdicts.serves_stubs_only = manifest.serves_stubs_only();
            if let Err(no_dags) = manifest.check_dags() {
                verdicts.add(&no_dags);
            }
            for one in &mut verdicts.by_release {
                let checked = manifest.check_schema_version(one.release);
                one.is_meant = checked.is_ok();
                one.extend(checked.err());
            }
            let region = examined.executable.as_ref();
            warnings::of_bundle(bundle, region, &bytes, &manifest, verdicts);
        }
        Err(fault) => {
            for one in &mut verdicts.by_release {
                let finding = fault.on(one.release);
                one.extend([finding]);
            }
        }
    }
    verdicts.executable = examined.executable.ok();
}

/// Why a file could not be opened as a bundle.
fn unreadable(error: &ReadError) -> Finding {
    let code = match error {
        ReadError::Trailer(TrailerError::NoMagic) => Code::NotABundle,
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

fn not_a_bundle(seen: &Seen) -> Finding {
    let what = if seen.ends_in_magic {
        format!("it is shorter than the {TRAILER_LEN} bytes of a bundle's trailer")
    } else {
        let magic = MAGIC.escape_ascii();
        format!("it does not end in the bundle magic `{magic}`")
    };
    Finding::new(
        Code::NotABundle,
        format!(
            "{what}; if it was a bundle, a copy was cut short or a tool changed it: copy or pack it again"
        ),
    )
}

/// Explains a missing trailer: a footer elsewhere, or a link section without a footer.
fn no_trailer(file: &File) -> Option<Finding> {
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
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a failed unwrap fails the test"
    )]

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
        let releases = &[release];
        let judge =
            |candidate: &Candidate| candidate.judge(candidate.examine(), MayExecute::Yes, releases);
        let good = opened(&bundle(GOOD));
        let verdict = judge(&good);
        assert_eq!((verdict.usable(), verdict.dag_ids.len()), (true, 1));
        assert!(good.claims() && good.file_id().is_some());
        let limit = GlibcVersion {
            major: 2,
            minor: 17,
            patch: 0,
        };
        let glibc = glibc::problem(&good, &verdict, limit);
        assert_eq!(glibc.map(|problem| problem.code), Some(Code::Glibc));

        let moved = opened(&[&bundle(GOOD), &b"behind"[..]].concat());
        let remark = |may_execute, releases| moved.remark(|| may_execute, releases);
        let said = remark(MayExecute::Yes, releases);
        assert_eq!(said.map(|remark| remark.code), Some(Code::FooterMoved));
        let problems = judge(&moved).by_release.remove(0).problems;
        assert_eq!(codes(&problems), [Code::FooterMoved]);
        assert_eq!(remark(MayExecute::No, releases), None);
        assert!(remark(MayExecute::No, &Release::ALL).is_some());
    }

    #[test]
    fn a_release_says_whether_the_execute_bit_is_needed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let judged = |manifest: &str, may_execute, release| {
            std::fs::write(file.path(), bundle(manifest)).unwrap();
            judge(file.path(), may_execute, release)
        };
        let verdict = judged(GOOD, MayExecute::OnceAllowed, Release::AIRFLOW_3_3);
        assert_eq!(codes(&verdict.problems), [Code::NotExecutable]);
        let verdict = judged(GOOD, MayExecute::OnceAllowed, Release::AIRFLOW_3_4);
        assert!(verdict.usable, "{:?}", verdict.problems);
        let verdict = judged(GOOD, MayExecute::No, Release::AIRFLOW_3_4);
        assert_eq!(codes(&verdict.problems), [Code::NotExecutable]);
        let raising = "dags: !!bool x";
        for may_execute in [MayExecute::OnceAllowed, MayExecute::No] {
            assert!(!judged(raising, may_execute, Release::AIRFLOW_3_3).raises);
            assert!(judged(raising, may_execute, Release::AIRFLOW_3_4).raises);
        }
    }

    #[test]
    fn one_open_gives_the_verdict_of_each_release() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let newer = GOOD.replace("2026-06-16", "2026-10-30");
        std::fs::write(file.path(), bundle(&newer)).unwrap();
        let verdicts = judge_for(file.path(), MayExecute::Yes, &Release::ALL);
        let [old, new] = verdicts.by_release.as_slice() else {
            panic!("two releases were asked for");
        };
        assert_eq!(codes(&old.problems), [Code::SchemaVersion]);
        assert!((new.usable, verdicts.usable()) == (true, true));
        let verdicts = judge_for(file.path(), MayExecute::Yes, &[Release::AIRFLOW_3_3]);
        assert!(!verdicts.usable());
        assert_eq!(verdicts.problems().len(), 1);
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
