//! `verify`: judges files and folders as the workers of the releases do, and reports why.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use airflow_protocol::Release;

use super::ignore_lines::Listed;
use super::verdict_report::report;
use crate::cli::{ReportFormat, VerifyArgs};
use crate::exit::{self, Failure};
use crate::interrupt::AtOnce;
use crate::parallel::{Turn, in_order};
use crate::platform::FileId;
use crate::shell::Shell;
use crate::text::{absolute, one_line};
use crate::worker::survey::Survey;
use crate::worker::verdict::Candidate;
use crate::worker::walk::{Found, walk};
use crate::worker::{Finding, Verdicts, glibc};

/// Manifests of more bytes are read one at a time: a read manifest takes many times its length in memory.
const LARGE_MANIFEST: u64 = 64 << 10;

/// The verdict on a manifest of more bytes is reported before the thread judges another file: it holds all dag ids, and many
/// such verdicts would fill the memory.
const HEAVY_MANIFEST: u64 = 4 << 10;

/// To judge a file of more bytes takes longer than to report on all files that the thread has judged before.
const LARGE_FILE: u64 = 1 << 20;

/// Judges what is named, and returns the exit code.
pub fn run(args: &VerifyArgs, shell: &mut Shell) -> anyhow::Result<u8> {
    // A signal may end the process at once, because `verify` writes no files.
    let _reading = AtOnce::new();
    if args.airflowignore && !matches!(args.paths.as_slice(), [folder] if folder.is_dir()) {
        let what = "`--airflowignore` takes one folder: the lines are for a file in it";
        return Err(Failure::usage(what).into());
    }
    let releases = args.airflow.releases();
    let mut survey = Survey::new(releases);
    let mut listed = Listed::new(&args.paths);
    for path in &args.paths {
        let error = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() || metadata.is_file() => continue,
            Ok(_) => "it is neither a file nor a folder".to_owned(),
            Err(error) => error.to_string(),
        };
        let verdicts = Verdicts::unreadable(path, format!("cannot look at it: {error}"), releases);
        if !args.airflowignore {
            shell.result(&report(&verdicts, args.message_format)?)?;
        }
        survey.add(verdicts, None);
    }
    let passed_over = judge_all(args, releases, |some| {
        let mut lines = String::new();
        for outcome in some {
            let (mut verdicts, id) = match outcome {
                Outcome::Judged(verdicts, id) => (verdicts, id),
                Outcome::PassedOver(path, finding) => {
                    survey.add_warning();
                    let path = absolute(&path);
                    let message = one_line(&finding.message);
                    shell.warn(format!(
                        "`{path}` is passed over: [{}] {message}",
                        finding.code
                    ));
                    continue;
                }
            };
            listed.add(&mut verdicts);
            if !args.airflowignore {
                lines += &report(&verdicts, args.message_format)?;
                lines.push('\n');
            }
            survey.add(*verdicts, id);
        }
        Ok(shell.result_bytes(lines.as_bytes())?)
    })?;
    for warning in listed.warnings() {
        survey.add_warning();
        shell.warn(warning);
    }
    if args.airflowignore {
        for line in listed.lines() {
            shell.result(&line)?;
        }
        return Ok(exit::OK);
    }
    let mut complaints = survey.complaints();
    if survey.judged() == 0 {
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
    if args.deny_warnings && survey.warnings() > 0 {
        let warnings = counted(survey.warnings(), "warning");
        complaints.push(format!("{warnings}, denied by `--deny-warnings`"));
    }
    for complaint in &complaints {
        shell.error(&anyhow::anyhow!("{complaint}"));
    }
    if args.message_format == ReportFormat::Human {
        listed.note(shell);
    }
    // Each named file has a line of its own; only the files of a folder may have none.
    if args.paths.iter().any(|path| path.is_dir()) {
        let judged = counted(survey.judged(), "file");
        let others = match passed_over {
            0 => "passed over none".to_owned(),
            1 => "passed over 1, which is no bundle".to_owned(),
            _ => format!("passed over {passed_over}, which are no bundles"),
        };
        shell.status("Judged", format!("{judged}; {others}"));
    }
    let good = complaints.is_empty() && !survey.has_problems();
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

/// Judges all files of the walk that were named or end in the magic, and gives the outcomes to `take`, in the order of the
/// walk. Returns how many files it has passed over.
fn judge_all(
    args: &VerifyArgs,
    releases: &[Release],
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
        // A file that was named may lie in a folder that was named too; it is judged once.
        let new = !is_named || met.insert(std::path::absolute(&found.path).ok());
        new.then_some((found, is_named))
    });
    let passed_over = AtomicUsize::new(0);
    let judge_one = |(found, is_named): (Found, bool), turn: &Turn<'_>| {
        let candidate = Candidate::open(&found.path);
        if !is_named && !candidate.claims() {
            passed_over.fetch_add(1, Ordering::Relaxed);
            let finding = candidate.remark(|| found.may_execute(), releases)?;
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
        let mut verdicts = candidate.judge(examined, found.may_execute(), releases);
        if length > HEAVY_MANIFEST && !turn.wait() {
            return None;
        }
        if let Some(limit) = args.glibc
            && let Some(problem) = glibc::problem(&candidate, &verdicts, limit)
        {
            verdicts.add(&problem);
        }
        Some(Outcome::Judged(Box::new(verdicts), candidate.file_id()))
    };
    in_order(files, judge_one, take)?;
    Ok(passed_over.into_inner())
}

/// What is reported of a file of the walk.
enum Outcome {
    /// The verdicts, and which file it is, if that is known.
    Judged(Box<Verdicts>, Option<FileId>),
    /// The file is no bundle, and the finding tells that it was one or should be one.
    PassedOver(PathBuf, Finding),
}
