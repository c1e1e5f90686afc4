//! `verify`: what a worker would do with files and folders, and why.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::executable_json::ExecutableJson;
use crate::cli::{ReportFormat, VerifyArgs};
use crate::exit;
use crate::interrupt::AtOnce;
use crate::parallel::{Turn, in_order};
use crate::platform::FileId;
use crate::shell::Shell;
use crate::text::{json as json_line, one_line};
use crate::worker::Finding;
use crate::worker::glibc;
use crate::worker::verdict::{Candidate, Verdict};
use crate::worker::walk::{Found, walk};

/// Manifests of more bytes are read one at a time: what is made of one takes many times its length in memory.
const LARGE_MANIFEST: u64 = 64 << 10;

/// Verdicts on manifests of more bytes do not wait for others: they hold all dag ids.
const HEAVY_MANIFEST: u64 = 4 << 10;

/// Files of more bytes take longer to judge than it takes to hand over the other files.
const LARGE_FILE: u64 = 1 << 20;

/// At most so many files that serve one dag are listed; the rest is counted.
const LISTED_FILES: usize = 10;

/// Judges what is named, and returns the exit code.
pub fn run(args: &VerifyArgs, shell: &mut Shell) -> anyhow::Result<u8> {
    // Nothing is written, so nothing has to be cleaned up.
    let _reading = AtOnce::new();
    let mut survey = Survey::default();
    for path in &args.paths {
        let error = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() || metadata.is_file() => continue,
            Ok(_) => "it is neither a file nor a folder".to_owned(),
            Err(error) => error.to_string(),
        };
        let verdict = Verdict::unreadable(path, format!("cannot look at it: {error}"));
        shell.result(&report(&verdict, args.message_format)?)?;
        survey.unusable = true;
        survey.judged += 1;
    }
    let passed_over = judge_all(args, |some| {
        let mut lines = String::new();
        for outcome in some {
            let judged = match outcome {
                Outcome::Judged(judged) => judged,
                Outcome::PassedOver(path, finding) => {
                    survey.warnings += 1;
                    let path = absolute(&path);
                    let message = one_line(&finding.message);
                    shell.warn(format!(
                        "`{path}` is passed over: [{}] {message}",
                        finding.code
                    ));
                    continue;
                }
            };
            lines += &report(&judged.verdict, args.message_format)?;
            lines.push('\n');
            survey.too_new |= judged.too_new;
            survey.add(*judged);
        }
        Ok(shell.result_bytes(lines.as_bytes())?)
    })?;
    let mut complaints = survey.complaints();
    if survey.usable == 0 && !survey.unusable {
        let paths: Vec<_> = args
            .paths
            .iter()
            .map(|path| format!("`{}`", absolute(path)))
            .collect();
        complaints.insert(0, format!("no bundle found in {}", paths.join(", ")));
    }
    for id in &args.dag_id {
        match survey.answer(id) {
            Ok(answer) if args.message_format == ReportFormat::Human => shell.result(&answer)?,
            Ok(answer) => shell.note(answer),
            Err(complaint) => complaints.push(complaint),
        }
    }
    if args.deny_warnings && survey.warnings > 0 {
        let warnings = counted(survey.warnings, "warning");
        complaints.push(format!("{warnings}, denied by `--deny-warnings`"));
    }
    for complaint in &complaints {
        shell.error(&anyhow::anyhow!("{complaint}"));
    }
    // What was named has its line; only a folder has files that have none.
    if args.paths.iter().any(|path| path.is_dir()) {
        let judged = counted(survey.judged, "file");
        let others = match passed_over {
            0 => "passed over none".to_owned(),
            1 => "passed over 1, which is no bundle".to_owned(),
            _ => format!("passed over {passed_over}, which are no bundles"),
        };
        shell.status("Judged", format!("{judged}; {others}"));
    }
    let good = complaints.is_empty() && !survey.unusable && !survey.too_new;
    Ok(if good { exit::OK } else { exit::PROBLEMS })
}

