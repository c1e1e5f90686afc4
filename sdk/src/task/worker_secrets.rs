//! The worker's own variables and connections: `AIRFLOW_VAR_*` and `AIRFLOW_CONN_*` in the environment of the process.
//!
//! Python tasks look there first, by `EnvironmentVariablesBackend` in `airflow/secrets/environment_variables.py` of Airflow 3.3.2 and
//! 3.4.0b2, which stands before the API server in `DEFAULT_SECRETS_SEARCH_PATH_WORKERS` of the task SDK. A secrets backend of the worker,
//! which is a Python class, is not asked.

use airflow_protocol::connection_text::ConnectionText;
use airflow_protocol::worker_environment::{self, CONNECTION_PREFIX, VARIABLE_PREFIX};

use crate::task::connections::Connection;
use crate::task::context::Task;

/// By this variable an operator turns the search off for all bundles of a worker: `false`, `f` or `0`, as Airflow's settings have it.
const SWITCH: &str = "AIRFLOW_RUST_WORKER_SECRETS";
/// Airflow's setting whether there are several teams.
const MULTI_TEAM: &str = "AIRFLOW__CORE__MULTI_TEAM";

/// Where the worker's own variables and connections are.
#[derive(Clone, Debug)]
pub(crate) enum Environment {
    /// In the environment of this process.
    Process,
    /// Among these names and values.
    Given(Vec<(String, String)>),
    /// Nowhere: they are not asked for.
    Ignored,
}

impl Environment {
    /// This environment, or none at all.
    pub(crate) fn where_wanted(self, wanted: bool) -> Self {
        if wanted { self } else { Self::Ignored }
    }

    /// The value of a variable; an error if it is not Unicode.
    fn value(&self, name: &str) -> Result<Option<String>, ()> {
        match self {
            Self::Process => std::env::var_os(name)
                .map(|value| value.into_string().map_err(drop))
                .transpose(),
            Self::Given(all) => Ok(all
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, value)| value.clone())),
            Self::Ignored => Ok(None),
        }
    }

    /// Whether one of Airflow's settings, or one like these, has one of these values.
    fn says(&self, name: &str, values: &[&str]) -> bool {
        let value = self.value(name).ok().flatten().unwrap_or_default();
        let value = value.trim().to_ascii_lowercase();
        values.contains(&value.as_str())
    }
}

impl Task {
    /// The worker's own text of a variable.
    pub(super) fn worker_variable(&self, key: &str) -> Option<String> {
        self.worker_secret(VARIABLE_PREFIX, key)
            .map(|(_, text)| text)
    }

    /// The worker's own connection. One that can't be read is none, as for Python tasks, with a warning in the log.
    pub(super) fn worker_connection(&self, conn_id: &str) -> Option<Connection> {
        let (name, text) = self.worker_secret(CONNECTION_PREFIX, conn_id)?;
        if text.is_empty() {
            return None;
        }
        match ConnectionText::read(&text) {
            Ok(read) => Some(Connection {
                conn_id: conn_id.to_owned(),
                conn_type: read.conn_type,
                host: read.host,
                schema: read.schema,
                login: read.login,
                password: read.password,
                port: read.port,
                extra: read.extra,
            }),
            Err(fault) => {
                passed_over(&name, &fault);
                None
            }
        }
    }

    /// The name and the value of the variable of the environment that stands for this id.
    fn worker_secret(&self, prefix: &str, id: &str) -> Option<(String, String)> {
        let environment = self.environment();
        if environment.says(SWITCH, &["false", "f", "0"]) {
            return None;
        }
        let teams = self.details().ti_context.multi_team
            || environment.says(MULTI_TEAM, &["true", "t", "1"]);
        let name = worker_environment::name(prefix, id, teams)?;
        let Ok(value) = environment.value(&name) else {
            passed_over(&name, "it is not Unicode");
            return None;
        };
        Some((name, value?))
    }
}

fn passed_over(name: &str, fault: &str) {
    log::warn!("{name} of the worker can't be read, and Airflow is asked instead: {fault}");
}
