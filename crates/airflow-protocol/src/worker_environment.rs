//! The names under which Airflow looks for variables and connections in the environment.

/// How the names of variables begin.
pub const VARIABLE_PREFIX: &str = "AIRFLOW_VAR_";
/// How the names of connections begin.
pub const CONNECTION_PREFIX: &str = "AIRFLOW_CONN_";
/// What separates a team from an id in the name of a team's own.
const TEAM_SEPARATOR: &str = "___";

/// The name for an id; `None` where there are several teams and the id could be spelled to read what is another team's.
///
/// Source: `EnvironmentVariablesBackend` in `airflow/secrets/environment_variables.py` of Airflow 3.3.2 and 3.4.0b2. Tasks look there
/// without a team (`_get_variable` and `_get_connection` in `airflow/sdk/execution_time/context.py` of the task SDK).
///
/// ```
/// use airflow_protocol::worker_environment::{VARIABLE_PREFIX, name};
///
/// assert_eq!(name(VARIABLE_PREFIX, "rate", false).as_deref(), Some("AIRFLOW_VAR_RATE"));
/// assert_eq!(name(VARIABLE_PREFIX, "_other___rate", true), None);
/// ```
pub fn name(prefix: &str, id: &str, several_teams: bool) -> Option<String> {
    if several_teams && id.contains(TEAM_SEPARATOR) {
        return None;
    }
    Some(format!("{prefix}{}", id.to_uppercase()))
}
