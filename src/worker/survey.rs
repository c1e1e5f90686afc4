//! The verdicts on all files of a walk, taken together: which file serves which dag, and what goes wrong between files.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use airflow_protocol::Release;

use super::verdicts::{ReleaseVerdict, Verdicts};
use crate::platform::FileId;
use crate::release::folder_settings;
use crate::text::{absolute, one_line};

/// At most so many files that serve one dag are listed; the rest is counted.
const LISTED_FILES: usize = 10;

/// What was found on a walk. Verdicts are added in the worker's order.
pub(crate) struct Survey {
    releases: Vec<Release>,
    /// How many files have a verdict.
    judged: usize,
    /// Whether one of them has a problem.
    problems: bool,
    /// How many warnings there are, of bundles and of files that were passed over.
    warnings: usize,
    /// The files that a release can use, in the order of the walk. One that is met twice, through a link, is no conflict with
    /// itself.
    files: Vec<PathBuf>,
    /// Where each of them stands in `files`.
    places: HashMap<FileId, usize>,
    /// Who serves each dag.
    serving: BTreeMap<String, Vec<Server>>,
    /// The first file that ends the worker's search, for each release.
    raising: Vec<Option<PathBuf>>,
}

/// A file that serves a dag.
#[derive(Clone, Copy)]
struct Server {
    /// Its place in the survey.
    file: usize,
    /// For which releases it does.
    on: Set,
    /// On which releases the worker's search ends before it meets this file.
    behind: Set,
}

/// A set of releases: a bit for each place in the survey's list.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Set(u32);

impl Set {
    fn of<'v, T: 'v>(all: impl IntoIterator<Item = &'v T>, is_in: impl Fn(&T) -> bool) -> Self {
        let bits = all.into_iter().enumerate();
        Self(bits.fold(0, |set, (index, one)| set | u32::from(is_in(one)) << index))
    }

    fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }
}

impl Survey {
    /// A survey for workers of these releases, at most 32.
    pub(crate) fn new(releases: &[Release]) -> Self {
        Self {
            releases: releases.to_vec(),
            judged: 0,
            problems: false,
            warnings: 0,
            files: Vec::new(),
            places: HashMap::new(),
            serving: BTreeMap::new(),
            raising: vec![None; releases.len()],
        }
    }

