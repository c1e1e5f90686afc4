//! The verdicts of several releases on one file, and what they have in common.

use std::path::{Path, PathBuf};

use airflow_protocol::Release;

use super::parsing::Parsing;
use super::{Code, Finding, Severity};
use crate::executable::Executable;

/// What workers of several releases make of a file.
#[derive(Debug)]
pub struct Verdicts {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The dag ids that the file says it serves; empty if that cannot be read.
    pub dag_ids: Vec<String>,
    /// What the executable is; `None` if the file is no bundle, or holds none that is known.
    pub executable: Option<Executable>,
    /// The verdict of each release that was asked for, in that order.
    pub by_release: Vec<ReleaseVerdict>,
    /// Whether the manifest names Dags that the executable itself declares.
    pub(crate) declares_dags: bool,
    /// Whether the manifest says that the executable has handlers for tasks of Python Dags, and nothing else.
    pub(crate) serves_stubs_only: bool,
}

/// What a worker of one release makes of a file.
#[derive(Debug)]
pub struct ReleaseVerdict {
    /// The release.
    pub release: Release,
    /// Whether the file is made for the release: whether the release runs bundles of its schema version.
    pub is_meant: bool,
    /// Whether the worker would start it for each of [`Verdicts::dag_ids`].
    pub usable: bool,
    /// Whether the worker's search ends in an exception when it meets the file.
    pub raises: bool,
    /// What the Dag processor does with the file; `None` if it does not list it.
    pub parsing: Option<Parsing>,
    /// Why it is not usable, and why its executable cannot be started.
    pub problems: Vec<Finding>,
    /// What does not keep the worker from using it.
    pub warnings: Vec<Finding>,
}

/// A finding of one release or more.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shared<'a> {
    /// The finding itself.
    #[serde(flatten)]
    pub finding: &'a Finding,
    /// The numbers of the releases; `None` if all that count have it.
    #[serde(rename = "airflow", skip_serializing_if = "Option::is_none")]
    pub releases: Option<Vec<&'static str>>,
}

impl Verdicts {
    /// The verdicts for a path that leads to no file that could be judged.
    pub(crate) fn unreadable(path: &Path, reason: String, releases: &[Release]) -> Self {
        let mut verdicts = Self::new(path, releases);
        verdicts.add(&Finding::new(Code::Unreadable, reason));
        verdicts
    }

    pub(super) fn new(path: &Path, releases: &[Release]) -> Self {
        let of_release = |&release: &Release| ReleaseVerdict {
            release,
            is_meant: false,
            usable: false,
            raises: false,
            parsing: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        Self {
            path: path.to_owned(),
            dag_ids: Vec::new(),
            executable: None,
            by_release: releases.iter().map(of_release).collect(),
            declares_dags: false,
            serves_stubs_only: false,
        }
    }

    /// Whether the file is usable on each release that it is made for. A file that is made for none of them is not.
    pub fn usable(&self) -> bool {
        let mut meant = self.by_release.iter().filter(|one| one.is_meant).peekable();
        meant.peek().is_some() && meant.all(|one| one.usable)
    }

    /// The problems on the releases that the file is made for; on all, if it is made for none of them.
    pub fn problems(&self) -> Vec<Shared<'_>> {
        self.shared(|one| &one.problems)
    }

