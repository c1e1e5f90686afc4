//! A connection as a text, in the two forms that Airflow reads from `AIRFLOW_CONN_*`: a JSON object and a URI.
//!
//! Both are read as `Connection.from_json` and `Connection.from_uri` in `airflow/sdk/definitions/connection.py` of
//! `apache-airflow-task-sdk` 1.3.2 and 1.4.0b2 read them, on Python 3.11's `urllib.parse`. What these refuse is refused here; errors hold
//! nothing of the text, which is a secret. Two differences: a port above 65535 and a field of JSON that is false, zero or empty where a
//! text belongs are refused here, and kept by Python.

use std::net::Ipv6Addr;

use serde_json::{Map, Value};

/// What a text says of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionText {
    /// The type; empty if there is none.
    pub conn_type: String,
    /// The host, with the protocol in front if the text has one.
    pub host: Option<String>,
    /// The schema.
    pub schema: Option<String>,
    /// The user's name.
    pub login: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The text of the extra field.
    pub extra: Option<String>,
}

/// The parameter of a URI that holds all of the extra field.
const EXTRA_KEY: &str = "__extra__";

impl ConnectionText {
    /// Reads the text of an `AIRFLOW_CONN_*`. The error says what is wrong with it, without a word of it.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
        match text.chars().next() {
            None => Err("it is empty".to_owned()),
            Some('{') => Self::of_json(text),
            Some(_) => Self::of_uri(text).map_err(str::to_owned),
        }
    }

    fn of_json(text: &str) -> Result<Self, String> {
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            // The position is told, the text is not.
            let (line, column) = (error.line(), error.column());
            format!("it is not a JSON object (line {line}, column {column})")
        })?;
        for key in ["extra", "conn_type", "port"] {
            if fields.get(key).is_some_and(|value| !is_truthy(value)) {
                fields.remove(key);
            }
        }
        match fields.remove("uri") {
            None | Some(Value::Null) => {}
            Some(Value::String(uri)) if fields.is_empty() => {
                return Self::of_uri(&uri).map_err(str::to_owned);
            }
            Some(_) => return Err("its \"uri\" is not a text, or not alone".to_owned()),
        }
        fields.remove("description");
        let mut text_of = |key: &str| match fields.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("its {key:?} is not a text")),
        };
        let conn_type = text_of("conn_type")?.unwrap_or_default();
        let mut read = Self {
            conn_type: normal_type(&conn_type),
            host: text_of("host")?,
            schema: text_of("schema")?,
            login: text_of("login")?,
            password: text_of("password")?,
            port: None,
            extra: None,
        };
        read.port = fields
            .remove("port")
            .map(|port| port_of(&port).ok_or("its \"port\" is not a port"))
            .transpose()?;
        read.extra = fields.remove("extra").map(|extra| match extra {
            Value::String(text) => text,
            other => other.to_string(),
        });
        if fields.is_empty() {
            Ok(read)
        } else {
            // A name may be a secret, too, where someone has mixed up the two.
            Err("it has a field that connections do not have".to_owned())
        }
    }

    fn of_uri(uri: &str) -> Result<Self, &'static str> {
        let protocols = uri.matches("://").count();
        if protocols > 2 {
            return Err("it has more than two \"://\"");
        }
        let with_protocol = protocols == 2;
        let kind = Url::split(uri)?.scheme;
        let replaced = if with_protocol { "" } else { "//" };
        let rest = uri.replace(&format!("{kind}://"), replaced);
        if with_protocol
            && rest
                .split_once("://")
                .map_or(rest.as_str(), |(before, _)| before)
                .contains(['@', ':'])
        {
            return Err("what stands before the second \"://\" is no protocol");
        }
        let url = Url::split(&rest)?;
        let mut host = url.hostname();
        if with_protocol && !host.is_empty() && !url.scheme.is_empty() {
            host = format!("{}://{host}", url.scheme);
        }
        let (login, password) = url.user();
        Ok(Self {
            conn_type: normal_type(&kind),
            host: Some(host),
            schema: Some(unquote(after_first(&url.path))),
            login: login.map(unquote),
            password: password.map(unquote),
            port: url.port()?,
            extra: query_extra(&url.query),
        })
    }
}

