//! Airflow's connections, and the URI form of one.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client_error::{ClientError, ClientErrorKind, optional};
use crate::context::Task;
use crate::outcome::message;
use crate::value::parse;

impl Task {
    /// A connection. An error if there is none.
    ///
    /// Airflow hides the password and the text of `extra` in the task's log. Values inside `extra` are not hidden by
    /// themselves: see [`mask_secret`](Self::mask_secret). Only Airflow's own store is asked: `AIRFLOW_CONN_*` and secrets
    /// backends of the worker are not.
    pub fn connection(&self, conn_id: &str) -> Result<Connection, ClientError> {
        self.ask(&message(
            "GetConnection",
            &[("conn_id", Some(conn_id.into()))],
        ))
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

    /// The connection as a URI, by the rules of Airflow's own `Connection.get_uri()`.
    ///
    /// It holds the password. Parts are percent-encoded; an extra of text values only becomes the query, any other goes into
    /// the parameter `__extra__`.
    pub fn uri(&self) -> String {
        let mut uri = match self.conn_type.as_str() {
            "" => "//".to_owned(),
            kind => format!("{}://", kind.to_lowercase().replace('_', "-")),
        };
        let mut host = self.host.as_deref().unwrap_or_default();
        if let Some((protocol, rest)) = host.split_once("://")
            && protocol != self.conn_type
        {
            uri.push_str(protocol);
            uri.push_str("://");
            host = rest;
        }
        let mut authority = self.login.as_deref().map(quote).unwrap_or_default();
        if let Some(password) = &self.password {
            authority.push(':');
            authority.push_str(&quote(password));
        }
        if !authority.is_empty() {
            authority.push('@');
        }
        uri.push_str(&authority);
        uri.push_str(&quote(host));
        if let Some(port) = self.port.filter(|port| *port != 0) {
            let sign = if host.is_empty() && authority.is_empty() {
                "@:"
            } else {
                ":"
            };
            uri.push_str(sign);
            uri.push_str(&port.to_string());
        }
        let schema = self.schema.as_deref().filter(|schema| !schema.is_empty());
        if let Some(schema) = schema {
            uri.push('/');
            uri.push_str(&quote(schema));
        }
        if let Some(query) = self.query() {
            uri.push_str(if schema.is_some() { "?" } else { "/?" });
            uri.push_str(&query);
        }
        uri
    }

    fn query(&self) -> Option<String> {
        let text = self.extra.as_deref().filter(|text| !text.is_empty())?;
        let whole = || Some(format!("__extra__={}", quote_plus(text)));
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
            return whole();
        };
        let mut query = Vec::new();
        for (key, value) in &fields {
            // Only texts come back from a query as they were.
            let Some(value) = value.as_str() else {
                return whole();
            };
            query.push(format!("{}={}", quote_plus(key), quote_plus(value)));
        }
        if query.is_empty() {
            whole()
        } else {
            Some(query.join("&"))
        }
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

/// Percent-encodes everything but Python's `quote(..., safe="")` leaves as it is.
fn quote(text: &str) -> String {
    escape(text, false)
}

/// As [`quote`], with a plus for a space, as Python's `urlencode` does.
fn quote_plus(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, plus: bool) -> String {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' if plus => out.push('+'),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 0xF] {
                    out.extend(HEX.get(usize::from(digit)));
                }
            }
        }
    }
    out
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

    /// The expected texts were written by `airflow.sdk.Connection(...).get_uri()` of the release.
    #[test]
    fn uris_are_airflows() {
        for (fields, uri) in [
            (json!({}), "postgres://"),
            (
                json!({"host": "db", "port": 5432, "login": "me", "password": "p@ss/word", "schema": "sales db"}),
                "postgres://me:p%40ss%2Fword@db:5432/sales%20db",
            ),
            (
                json!({"conn_type": "google_cloud", "extra": "{\"a\": \"1 2\", \"b\": \"x&y\"}"}),
                "google-cloud:///?a=1+2&b=x%26y",
            ),
            (
                json!({"host": "h", "extra": "{\"n\": 1}"}),
                "postgres://h/?__extra__=%7B%22n%22%3A+1%7D",
            ),
            (
                json!({"host": "h", "schema": "s", "extra": "not json"}),
                "postgres://h/s?__extra__=not+json",
            ),
            (
                json!({"conn_type": "http", "host": "https://example.com", "port": 443}),
                "http://https://example.com:443",
            ),
            (
                json!({"conn_type": "http", "host": "http://example.com"}),
                "http://http%3A%2F%2Fexample.com",
            ),
            (json!({"port": 1}), "postgres://@:1"),
            (json!({"password": "only"}), "postgres://:only@"),
            (
                json!({"host": "::1", "login": "ü"}),
                "postgres://%C3%BC@%3A%3A1",
            ),
        ] {
            assert_eq!(connection(&fields).uri(), uri, "{fields}");
        }
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