/// `1 file`, `2 files`, `no files`.
fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Judges all files of the walk that were named or claim to be bundles, and passes on the verdicts, in the order of the walk.
/// Returns how many files it has passed over.
fn judge_all(
    args: &VerifyArgs,
    take: impl FnMut(Vec<Outcome>) -> anyhow::Result<()> + Send,
) -> anyhow::Result<usize> {
    let mut named = HashSet::new();
    for path in args.paths.iter().filter(|path| !path.is_dir()) {
        named.insert(std::path::absolute(path)?);
    }
    let mut met = HashSet::new();
    let files = walk(args.paths.iter().cloned()).filter_map(|found| {
        let is_named = !named.is_empty()
            && std::path::absolute(&found.path).is_ok_and(|path| named.contains(&path));
        // A file may be named and lie in a folder that is named too.
        let new = !is_named || met.insert(std::path::absolute(&found.path).ok());
        new.then_some((found, is_named))
    });
    let passed_over = AtomicUsize::new(0);
    let judge_one = |(found, is_named): (Found, bool), turn: &Turn<'_>| {
        let candidate = Candidate::open(&found);
        if !is_named && !candidate.claims() {
            passed_over.fetch_add(1, Ordering::Relaxed);
            let finding = candidate.remark(found.is_executable())?;
            return Some(Outcome::PassedOver(found.path, finding));
        }
        if candidate.size() > LARGE_FILE {
            turn.takes_long();
        }
        let examined = candidate.examine();
        let length = candidate.manifest_len();
        if length > LARGE_MANIFEST && !turn.wait() {
            return None;
        }
        let mut verdict = candidate.judge(examined, found.is_executable());
        if length > HEAVY_MANIFEST && !turn.wait() {
            return None;
        }
        let problem = args.glibc.and_then(|limit| glibc::problem(&verdict, limit));
        let too_new = problem.is_some();
        verdict.problems.extend(problem);
        Some(Outcome::Judged(Box::new(Judged {
            verdict,
            id: candidate.file_id(),
            too_new,
        })))
    };
    in_order(files, judge_one, take)?;
    Ok(passed_over.into_inner())
}

/// What came of a file of the walk.
enum Outcome {
    Judged(Box<Judged>),
    /// It does not claim to be a bundle, and seems to be what became of one.
    PassedOver(PathBuf, Finding),
}

/// A file that was judged.
struct Judged {
    verdict: Verdict,
    id: Option<FileId>,
    /// Whether it needs a newer glibc than there is.
    too_new: bool,
}

/// What was seen on the walk, in the worker's order.
#[derive(Default)]
struct Survey {
    unusable: bool,
    /// Whether a bundle needs a newer glibc than there is; the worker's reader does not mind.
    too_new: bool,
    usable: usize,
    /// How many files have a verdict.
    judged: usize,
    /// How many warnings there are, of bundles and of files that were passed over.
    warnings: usize,
    /// The usable files, in the order of the walk. One that is met twice, through a link, is no conflict with itself.
    files: Vec<PathBuf>,
    /// Where each of them stands in `files`.
    places: HashMap<FileId, usize>,
    serving: BTreeMap<String, Serving>,
    /// The first file that ends the worker's search.
    raising: Option<PathBuf>,
}

/// Who serves a dag.
struct Serving {
    /// The files, by their places in the survey.
    files: Vec<usize>,
    /// A file before the first of them that ends the worker's search.
    raising: Option<PathBuf>,
}

impl Survey {
    fn add(&mut self, judged: Judged) {
        let Judged { verdict, id, .. } = judged;
        self.judged += 1;
        self.warnings += verdict.warnings.len();
        if !verdict.usable {
            self.unusable = true;
            if verdict.raises && self.raising.is_none() {
                self.raising = Some(verdict.path);
            }
            return;
        }
        self.usable += 1;
        let new = self.files.len();
        let place = id.map_or(new, |id| *self.places.entry(id).or_insert(new));
        if place != new {
            return;
        }
        self.files.push(verdict.path);
        for id in verdict.dag_ids {
            let serving = self.serving.entry(id).or_insert_with(|| Serving {
                files: Vec::new(),
                raising: self.raising.clone(),
            });
            // Two ids that are no text may look the same.
            if serving.files.last() != Some(&place) {
                serving.files.push(place);
            }
        }
    }

