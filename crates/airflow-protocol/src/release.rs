//! The releases of Airflow, and what they differ in.

use std::fmt;

/// The date that names the supervisor's messages of Airflow 3.3.
pub const SCHEMA_2026_06_16: &str = "2026-06-16";
/// The date that names the supervisor's messages of Airflow 3.4.
pub const SCHEMA_2026_10_30: &str = "2026-10-30";

/// The schema versions of all releases in [`Release::ALL`], the newest first: those that the SDK knows.
pub const SCHEMA_VERSIONS: &[&str] = Release::ALL[Release::ALL.len() - 1].schema_versions;

/// Whether the messages of a schema version bring a task the arguments of its call in the Dag (`ti_context.arg_bindings`).
///
/// Source: `airflow/sdk/execution_time/schema/versions/v2026_10_30.py` of `apache-airflow-task-sdk` 1.4.0b2, which drops the field
/// for older versions.
pub fn brings_arguments(version: &str) -> bool {
    // Dates of one form are in the order of their texts.
    version >= SCHEMA_2026_10_30
}

/// A minor release of Airflow, with the facts in which it differs from others.
///
/// ```
/// use airflow_protocol::Release;
///
/// assert!(Release::AIRFLOW_3_4.knows_schema("2026-06-16"));
/// assert!(!Release::AIRFLOW_3_3.knows_schema("2026-10-30"));
/// assert_eq!(Release::AIRFLOW_3_3.to_string(), "Airflow 3.3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Release {
    /// The number, as in `3.3`.
    pub number: &'static str,
    /// The schema versions whose bundles the release runs, the newest first.
    ///
    /// Source: the folder `airflow/sdk/execution_time/schema/versions` of `apache-airflow-task-sdk` 1.3.2 and 1.4.0b2.
    pub schema_versions: &'static [&'static str],
    /// Whether the worker's search for a bundle passes over files that its user may not execute. A release whose search does
    /// not sets the execute bits itself, once it has chosen a file.
    ///
    /// Source: `_walk_executables` in `airflow/sdk/coordinators/executable/coordinator.py` of `apache-airflow-task-sdk` 1.3.2,
    /// `_walk_bundle_files` and `_ensure_executable` in the same file of 1.4.0b2.
    pub needs_execute_bit: bool,
    /// Whether the worker's search passes over a manifest on which its YAML reader raises a `ValueError`. The search of a release
    /// that does not ends with that exception, as with every other that is no `YAMLError`.
    ///
    /// Source: `_read_bundle_metadata` in `airflow/sdk/coordinators/executable/coordinator.py` of `apache-airflow-task-sdk` 1.3.2,
    /// `_open_verified_bundle` in the same file of 1.4.0b2.
    pub passes_over_value_errors: bool,
    /// The setting of `ExecutableCoordinator` that says where a worker searches for bundles: the folder itself in 3.3, the name
    /// of a Dag bundle in 3.4.
    ///
    /// Source: `ExecutableCoordinator.__init__` in `airflow/sdk/coordinators/executable/coordinator.py` of
    /// `apache-airflow-task-sdk` 1.3.2 and 1.4.0b2.
    pub folder_setting: &'static str,
    /// Whether the Dag processor lists the bundles of a Dag bundle, starts each to ask it for its Dags, and stores the sources
    /// that it embeds.
    ///
    /// Source: `ExecutableDagImporter` in `airflow/sdk/coordinators/executable/_dag_importer.py` of `apache-airflow-task-sdk`
    /// 1.4.0b2; 1.3.2 has no such file.
    pub parses_bundles: bool,
}

impl Release {
    /// Airflow 3.3, known from 3.3.2 (`apache-airflow-task-sdk` 1.3.2).
    pub const AIRFLOW_3_3: Self = Self {
        number: "3.3",
        schema_versions: &[SCHEMA_2026_06_16],
        needs_execute_bit: true,
        passes_over_value_errors: false,
        folder_setting: "executables_root",
        parses_bundles: false,
    };
    /// Airflow 3.4, known from 3.4.0b2 (`apache-airflow-task-sdk` 1.4.0b2).
    pub const AIRFLOW_3_4: Self = Self {
        number: "3.4",
        schema_versions: &[SCHEMA_2026_10_30, SCHEMA_2026_06_16],
        needs_execute_bit: false,
        passes_over_value_errors: true,
        folder_setting: "task_handler_bundle_name",
        parses_bundles: true,
    };
    /// All releases that are known here, the oldest first.
    pub const ALL: [Self; 2] = [Self::AIRFLOW_3_3, Self::AIRFLOW_3_4];

    /// Whether the release runs a bundle whose manifest names this `supervisor_schema_version`.
    pub fn knows_schema(&self, version: &str) -> bool {
        self.schema_versions.contains(&version)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Airflow {}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The newest release knows the versions of all older ones, as long as Airflow drops none.
    #[test]
    fn the_list_has_the_versions_of_every_release() {
        for release in Release::ALL {
            for version in release.schema_versions {
                assert!(SCHEMA_VERSIONS.contains(version), "{release}: {version}");
            }
        }
        assert!(SCHEMA_VERSIONS.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn arguments_came_with_3_4() {
        let passes = |release: Release| release.schema_versions.iter().any(|v| brings_arguments(v));
        assert!(!passes(Release::AIRFLOW_3_3) && passes(Release::AIRFLOW_3_4));
        assert!(!brings_arguments(SCHEMA_2026_06_16));
    }
}