fn after_first(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

/// Airflow's `_normalize_conn_type`.
fn normal_type(kind: &str) -> String {
    match kind {
        "postgresql" => "postgres".to_owned(),
        other => other.replace('-', "_"),
    }
}

/// Whether Python takes the value for true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// A port, as Python's `int` reads it.
fn port_of(value: &Value) -> Option<u16> {
    match value {
        Value::Bool(true) => Some(1),
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            let port = number.as_f64()?.trunc();
            // The range makes the conversion exact.
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "see above"
            )]
            (0.0..=65535.0).contains(&port).then_some(port as u16)
        }
        _ => None,
    }
}

/// The extra field of a query.
fn query_extra(query: &str) -> Option<String> {
    if query.is_empty() {
        return None;
    }
    let mut fields = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let [key, value] = [key, value].map(|part| unquote(&part.replace('+', " ")));
        fields.insert(key, value.into());
    }
    match fields.remove(EXTRA_KEY) {
        Some(Value::String(extra)) => Some(extra),
        _ => Some(Value::Object(fields).to_string()),
    }
}

/// The parts of a URL, by the rules of Python's `urllib.parse.urlsplit`.
struct Url {
    scheme: String,
    authority: String,
    path: String,
    query: String,
}

impl Url {
    fn split(url: &str) -> Result<Self, &'static str> {
        let url: String = url
            .trim_start_matches(|c: char| c <= ' ')
            .chars()
            .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
            .collect();
        let mut rest = url.as_str();
        let mut scheme = String::new();
        if let Some((before, after)) = rest.split_once(':')
            && before.starts_with(|c: char| c.is_ascii_alphabetic())
            && before
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        {
            scheme = before.to_ascii_lowercase();
            rest = after;
        }
        let mut authority = "";
        if let Some(behind) = rest.strip_prefix("//") {
            let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
            (authority, rest) = behind.split_at_checked(end).unwrap_or((behind, ""));
            check_authority(authority)?;
        }
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self {
            scheme,
            authority: authority.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }

    /// What stands before and behind the last `@`.
    fn halves(&self) -> (Option<&str>, &str) {
        match self.authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, &self.authority),
        }
    }

    fn user(&self) -> (Option<&str>, Option<&str>) {
        match self.halves().0 {
            None => (None, None),
            Some(user) => match user.split_once(':') {
                Some((login, password)) => (Some(login), Some(password)),
                None => (Some(user), None),
            },
        }
    }

    /// The host and the port, which may be empty.
    fn host_and_port(&self) -> (&str, &str) {
        let host = self.halves().1;
        match host.split_once('[') {
            Some((_, bracketed)) => {
                let (host, behind) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (host, behind.split_once(':').map_or("", |(_, port)| port))
            }
            None => host.split_once(':').unwrap_or((host, "")),
        }
    }

    fn port(&self) -> Result<Option<u16>, &'static str> {
        match self.host_and_port().1 {
            "" => Ok(None),
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => port
                .parse()
                .map(Some)
                .map_err(|_| "its port is above 65535"),
            _ => Err("its port is not a number"),
        }
    }

    /// The host in lower case, but for the zone of an IPv6 address; a path (`%2Fvar%2Frun`) stays as it is. Airflow's
    /// `_parse_netloc_to_hostname`.
    fn hostname(&self) -> String {
        let host = self.host_and_port().0;
        let end = host.find('%').unwrap_or(host.len());
        let (name, zone) = host.split_at_checked(end).unwrap_or((host, ""));
        let host = unquote(&format!("{}{zone}", name.to_lowercase()));
        if host.contains('/') {
            let host = self.halves().1;
            return unquote(host.split_once(':').map_or(host, |(host, _)| host));
        }
        host
    }
}

