//! The two URLs of a connection: Airflow's own form, and the one that drivers and clients read.

use std::net::Ipv6Addr;

use serde_json::{Map, Value};

use crate::client::error::ClientError;
use crate::task::connections::Connection;

/// Airflow hides no text that is shorter.
const SHORTEST_SECRET: usize = 5;

impl Connection {
    /// The connection as a URI, by the rules of Airflow's own `Connection.get_uri()`, for programs that read it as Airflow does.
    /// Drivers and clients do not: give them [`url`](Self::url).
    ///
    /// It holds the password. Parts are percent-encoded; an extra of text values only becomes the query, any other goes into
    /// the parameter `__extra__` as a whole. Where that takes entries away from a driver (`sslmode` beside a number), a warning
    /// goes to the log.
    pub fn uri(&self) -> String {
        let mut uri = match self.conn_type.as_str() {
            "" => "//".to_owned(),
            kind => format!("{}://", scheme(kind)),
        };
        let mut host = self.host.as_deref().unwrap_or_default();
        if let Some((protocol, rest)) = host.split_once("://")
            && protocol != self.conn_type
        {
            uri.push_str(protocol);
            uri.push_str("://");
            host = rest;
        }
        let authority = self.user_info();
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
        if let Some(query) = self.airflow_query() {
            uri.push_str(if schema.is_some() { "?" } else { "/?" });
            uri.push_str(&query);
        }
        uri
    }

    /// The connection as a URL that drivers and clients read as it is meant. It holds the password.
    ///
    /// | part | from |
    /// | --- | --- |
    /// | scheme | the protocol in `host` (`https://api.example.com`), if it has one; else for the type `http` the `schema`, or `http`; else the type, in lower case and with `-` for `_` |
    /// | user | `login` and `password` |
    /// | host | `host`; an IPv6 address gets brackets. A path behind it is kept if it has a protocol |
    /// | port | `port`, unless the host has one |
    /// | path | `schema`, but for the type `http` |
    /// | query | the texts, numbers and booleans of `extra`, but for the type `http`, where Airflow's hook sends them as headers |
    ///
    /// What `extra` has besides is left out: null, and lists and maps, which no query can hold; a warning in the log names them.
    /// Fails if `extra` is neither empty nor a JSON object.
    ///
    /// ```
    /// # use airflow_sdk::{Result, Task};
    /// fn load(task: &Task) -> Result<()> {
    ///     // postgres://me:p%40ss@db:5432/sales?sslmode=require&keepalives=1
    ///     let url = task.connection("sales_db")?.url()?;
    ///     # let _ = url;
    ///     Ok(())
    /// }
    /// ```
    pub fn url(&self) -> Result<String, ClientError> {
        let http = self.conn_type.eq_ignore_ascii_case("http");
        let host = self.host.as_deref().unwrap_or_default();
        let schema = self.schema.as_deref().filter(|schema| !schema.is_empty());
        let kind = if http {
            schema.unwrap_or("http").to_owned()
        } else {
            scheme(&self.conn_type)
        };
        let (protocol, host, behind) = match host.split_once("://") {
            Some((protocol, rest)) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (host, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (protocol.to_owned(), host, behind)
            }
            None => (kind, host, ""),
        };
        let mut url = format!("{protocol}://{}{}", self.user_info(), url_host(host));
        if let Some(port) = self.port.filter(|port| *port != 0 && !has_port(host)) {
            url.push(':');
            url.push_str(&port.to_string());
        }
        url.push_str(behind);
        if http {
            return Ok(url);
        }
        if let Some(schema) = schema {
            if !url.ends_with('/') || behind.is_empty() {
                url.push('/');
            }
            url.push_str(&quote(schema));
        }
        let query = self.scalars()?;
        if !query.is_empty() {
            url.push(if behind.contains('?') { '&' } else { '?' });
            url.push_str(&query.join("&"));
        }
        Ok(url)
    }

    /// `login:password@`, encoded; empty if there is neither.
    fn user_info(&self) -> String {
        let mut info = self.login.as_deref().map(quote).unwrap_or_default();
        if let Some(password) = &self.password {
            info.push(':');
            info.push_str(&quote(password));
        }
        if !info.is_empty() {
            info.push('@');
        }
        info
    }

    /// The scalars of the extra field, as `key=value`.
    fn scalars(&self) -> Result<Vec<String>, ClientError> {
        let extra: Map<String, Value> = self.extra()?;
        let mut pairs = Vec::new();
        let mut left = Vec::new();
        for (key, value) in &extra {
            // Not every driver reads a plus as a space.
            match value {
                Value::String(text) => pairs.push(format!("{}={}", quote(key), quote(text))),
                Value::Number(_) | Value::Bool(_) => {
                    pairs.push(format!("{}={}", quote(key), quote(&value.to_string())));
                }
                Value::Null => {}
                Value::Array(_) | Value::Object(_) => left.push(key.as_str()),
            }
        }
        if !left.is_empty() {
            log::warn!(
                "the URL of the connection {:?} goes without the lists and maps in its extra: {}",
                self.conn_id,
                left.join(", ")
            );
        }
        Ok(pairs)
    }

