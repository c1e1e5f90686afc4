//! What `verify` prints of one file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::airflow_json::AirflowJson;
use super::executable_json::ExecutableJson;
use crate::cli::ReportFormat;
use crate::text::{json, one_line};
use crate::worker::{Parsing, Shared, Verdicts};

/// The report on one file, without its last line break.
pub(super) fn report(verdicts: &Verdicts, format: ReportFormat) -> anyhow::Result<String> {
    let path = std::path::absolute(&verdicts.path)?;
    if format == ReportFormat::Json {
        let line = Line {
            airflow: AirflowJson::of(verdicts),
            dag_ids: &verdicts.dag_ids,
            executable: verdicts.executable.as_ref().map(ExecutableJson::from),
            path: path.to_string_lossy(),
            problems: verdicts.problems(),
            reason: "airflow-bundle-verify",
            usable: verdicts.usable(),
            warnings: verdicts.warnings(),
        };
        return Ok(json(&line)?);
    }
    Ok(human(verdicts, &path))
}

/// A line of the report for programs.
#[derive(serde::Serialize)]
struct Line<'a> {
    airflow: BTreeMap<&'static str, AirflowJson<'a>>,
    dag_ids: &'a [String],
    executable: Option<ExecutableJson<'a>>,
    path: Cow<'a, str>,
    problems: Vec<Shared<'a>>,
    reason: &'a str,
    usable: bool,
    warnings: Vec<Shared<'a>>,
}

fn human(verdicts: &Verdicts, path: &Path) -> String {
    let word = if verdicts.usable() {
        "usable"
    } else {
        "unusable"
    };
    let path = path.display().to_string();
    let mut lines = vec![format!("{word}: {}", one_line(&path))];
    if !verdicts.dag_ids.is_empty() {
        let ids: Vec<_> = verdicts.dag_ids.iter().map(|id| one_line(id)).collect();
        lines.push(format!("  dags: {}", ids.join(", ")));
    }
    let releases = verdicts.by_release.iter().filter(|one| one.usable);
    let releases: Vec<_> = releases.map(|one| one.release.number).collect();
    if !releases.is_empty() {
        lines.push(format!("  airflow: {}", releases.join(", ")));
    }
    if let Some(executable) = &verdicts.executable {
        lines.push(format!("  {}", one_line(&executable.to_string())));
    }
    for (label, findings) in [
        ("problem", verdicts.problems()),
        ("warning", verdicts.warnings()),
    ] {
        let line = |shared: &Shared<'_>| {
            let message = one_line(&shared.finding.message);
            let on = shared.releases.as_ref();
            let on = on.map_or_else(String::new, |releases| {
                format!(" on Airflow {}", releases.join(" and "))
            });
            format!("  {label}[{}]{on}: {message}", shared.finding.code)
        };
        lines.extend(findings.iter().map(line));
    }
    for one in &verdicts.by_release {
        if one.parsing == Some(Parsing::ImportError) {
            lines.push(format!(
                "  {} shows an import error for it, because its Dag processor lists it",
                one.release
            ));
        }
    }
    lines.join("\n")
}
