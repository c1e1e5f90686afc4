//! `verify`: what a worker would do with files and folders, and why.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::in_order::{Turn, in_order};
use crate::cli::{ReportFormat, VerifyArgs};
use crate::exit;
use crate::interrupt::AtOnce;
use crate::platform::{self, FileId};
use crate::shell::Shell;
use crate::text::one_line;
use crate::worker::Finding;
use crate::worker::glibc;
use crate::worker::verdict::{Candidate, Verdict};
use crate::worker::walk::{Found, walk};

/// Manifests of more bytes are read one at a time: what is made of one takes many times its length in memory.
const LARGE_MANIFEST: u64 = 64 << 10;

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
        print(&verdict, args.message_format, shell)?;
        survey.unusable = true;
    }
    judge_all(args, |verdict, found, too_new| {
        print(&verdict, args.message_format, shell)?;
        survey.too_new |= too_new;
        survey.add(&verdict, &found);
        Ok(())
    })?;
    let mut complaints = survey.complaints();
    for id in &args.dag_id {
        match survey.answer(id) {
            Ok(answer) if args.message_format == ReportFormat::Human => shell.result(&answer)?,
            Ok(answer) => shell.note(answer),
            Err(complaint) => complaints.push(complaint),
        }
    }
    for complaint in &complaints {
        shell.error(&anyhow::anyhow!("{complaint}"));
    }
    let good = complaints.is_empty() && !survey.unusable && !survey.too_new;
    Ok(if good { exit::OK } else { exit::PROBLEMS })
}

/// Judges all files of the walk that were named or claim to be bundles, and passes on the verdicts, in the order of the walk.
fn judge_all(
    args: &VerifyArgs,
    mut take: impl FnMut(Verdict, Found, bool) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
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
    let judge_one = |(found, is_named): (Found, bool), turn: &Turn<'_>| {
        let candidate = Candidate::open(&found);
        if !is_named && !candidate.claims() {
            return None;
        }
        if candidate.manifest_len() > LARGE_MANIFEST {
            turn.wait();
        }
        let mut verdict = candidate.judge(found.is_executable());
        let problem = args.glibc.and_then(|limit| glibc::problem(&verdict, limit));
        let too_new = problem.is_some();
        verdict.problems.extend(problem);
        Some((verdict, found, too_new))
    };
    in_order(files, judge_one, |(verdict, found, too_new)| {
        take(verdict, found, too_new)
    })
}

/// What was seen on the walk, in the worker's order.
#[derive(Default)]
struct Survey {
    unusable: bool,
    /// Whether a bundle needs a newer glibc than there is; the worker's reader does not mind.
    too_new: bool,
    usable: usize,
    /// The usable files, in the order of the walk. One that is met twice, through a link, is no conflict with itself.
    files: Vec<PathBuf>,
    /// Where each of them stands in `files`.
    places: HashMap<FileId, usize>,
    /// The files that serve each dag, by their places.
    serving: BTreeMap<String, Vec<usize>>,
    /// For each dag, whether a file before the first that serves it ends the worker's search.
    order: HashMap<String, Option<PathBuf>>,
    raising: Option<PathBuf>,
}

impl Survey {
    fn add(&mut self, verdict: &Verdict, found: &Found) {
        if !verdict.usable {
            self.unusable = true;
            if verdict.raises && self.raising.is_none() {
                self.raising = Some(found.path.clone());
            }
            return;
        }
        self.usable += 1;
        let place = self.place(&found.path);
        for id in &verdict.dag_ids {
            let serving = self.serving.entry(id.clone()).or_default();
            if !serving.contains(&place) {
                serving.push(place);
            }
            self.order
                .entry(id.clone())
                .or_insert_with(|| self.raising.clone());
        }
    }

    /// Where this file stands in `files`.
    fn place(&mut self, path: &Path) -> usize {
        let new = self.files.len();
        let metadata = std::fs::metadata(path);
        let place = match metadata.and_then(|metadata| platform::file_id(path, &metadata)) {
            Ok(id) => *self.places.entry(id).or_insert(new),
            Err(_) => new,
        };
        if place == new {
            self.files.push(path.to_owned());
        }
        place
    }

    /// The path of a file, for messages.
    fn file(&self, place: usize) -> String {
        self.files
            .get(place)
            .map_or_else(String::new, |path| absolute(path))
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.usable == 0 && !self.unusable {
            complaints.push("no bundle found".to_owned());
        }
        for (id, files) in self.serving.iter().filter(|(_, files)| files.len() > 1) {
            let files: Vec<_> = files
                .iter()
                .map(|&place| format!("`{}`", self.file(place)))
                .collect();
            complaints.push(format!(
                "the dag `{}` is served by {} bundles, and the worker picks one by chance (the order \
                 of the file system): {}; keep one of them under the worker's `executables_root`",
                one_line(id),
                files.len(),
                files.join(", ")
            ));
        }
        complaints
    }

    /// Names the file that serves a dag, or says why there is none.
    fn answer(&self, id: &str) -> Result<String, String> {
        let shown = one_line(id);
        let files = self.serving.get(id).map_or(&[][..], Vec::as_slice);
        let Some(&file) = files.first() else {
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
        if let Some(Some(raising)) = self.order.get(id) {
            return Err(format!(
                "the worker's search for the dag `{shown}` fails at `{}`, whose manifest it cannot \
                 pass over",
                raising.display()
            ));
        }
        let file = self.file(file);
        let chance = if files.len() > 1 {
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

fn print(verdict: &Verdict, format: ReportFormat, shell: &mut Shell) -> anyhow::Result<()> {
    let path = std::path::absolute(&verdict.path)?;
    if format == ReportFormat::Json {
        let line = json!({
            "reason": "airflow-bundle-verify",
            "path": path.to_string_lossy(),
            "usable": verdict.usable,
            "dag_ids": verdict.dag_ids,
            "executable": verdict.executable.as_ref().map(super::executable_json),
            "problems": findings(&verdict.problems),
            "warnings": findings(&verdict.warnings),
        });
        return Ok(shell.json(&line)?);
    }
    shell.result(&human(verdict, &path))?;
    Ok(())
}

fn findings(findings: &[Finding]) -> Vec<serde_json::Value> {
    let json = |one: &Finding| json!({ "code": one.code, "message": one.message });
    findings.iter().map(json).collect()
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
