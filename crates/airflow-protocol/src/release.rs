//! The releases of Airflow, and what they differ in.

use std::fmt;

use serde_json::Value;

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
/// The fields of `TIRunContext` that 3.4 has and 3.3 has not.
const SINCE_3_4: [&str; 4] = [
    "multi_team",
    "arg_bindings",
    "loop",
    "first_task_reschedule_start_date",
];

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

    /// The release of the supervisor that has sent a `StartupDetails` with this `ti_context`. A supervisor of 3.3 never answers what
    /// only one of 3.4 knows, so nothing of 3.4 may be sent before this is known; a doubtful message counts as one of 3.3.
    ///
    /// The sign is a field that the supervisor of 3.3 can't send, whatever the API server is: its `TIRunContext` (`_generated.py` in
    /// `airflow/sdk/api/datamodels` of `apache-airflow-task-sdk` 1.3.2) does not have it, and drops what it does not have. One of 3.4 sends
    /// `multi_team` to bundles of both schema versions (no migration in `schema/versions` of 1.4.0b2 takes it away), and the three others to
    /// bundles of 2026-10-30, under each executor: all start a task in `ActivitySubprocess._on_child_started`.
    ///
    /// The environment is no sign. `AIRFLOW__API__BASE_URL`, which 3.4 sets for each executable (`_build_runtime_env` in
    /// `airflow/sdk/coordinators/_subprocess.py`), is a setting of 3.3 too, and many deployments make their settings as variables.
    pub fn that_started(ti_context: &Value) -> Self {
        if SINCE_3_4.iter().any(|key| ti_context.get(key).is_some()) {
            Self::AIRFLOW_3_4
        } else {
            Self::AIRFLOW_3_3
        }
    }

    /// Whether the supervisor answers, and heeds, what 2026-10-30 has and 2026-06-16 has not. What an executable sends is read by the
    /// newest schema of the release, whatever the executable's manifest says.
    ///
    /// Source: `SchemaVersionMigrator.upgrade` in `airflow/sdk/execution_time/schema/migrator.py` of `apache-airflow-task-sdk` 1.4.0b2.
    pub fn takes_2026_10_30(&self) -> bool {
        self.knows_schema(SCHEMA_2026_10_30)
    }

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
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::schema::Schema;

    /// The schemas are those of the released Airflows, as `tests/interop` shows.
    #[test]
    fn the_signs_of_a_release_are_fields_that_it_alone_has() {
        for release in Release::ALL {
            let newest = Schema::of(release.schema_versions[0]).unwrap();
            let text: Value = serde_json::from_str(&newest.to_text().unwrap()).unwrap();
            let fields = &text["shapes"]["TIRunContext"]["properties"];
            for sign in SINCE_3_4 {
                let known = fields.get(sign).is_some();
                assert_eq!(known, release == Release::AIRFLOW_3_4, "{release}: {sign}");
                let told = Release::that_started(&json!({"max_tries": 0, sign: null}));
                assert_eq!(told, Release::AIRFLOW_3_4);
            }
        }
        for odd in [json!({"max_tries": 0}), json!({}), json!([]), Value::Null] {
            assert_eq!(Release::that_started(&odd), Release::AIRFLOW_3_3);
        }
    }

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
