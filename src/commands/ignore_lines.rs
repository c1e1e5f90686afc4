//! Bundles that the Dag processor need not start, and the lines of `.airflowignore` that keep it from them.

use std::path::{Path, PathBuf};

use airflow_protocol::Release;

use crate::pin::named;
use crate::shell::Shell;
use crate::text::{absolute, one_line};
use crate::worker::Verdicts;
use crate::worker::ignore::{FILE_NAME, Ignored, line_for};
use crate::worker::listing::met_twice;

/// What the Dag processor lists of the folders that `verify` was given.
pub(super) struct Listed<'a> {
    folders: Vec<(&'a Path, Ignored)>,
    /// Bundles that the Dag processor starts though they have handlers for tasks of Python Dags only: which folder each lies in,
    /// and where there.
    needless: Vec<(usize, PathBuf)>,
    /// Whether a bundle was met that the Dag processor lists.
    any: bool,
}

impl<'a> Listed<'a> {
    pub(super) fn new(paths: &'a [PathBuf]) -> Self {
        let folders = paths.iter().filter(|path| path.is_dir());
        Self {
            folders: folders
                .map(|path| (path.as_path(), Ignored::below(path)))
                .collect(),
            needless: Vec::new(),
            any: false,
        }
    }

    /// Completes the verdicts on the next file with what the ignore files of its folder say.
    pub(super) fn add(&mut self, verdicts: &mut Verdicts) {
        if !verdicts.is_listed() {
            return;
        }
        self.any = true;
        let folders = self.folders.iter_mut().enumerate();
        let mut around = folders.filter(|(_, (folder, _))| verdicts.path.starts_with(folder));
        let Some((index, (folder, ignored))) = around.next() else {
            return;
        };
        if ignored.holds(&verdicts.path) {
            verdicts.is_ignored();
        } else if verdicts.serves_stubs_only
            && verdicts.usable()
            && let Ok(path) = verdicts.path.strip_prefix(folder)
        {
            self.needless.push((index, path.to_owned()));
        }
    }

    /// The lines for the ignore file of each folder, sorted.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.needless.iter().map(|(_, path)| line_for(path));
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines
    }

    /// Why the Dag processor lists nothing of a folder, though there is something: a sentence for each folder.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        if !self.any {
            return Vec::new();
        }
        let folders = self.folders.iter_mut();
        let ended = folders.filter_map(|(folder, ignored)| {
            let folder = *folder;
            Some((folder, met_twice(folder, ignored)?))
        });
        let say = |(folder, link): (&Path, PathBuf)| {
            format!(
                "the Dag processor of {} lists no file of `{}`: `{}` leads to a folder that it meets twice, and its listing ends there; \
                 remove the link, or name it in `{FILE_NAME}`",
                parsing(),
                absolute(folder),
                absolute(&link)
            )
        };
        ended.map(say).collect()
    }

    /// Says that there are such bundles.
    pub(super) fn note(&self, shell: &mut Shell) {
        for (index, (folder, _)) in self.folders.iter().enumerate() {
            let count = self.needless.iter().filter(|(at, _)| *at == index).count();
            if count == 0 {
                continue;
            }
            let bundles = match count {
                1 => "1 bundle".to_owned(),
                _ => format!("{count} bundles"),
            };
            let folder = folder.display().to_string();
            let folder = one_line(&folder);
            shell.note(format!(
                "the Dag processor of {} starts {bundles} at every parse, which only {} tasks of Python Dags: \
                 `cargo airflow-bundle verify --airflowignore {}` prints the lines for `{FILE_NAME}` that keep it from that",
                parsing(),
                if count == 1 { "runs" } else { "run" },
                shlex::try_quote(&folder).unwrap_or_else(|_| folder[..].into()),
            ));
        }
    }
}

/// The releases whose Dag processor lists bundles.
fn parsing() -> String {
    let parsing = Release::ALL.into_iter().filter(|one| one.parses_bundles);
    named(&parsing.collect::<Vec<_>>())
}