    fn airflow_query(&self) -> Option<String> {
        let text = self.extra.as_deref().filter(|text| !text.is_empty())?;
        if let Some(pairs) = text_pairs(text) {
            return Some(pairs.join("&"));
        }
        let fields: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        if !fields.is_empty() {
            let keys: Vec<&str> = fields.keys().map(String::as_str).collect();
            log::warn!(
                "the URI of the connection {:?} has its extra ({}) in the parameter __extra__, which Airflow alone reads, \
                 because not all of it is text: give drivers Connection::url()",
                self.conn_id,
                keys.join(", ")
            );
        }
        Some(format!("__extra__={}", quote_plus(text)))
    }

    /// The percent-encoded forms of what Airflow hides in the log, which it would not hide: the password's, and the whole
    /// extra field's where [`uri`](Self::uri) has it.
    pub(crate) fn encoded_secrets(&self) -> Vec<String> {
        let extra = self
            .extra
            .as_ref()
            .filter(|text| text_pairs(text).is_none());
        let mut secrets = Vec::new();
        for secret in self.password.iter().chain(extra) {
            for encoded in [quote(secret), quote_plus(secret)] {
                let hidden = encoded.contains(secret.as_str()) || secrets.contains(&encoded);
                if encoded.len() >= SHORTEST_SECRET && !hidden {
                    secrets.push(encoded);
                }
            }
        }
        secrets
    }
}

/// The extra field as `key=value`, if it is an object of texts: only those come back from a query as they were.
fn text_pairs(text: &str) -> Option<Vec<String>> {
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    let pairs: Option<Vec<String>> = fields
        .iter()
        .map(|(key, value)| {
            Some(format!(
                "{}={}",
                quote_plus(key),
                quote_plus(value.as_str()?)
            ))
        })
        .collect();
    pairs.filter(|pairs| !pairs.is_empty())
}

/// The scheme of a connection's type.
fn scheme(kind: &str) -> String {
    kind.to_lowercase().replace('_', "-")
}

/// The host for a URL. Several hosts with ports (`a:1,b:2`) stay what they are.
fn url_host(host: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() {
        return format!("[{host}]");
    }
    if host.starts_with('[') {
        return host.to_owned();
    }
    let parts: Vec<String> = host
        .split(',')
        .map(|part| match part.rsplit_once(':') {
            Some((name, port)) if is_port(port) => format!("{}:{port}", quote(name)),
            _ => quote(part),
        })
        .collect();
    parts.join(",")
}

fn has_port(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_err()
        && host.rsplit_once(':').is_some_and(|(_, port)| is_port(port))
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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

    use crate::task::connections::Connection;

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
    fn urls_are_for_drivers() {
        for (fields, url) in [
            (json!({}), "postgres://"),
            (
                json!({"host": "db", "port": 5432, "login": "me", "password": "p@ss /word", "schema": "sales db",
                       "extra": "{\"keepalives\": 1, \"sslmode\": \"require\", \"x\": null, \"y\": true, \"z\": [1]}"}),
                "postgres://me:p%40ss%20%2Fword@db:5432/sales%20db?keepalives=1&sslmode=require&y=true",
            ),
            (
                json!({"host": "h", "extra": "{\"a b\": \"1 2&\", \"f\": 0.5}"}),
                "postgres://h?a%20b=1%202%26&f=0.5",
            ),
            (
                json!({"conn_type": "google_cloud", "host": "::1", "port": 1}),
                "google-cloud://[::1]:1",
            ),
            (
                json!({"host": "/var/run/postgresql", "schema": "s"}),
                "postgres://%2Fvar%2Frun%2Fpostgresql/s",
            ),
            (json!({"host": "a:1,b:2", "port": 3}), "postgres://a:1,b:2"),
            (
                json!({"conn_type": "http", "host": "https://api.example.com/v1", "port": 8443, "login": "u",
                       "extra": "{\"X-Token\": \"t\"}"}),
                "https://u@api.example.com:8443/v1",
            ),
            (
                json!({"conn_type": "http", "host": "https://api.example.com:444", "port": 443}),
                "https://api.example.com:444",
            ),
            (
                json!({"conn_type": "http", "host": "h", "port": 80, "schema": "https"}),
                "https://h:80",
            ),
            (json!({"conn_type": "http", "host": "h"}), "http://h"),
            (
                json!({"conn_type": "clickhouse", "host": "https://ch:8443/", "schema": "s", "extra": "{\"t\": 5}"}),
                "https://ch:8443/s?t=5",
            ),
        ] {
            assert_eq!(connection(&fields).url().unwrap(), url, "{fields}");
        }
        let error = connection(&json!({"extra": "hunter22"})).url().unwrap_err();
        assert!(!error.to_string().contains("hunter22"), "{error}");
    }

    #[test]
    fn encoded_secrets_are_those_that_differ() {
        let secrets = |password: &str, extra: Option<&str>| {
            connection(&json!({"password": password, "extra": extra})).encoded_secrets()
        };
        assert_eq!(secrets("pa55word", None), [""; 0]);
        assert_eq!(secrets("p@ss/word9", None), ["p%40ss%2Fword9"]);
        assert_eq!(secrets("a b c", None), ["a%20b%20c", "a+b+c"]);
        assert_eq!(secrets("pa55word", Some("{\"t\": \"o\"}")), [""; 0]);
        assert_eq!(
            secrets("x", Some("{\"n\": 1}")),
            ["%7B%22n%22%3A%201%7D", "%7B%22n%22%3A+1%7D"]
        );
    }
}
