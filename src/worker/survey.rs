//! The verdicts on all files of a walk, taken together: which file serves which dag, and what goes wrong between files.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use airflow_protocol::Release;

use super::verdict::Verdict;
use crate::platform::FileId;
use crate::text::{absolute, one_line};

/// At most so many files that serve one dag are listed; the rest is counted.
const LISTED_FILES: usize = 10;

/// What was found on a walk. Verdicts are added in the worker's order.
#[derive(Default)]
pub(crate) struct Survey {
    /// How many files have a verdict.
    judged: usize,
    /// Whether one of them has a problem.
    problems: bool,
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
    /// Adds the verdict on the next file. `id` is the file's identity, if it is known.
    pub(crate) fn add(&mut self, verdict: Verdict, id: Option<FileId>) {
        self.judged += 1;
        self.warnings += verdict.warnings.len();
        self.problems |= !verdict.problems.is_empty();
        if !verdict.usable {
            if verdict.raises && self.raising.is_none() {
                self.raising = Some(verdict.path);
            }
            return;
        }
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
            // Ids with lone surrogates are shown with a replacement character, so that two ids of one file can be equal here.
            if serving.files.last() != Some(&place) {
                serving.files.push(place);
            }
        }
    }

    /// Counts the warning of a file that is no bundle and has no verdict.
    pub(crate) fn add_warning(&mut self) {
        self.warnings += 1;
    }

    /// How many files have a verdict.
    pub(crate) fn judged(&self) -> usize {
        self.judged
    }

    /// How many warnings there are.
    pub(crate) fn warnings(&self) -> usize {
        self.warnings
    }

    /// Whether a file has a problem.
    pub(crate) fn has_problems(&self) -> bool {
        self.problems
    }

    /// The path of a file, for messages.
    fn file(&self, place: usize) -> String {
        self.files
            .get(place)
            .map_or_else(String::new, |path| absolute(path))
    }

    /// What goes wrong between files that are usable by themselves: a dag that several serve, for workers of this release.
    pub(crate) fn complaints(&self, release: Release) -> Vec<String> {
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
                 of the file system): {}; keep one of them under the worker's `{}`",
                one_line(id),
                files.len(),
                listed.join(", "),
                release.folder_setting
            ));
        }
        complaints
    }

    /// Names the file that serves a dag.
    ///
    /// # Errors
    /// Why none does.
    pub(crate) fn answer(&self, id: &str) -> Result<String, String> {
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
                one_line(&raising.display().to_string())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::verdict::judge;
    use crate::worker::walk::MayExecute;
    use airflow_protocol::Release;
    use std::path::Path;

    /// The verdict on a file that serves these dags, or that ends the search.
    fn verdict(path: &str, dag_ids: &[&str], raises: bool) -> Verdict {
        let missing = judge(
            Path::new("/missing/file"),
            MayExecute::Yes,
            Release::AIRFLOW_3_3,
        );
        Verdict {
            path: path.into(),
            usable: !raises,
            raises,
            dag_ids: dag_ids.iter().map(|&id| id.to_owned()).collect(),
            problems: if raises { missing.problems } else { Vec::new() },
            ..missing
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_dag_is_served_by_the_first_file_of_the_walk() {
        let mut survey = Survey::default();
        survey.add(verdict("/b", &["one", "two", "two"], false), Some((1, 1)));
        survey.add(verdict("/link to b", &["one", "two"], false), Some((1, 1)));
        survey.add(verdict("/a", &["two"], false), Some((1, 2)));
        assert_eq!(
            survey.answer("one"),
            Ok("the dag `one` is served by `/b`".to_owned())
        );
        assert_eq!(
            survey.answer("two"),
            Ok("the dag `two` is served by `/b` (by chance; here, today)".to_owned())
        );
        assert_eq!(
            survey.answer("three"),
            Err("no usable bundle serves the dag `three`; dags served: `one`, `two`".to_owned())
        );
        let complaints = survey.complaints(Release::AIRFLOW_3_3);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints.iter().all(|complaint| {
            complaint.starts_with("the dag `two` is served by 2 bundles")
                && complaint.contains("`/b`, `/a`;")
        }));
        assert_eq!((survey.judged(), survey.has_problems()), (3, false));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_ends_the_search_hides_what_comes_behind_it() {
        let mut survey = Survey::default();
        survey.add(verdict("/a", &["early"], false), None);
        survey.add(verdict("/raising", &[], true), None);
        survey.add(verdict("/b", &["early", "late"], false), None);
        assert!(survey.answer("early").is_ok());
        let late = survey.answer("late").err().unwrap_or_default();
        assert!(late.contains("fails at `/raising`"), "{late}");
        assert!(survey.has_problems());
    }
}
