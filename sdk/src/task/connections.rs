//! Airflow's connections. Their forms as a URL are in `connection_url`.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::error::{ClientError, ClientErrorKind, optional};
use crate::task::context::Task;
use crate::value::parse;
use airflow_protocol::message::message;

impl Task {
    /// A connection. An error if there is none.
    ///
    /// Airflow hides the password and the text of `extra` in the task's log; this call has it hide their percent-encoded forms
    /// too, as [`Connection::uri`] and [`Connection::url`] write them. Values inside `extra` are not hidden by themselves: see
    /// [`mask_secret`](Self::mask_secret).
    ///
    /// The worker's own `AIRFLOW_CONN_*` comes first, as a URI or as JSON: for the id `db`, `AIRFLOW_CONN_DB`. One that can't be read is
    /// passed over, with a warning in the log. Then the API server looks it up: in its own `AIRFLOW_CONN_*`, its secrets backend, then
    /// Airflow's database. A secrets backend of the worker is not asked. [`Bundle::worker_secrets`](crate::Bundle::worker_secrets) turns the
    /// first off.
    pub fn connection(&self, conn_id: &str) -> Result<Connection, ClientError> {
        let own = self.worker_connection(conn_id);
        // Airflow's supervisor hides those of the connections that it hands out.
        let mut secrets = own
            .as_ref()
            .map(Connection::plain_secrets)
            .unwrap_or_default();
        let connection = match own {
            Some(connection) => connection,
            None => self.ask(&message(
                "GetConnection",
                &[("conn_id", Some(conn_id.into()))],
            ))?,
        };
        secrets.extend(connection.encoded_secrets());
        if !secrets.is_empty() {
            self.mask_secret(secrets)?;
        }
        Ok(connection)
    }

    /// A connection; `None` if there is none.
    pub fn find_connection(&self, conn_id: &str) -> Result<Option<Connection>, ClientError> {
        optional(self.connection(conn_id))
    }
}

/// A connection as Airflow stores it. Its `Debug` form has no secrets.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// The connection's id.
    pub conn_id: String,
    /// `postgres`, `http`, `aws`, ...
    pub conn_type: String,
    /// The host.
    #[serde(default)]
    pub host: Option<String>,
    /// The database or schema.
    #[serde(default)]
    pub schema: Option<String>,
    /// The user's name.
    #[serde(default)]
    pub login: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<String>,
    /// The port.
    #[serde(default)]
    pub port: Option<u16>,
    /// The text of the extra field, usually JSON.
    #[serde(default)]
    pub extra: Option<String>,
}

impl Connection {
    /// What Airflow hides in the log: the password, and the text of the extra field.
    fn plain_secrets(&self) -> Vec<String> {
        let all = self.password.iter().chain(&self.extra);
        all.filter(|text| !text.is_empty()).cloned().collect()
    }

    /// The extra field's JSON, deserialized. An absent or empty one is read as `{}`.
    pub fn extra<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let text = self
            .extra
            .as_deref()
            .filter(|text| !text.trim().is_empty())
            .unwrap_or("{}");
        parse(text).map_err(|error| {
            // The position is told, the text is not: it may hold secrets.
            let message = format!(
                "the extra of the connection {:?} is not the expected JSON (line {}, column {})",
                self.conn_id,
                error.line(),
                error.column()
            );
            ClientError::new(ClientErrorKind::Decode, message)
        })
    }

    /// One entry of the extra field, if it is a JSON object that has it.
    pub fn extra_field<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let mut extra: Map<String, Value> = self.extra().ok()?;
        serde_json::from_value(extra.remove(key)?).ok()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("conn_id", &self.conn_id)
            .field("conn_type", &self.conn_type)
            .field("host", &self.host)
            .field("schema", &self.schema)
            .field("login", &self.login)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{Value, json};

    use super::Connection;

    fn connection(fields: &Value) -> Connection {
        let mut all = json!({"conn_id": "c", "conn_type": "postgres"});
        all.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn extra_is_parsed() {
        let conn = connection(&json!({"extra": "{\"region\": \"eu\", \"n\": 3}"}));
        assert_eq!(conn.extra_field::<String>("region").unwrap(), "eu");
        assert_eq!(conn.extra_field::<u8>("n"), Some(3));
        assert_eq!(conn.extra_field::<u8>("none"), None);
        let empty: Value = connection(&json!({})).extra().unwrap();
        assert_eq!(empty, json!({}));
        let secret = connection(&json!({"extra": "{secret"}))
            .extra::<Value>()
            .unwrap_err();
        assert!(!secret.to_string().contains("secret"), "{secret}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let conn = connection(&json!({"password": "hunter22", "extra": "{\"token\": \"t0ken\"}"}));
        let text = format!("{conn:?}");
        assert!(!text.contains("hunter22") && !text.contains("t0ken"));
    }
}