/// The faults that `urlsplit` finds in what stands between `//` and the path.
fn check_authority(authority: &str) -> Result<(), &'static str> {
    const BRACKETS: &str =
        "its [ and ] do not hold an IPv6 address; in a password they are %5B and %5D";
    match (authority.contains('['), authority.contains(']')) {
        (false, false) => {}
        (true, true) => {
            let host = authority.split_once('[').map_or("", |(_, behind)| behind);
            let host = host.split_once(']').map_or(host, |(host, _)| host);
            if !is_bracketed_host(host) {
                return Err(BRACKETS);
            }
        }
        _ => return Err(BRACKETS),
    }
    // Those that become one of `/?#@:` in the normal form NFKC.
    let splits = |c| {
        matches!(
            c,
            '\u{2047}'
                ..='\u{2049}'
                    | '\u{2100}'
                    | '\u{2101}'
                    | '\u{2105}'
                    | '\u{2106}'
                    | '\u{2a74}'
                    | '\u{fe13}'
                    | '\u{fe16}'
                    | '\u{fe55}'
                    | '\u{fe56}'
                    | '\u{fe5f}'
                    | '\u{fe6b}'
                    | '\u{ff03}'
                    | '\u{ff0f}'
                    | '\u{ff1a}'
                    | '\u{ff1f}'
                    | '\u{ff20}'
        )
    };
    if authority.contains(splits) {
        return Err("it has a character that looks like one of /?#@: and must be percent-encoded");
    }
    Ok(())
}

fn is_bracketed_host(host: &str) -> bool {
    if let Some(future) = host.strip_prefix('v') {
        return future.split_once('.').is_some_and(|(version, address)| {
            let hex = version.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex && !version.is_empty() && !address.is_empty()
        });
    }
    let (address, zone) = host
        .split_once('%')
        .map_or((host, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%'))
}

/// Python's `unquote`: `%41` becomes `A`, bytes that are no UTF-8 become U+FFFD, and what is no escape stays.
fn unquote(text: &str) -> String {
    let hex = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if let (b'%', [high, low, after @ ..]) = (first, behind)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::ConnectionText;

    /// `tests/interop` holds this against the released Airflows, with thousands of texts.
    #[test]
    fn both_forms_are_read() {
        let uri = ConnectionText::read(
            "google-cloud://me:p%40ss@Host.Example:5432/sales%20db?region=eu&n=1",
        )
        .unwrap();
        let json = ConnectionText::read(
            r#" {"conn_type": "google-cloud", "login": "me", "password": "p@ss", "host": "host.example", "port": "5432",
                 "schema": "sales db", "extra": {"n": "1", "region": "eu"}, "description": "d"}"#,
        )
        .unwrap();
        assert_eq!(uri, json);
        assert_eq!(uri.conn_type, "google_cloud");
        assert_eq!(uri.host.as_deref(), Some("host.example"));
        let other =
            ConnectionText::read("http://https://api.example.com/?__extra__=%5B1%5D").unwrap();
        assert_eq!(other.host.as_deref(), Some("https://api.example.com"));
        assert_eq!(
            (other.schema.as_deref(), other.extra.as_deref()),
            (Some(""), Some("[1]"))
        );
    }

    #[test]
    fn errors_hold_nothing_of_the_text() {
        for text in [
            "",
            "  ",
            "{hunter22",
            r#"{"hunter22": "hunter22"}"#,
            r#"{"password": ["hunter22"]}"#,
            r#"{"uri": "x://hunter22", "host": "hunter22"}"#,
            r#"{"port": "hunter22"}"#,
            "x://hunter22:hunter22@h:hunter22",
            "x://hunter22[@h",
            "x://[hunter22]",
            "x://hunter22\u{ff20}h",
            "x://y://z://hunter22",
            "x://hunter22@h://y",
            "x://h:65536",
        ] {
            let error = ConnectionText::read(text).unwrap_err();
            assert!(!error.contains("hunter22"), "{error}");
        }
    }
}
