//! What reports for programs say of each release of Airflow.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::worker::{Finding, Parsing, ReleaseVerdict, Verdicts};

/// The verdict of one release; the same object in every report.
#[derive(Serialize)]
pub(super) struct AirflowJson<'a> {
    /// What the Dag processor does with the file; left out where the release's does not list bundles, or not this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    dag_processor: Option<Parsing>,
    problems: &'a [Finding],
    usable: bool,
    warnings: &'a [Finding],
}

impl<'a> AirflowJson<'a> {
    /// The verdicts by the numbers of their releases.
    pub(super) fn of(verdicts: &'a Verdicts) -> BTreeMap<&'static str, Self> {
        let of_release = |one: &'a ReleaseVerdict| {
            let json = Self {
                dag_processor: one.parsing,
                problems: &one.problems,
                usable: one.usable,
                warnings: &one.warnings,
            };
            (one.release.number, json)
        };
        verdicts.by_release.iter().map(of_release).collect()
    }
}