    /// The warnings of the same releases.
    pub fn warnings(&self) -> Vec<Shared<'_>> {
        self.shared(|one| &one.warnings)
    }

    fn shared(&self, of: impl Fn(&ReleaseVerdict) -> &[Finding]) -> Vec<Shared<'_>> {
        let is_meant = self.by_release.iter().any(|one| one.is_meant);
        let count = self.by_release.iter();
        let count: Vec<_> = count.filter(|one| one.is_meant || !is_meant).collect();
        let mut shared: Vec<Shared<'_>> = Vec::new();
        for (index, one) in count.iter().enumerate() {
            for finding in of(one) {
                let seen = count
                    .iter()
                    .take(index)
                    .any(|earlier| of(earlier).contains(finding));
                if seen {
                    continue;
                }
                let with = count.iter().filter(|other| of(other).contains(finding));
                let with: Vec<_> = with.map(|other| other.release.number).collect();
                shared.push(Shared {
                    finding,
                    releases: (with.len() < count.len()).then_some(with),
                });
            }
        }
        shared
    }

    /// Adds a finding of every release to the list that its code belongs to. [`ReleaseVerdict::usable`] stays as it is.
    pub(crate) fn add(&mut self, finding: &Finding) {
        for one in &mut self.by_release {
            one.extend([finding.clone()]);
        }
    }

    /// Notes that an ignore file keeps the Dag processor from a file that it would list by its name.
    pub(crate) fn is_ignored(&mut self) {
        for one in &mut self.by_release {
            if matches!(one.parsing, Some(Parsing::Starts | Parsing::ImportError)) {
                one.parsing = Some(Parsing::Ignored);
            }
        }
        self.warn_of_names();
    }

    /// Whether the Dag processor of a release would list the file by its name.
    pub(crate) fn is_listed(&self) -> bool {
        let listed = |one: &ReleaseVerdict| {
            matches!(one.parsing, Some(Parsing::Starts | Parsing::ImportError))
        };
        self.by_release.iter().any(listed)
    }

    /// Warns where the Dag processor passes over a file that declares Dags.
    pub(super) fn warn_of_names(&mut self) {
        if !self.declares_dags {
            return;
        }
        for one in &mut self.by_release {
            let warning = one
                .parsing
                .and_then(|parsing| parsing.warning(&self.path, one.release));
            one.extend(warning);
        }
    }
}

impl ReleaseVerdict {
    /// Adds each finding to the list that its code belongs to. [`Self::usable`] stays as it is.
    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            match finding.code.severity() {
                Severity::Problem => self.problems.push(finding),
                Severity::Warning => self.warnings.push(finding),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts of both releases: whether the file is meant for each, and the codes of the problems.
    fn verdicts(of: [(bool, &[Code]); 2]) -> Verdicts {
        let mut verdicts = Verdicts::new(Path::new("/bundle"), &Release::ALL);
        for (one, (is_meant, codes)) in verdicts.by_release.iter_mut().zip(of) {
            one.is_meant = is_meant;
            one.usable = codes.is_empty();
            one.extend(codes.iter().map(|&code| Finding::new(code, "why")));
        }
        verdicts
    }

    fn said(verdicts: &Verdicts) -> Vec<(Code, Option<Vec<&'static str>>)> {
        let problems = verdicts.problems().into_iter();
        problems
            .map(|one| (one.finding.code, one.releases))
            .collect()
    }

    #[test]
    fn a_file_is_usable_where_it_is_meant_to_be() {
        let both = verdicts([(true, &[]), (true, &[])]);
        assert!(both.usable());
        let newer = verdicts([(false, &[Code::SchemaVersion]), (true, &[])]);
        assert!(newer.usable());
        assert_eq!(said(&newer), []);
        let half = verdicts([(true, &[Code::NotExecutable]), (true, &[])]);
        assert!(!half.usable());
        let none = verdicts([
            (false, &[Code::SchemaVersion]),
            (false, &[Code::SchemaVersion]),
        ]);
        assert!(!none.usable());
        assert!(!Verdicts::new(Path::new("/bundle"), &[]).usable());
    }

    #[test]
    fn a_finding_of_one_release_names_it() {
        let some = verdicts([
            (true, &[Code::NotExecutable, Code::DigestMismatch]),
            (true, &[Code::DigestMismatch, Code::NoDags]),
        ]);
        assert_eq!(
            said(&some),
            [
                (Code::NotExecutable, Some(vec!["3.3"])),
                (Code::DigestMismatch, None),
                (Code::NoDags, Some(vec!["3.4"])),
            ]
        );
    }
}