    /// Adds the verdicts on the next file. `id` is the file's identity, if it is known.
    pub(crate) fn add(&mut self, verdicts: Verdicts, id: Option<FileId>) {
        self.judged += 1;
        self.warnings += verdicts.warnings().len();
        self.problems |= !verdicts.problems().is_empty();
        let behind = Set::of(&self.raising, Option::is_some);
        for (raising, one) in self.raising.iter_mut().zip(&verdicts.by_release) {
            if one.raises && raising.is_none() {
                *raising = Some(verdicts.path.clone());
            }
        }
        let on = Set::of(&verdicts.by_release, |one: &ReleaseVerdict| one.usable);
        if on == Set::default() {
            return;
        }
        let new = self.files.len();
        let file = id.map_or(new, |id| *self.places.entry(id).or_insert(new));
        if file != new {
            return;
        }
        self.files.push(verdicts.path);
        for id in verdicts.dag_ids {
            let servers = self.serving.entry(id).or_default();
            // Ids with lone surrogates are shown with a replacement character, so that two ids of one file can be equal here.
            if servers.last().is_none_or(|last| last.file != file) {
                servers.push(Server { file, on, behind });
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

    /// What goes wrong between files that are usable by themselves: a dag that several serve. Where all releases take one from
    /// the same files, that is said once; else a complaint names its release.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (id, servers) in &self.serving {
            let of_release = |index: usize| -> Vec<usize> {
                let on = servers.iter().filter(|server| server.on.has(index));
                on.map(|server| server.file).collect()
            };
            let mut said = self.said_once(of_release);
            said.retain(|(_, files)| files.len() > 1);
            for (releases, files) in said {
                let mut listed: Vec<_> = files
                    .iter()
                    .take(LISTED_FILES)
                    .map(|&place| format!("`{}`", self.file(place)))
                    .collect();
                if let Some(more @ 1..) = files.len().checked_sub(LISTED_FILES) {
                    listed.push(format!("{more} more"));
                }
                complaints.push(format!(
                    "{}the dag `{}` is served by {} bundles, and the worker picks one by chance (the order \
                     of the file system): {}; keep one of them under the worker's {}",
                    self.scope(&releases),
                    one_line(id),
                    files.len(),
                    listed.join(", "),
                    folder_settings(&releases)
                ));
            }
        }
        complaints
    }

    /// What holds for each release, and the releases for which it does.
    fn said_once<T: PartialEq>(&self, of: impl Fn(usize) -> T) -> Vec<(Vec<Release>, T)> {
        let mut said: Vec<(Vec<Release>, T)> = Vec::new();
        for (index, &release) in self.releases.iter().enumerate() {
            let this = of(index);
            match said.iter_mut().find(|(_, other)| *other == this) {
                Some((releases, _)) => releases.push(release),
                None => said.push((vec![release], this)),
            }
        }
        said
    }

    /// The beginning of a sentence that holds for some of the releases only.
    fn scope(&self, releases: &[Release]) -> String {
        if releases.len() == self.releases.len() {
            return String::new();
        }
        let names: Vec<_> = releases.iter().map(Release::to_string).collect();
        format!("on {}, ", names.join(" and "))
    }

    /// Names the file that serves a dag, on each release that has one.
    ///
    /// # Errors
    /// Why none does, or where the worker's search fails before it meets that file.
    pub(crate) fn answer(&self, id: &str) -> Result<String, String> {
        let shown = one_line(id);
        let servers = self.serving.get(id).map_or(&[][..], Vec::as_slice);
        if servers.is_empty() {
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
        }
        let said = self.said_once(|index| {
            let on: Vec<_> = servers.iter().filter(|server| server.on.has(index)).collect();
            let Some(&first) = on.first() else {
                return (true, format!("the dag `{shown}` is served by no bundle"));
            };
            if let (true, Some(Some(raising))) = (first.behind.has(index), self.raising.get(index)) {
                let raising = one_line(&raising.display().to_string()).into_owned();
                let said = format!(
                    "the worker's search for the dag `{shown}` fails at `{raising}`, whose manifest it cannot pass over"
                );
                return (false, said);
            }
            let chance = if on.len() > 1 {
                " (by chance; here, today)"
            } else {
                ""
            };
            let file = self.file(first.file);
            (true, format!("the dag `{shown}` is served by `{file}`{chance}"))
        });
        let good = said.iter().all(|(_, (good, _))| *good);
        let sentences = said.iter();
        let sentences: Vec<_> = sentences
            .map(|(releases, (_, sentence))| self.scope(releases) + sentence)
            .collect();
        let answer = sentences.join("; ");
        if good { Ok(answer) } else { Err(answer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{Code, Finding};
    use std::path::Path;

    const BOTH: &[Release] = &Release::ALL;

    /// The verdicts on a file that serves these dags, or that ends the search.
    fn verdict(path: &str, dag_ids: &[&str], raises: bool) -> Verdicts {
        let mut verdicts = Verdicts::new(Path::new(path), BOTH);
        verdicts.dag_ids = dag_ids.iter().map(|&id| id.to_owned()).collect();
        for one in &mut verdicts.by_release {
            one.is_meant = true;
            one.usable = !raises;
            one.raises = raises;
        }
        if raises {
            verdicts.add(&Finding::new(Code::ManifestRaises, "why"));
        }
        verdicts
    }

    #[cfg(unix)]
    #[test]
    fn a_dag_is_served_by_the_first_file_of_the_walk() {
        let mut survey = Survey::new(BOTH);
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
        let complaints = survey.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints.iter().all(|complaint| {
            complaint.starts_with("the dag `two` is served by 2 bundles")
                && complaint.contains("`/b`, `/a`;")
                && complaint.ends_with(
                    "`executables_root` (Airflow 3.3) or `task_handler_bundle_name` (Airflow 3.4)",
                )
        }));
        assert_eq!((survey.judged(), survey.has_problems()), (3, false));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_ends_the_search_hides_what_comes_behind_it() {
        let mut survey = Survey::new(BOTH);
        survey.add(verdict("/a", &["early"], false), None);
        survey.add(verdict("/raising", &[], true), None);
        survey.add(verdict("/b", &["early", "late"], false), None);
        assert!(survey.answer("early").is_ok());
        let late = survey.answer("late").err().unwrap_or_default();
        assert!(late.contains("fails at `/raising`"), "{late}");
        assert!(survey.has_problems());
    }

    /// A bundle for both releases, and one of the same dag for the newer alone.
    #[cfg(unix)]
    #[test]
    fn releases_that_differ_are_named() {
        let mut survey = Survey::new(BOTH);
        survey.add(verdict("/both", &["one", "two"], false), None);
        let mut newer = verdict("/newer", &["two", "three"], false);
        if let Some(one) = newer.by_release.first_mut() {
            one.usable = false;
        }
        survey.add(newer, None);
        let served = "is served by";
        assert_eq!(
            survey.answer("one"),
            Ok(format!("the dag `one` {served} `/both`"))
        );
        assert_eq!(
            survey.answer("two"),
            Ok(format!(
                "on Airflow 3.3, the dag `two` {served} `/both`; on Airflow 3.4, the dag `two` {served} `/both` \
                 (by chance; here, today)"
            ))
        );
        assert_eq!(
            survey.answer("three"),
            Ok(format!(
                "on Airflow 3.3, the dag `three` {served} no bundle; on Airflow 3.4, the dag `three` {served} `/newer`"
            ))
        );
        let complaints = survey.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints.iter().all(|complaint| {
            complaint.starts_with("on Airflow 3.4, the dag `two` is served by 2 bundles")
                && complaint.ends_with("under the worker's `task_handler_bundle_name`")
        }));
        let mut raises = verdict("/raises", &[], true);
        if let Some(one) = raises.by_release.last_mut() {
            one.raises = false;
        }
        let mut survey = Survey::new(BOTH);
        survey.add(raises, None);
        survey.add(verdict("/behind", &["one"], false), None);
        let answer = survey.answer("one").err().unwrap_or_default();
        assert!(
            answer.starts_with(
                "on Airflow 3.3, the worker's search for the dag `one` fails at `/raises`"
            ),
            "{answer}"
        );
        assert!(
            answer.ends_with("; on Airflow 3.4, the dag `one` is served by `/behind`"),
            "{answer}"
        );
    }
}