    /// The path of a file, for messages.
    fn file(&self, place: usize) -> String {
        self.files
            .get(place)
            .map_or_else(String::new, |path| absolute(path))
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (id, Serving { files, .. }) in &self.serving {
            if files.len() < 2 {
                continue;
            }
            let mut listed: Vec<_> = files
                .iter()
                .take(LISTED_FILES)
                .map(|&place| format!("`{}`", self.file(place)))
                .collect();
            if let Some(more @ 1..) = files.len().checked_sub(LISTED_FILES) {
                listed.push(format!("{more} more"));
            }
            complaints.push(format!(
                "the dag `{}` is served by {} bundles, and the worker picks one by chance (the order \
                 of the file system): {}; keep one of them under the worker's `executables_root`",
                one_line(id),
                files.len(),
                listed.join(", ")
            ));
        }
        complaints
    }

    /// Names the file that serves a dag, or says why there is none.
    fn answer(&self, id: &str) -> Result<String, String> {
        let shown = one_line(id);
        let serving = self.serving.get(id);
        let Some((serving, &file)) =
            serving.and_then(|serving| Some((serving, serving.files.first()?)))
        else {
            let served: Vec<_> = self
                .serving
                .keys()
                .map(|id| format!("`{}`", one_line(id)))
                .collect();
            let served = if served.is_empty() {
                "none".to_owned()
            } else {
                served.join(", ")
            };
            return Err(format!(
                "no usable bundle serves the dag `{shown}`; dags served: {served}"
            ));
        };
        if let Some(raising) = &serving.raising {
            return Err(format!(
                "the worker's search for the dag `{shown}` fails at `{}`, whose manifest it cannot \
                 pass over",
                raising.display()
            ));
        }
        let file = self.file(file);
        let chance = if serving.files.len() > 1 {
            " (by chance; here, today)"
        } else {
            ""
        };
        Ok(format!("the dag `{shown}` is served by `{file}`{chance}"))
    }
}

/// The absolute path, on one line.
fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    one_line(&path.display().to_string()).into_owned()
}

/// What is said of one file.
fn report(verdict: &Verdict, format: ReportFormat) -> anyhow::Result<String> {
    let path = std::path::absolute(&verdict.path)?;
    if format == ReportFormat::Json {
        let line = Line {
            dag_ids: &verdict.dag_ids,
            executable: verdict.executable.as_ref().map(ExecutableJson::from),
            path: path.to_string_lossy(),
            problems: &verdict.problems,
            reason: "airflow-bundle-verify",
            usable: verdict.usable,
            warnings: &verdict.warnings,
        };
        return Ok(json_line(&line)?);
    }
    Ok(human(verdict, &path))
}

/// A line of the report for programs.
#[derive(serde::Serialize)]
struct Line<'a> {
    dag_ids: &'a [String],
    executable: Option<ExecutableJson<'a>>,
    path: Cow<'a, str>,
    problems: &'a [Finding],
    reason: &'a str,
    usable: bool,
    warnings: &'a [Finding],
}

fn human(verdict: &Verdict, path: &Path) -> String {
    let word = if verdict.usable { "usable" } else { "unusable" };
    let path = path.display().to_string();
    let mut lines = vec![format!("{word}: {}", one_line(&path))];
    if !verdict.dag_ids.is_empty() {
        let ids: Vec<_> = verdict.dag_ids.iter().map(|id| one_line(id)).collect();
        lines.push(format!("  dags: {}", ids.join(", ")));
    }
    if let Some(executable) = &verdict.executable {
        lines.push(format!("  {}", one_line(&executable.to_string())));
    }
    for (label, findings) in [
        ("problem", &verdict.problems),
        ("warning", &verdict.warnings),
    ] {
        let line = |one: &Finding| format!("  {label}[{}]: {}", one.code, one_line(&one.message));
        lines.extend(findings.iter().map(line));
    }
    lines.join("\n")
}
