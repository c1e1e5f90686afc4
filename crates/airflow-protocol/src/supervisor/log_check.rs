//! Whether Airflow's supervisor takes a line of a task's log: it crashes on some lines and drops others (3.3.2,
//! `process_log_messages_from_subprocess` in `airflow/sdk/execution_time/supervisor.py`).

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Keys that are parameters of the supervisor's logger: its call of the logger fails on them.
const POISON: [&str; 5] = ["target", "msg", "self", "method_name", "positional_args"];
/// The levels that the supervisor knows.
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "warn",
    "warning",
    "error",
    "exception",
    "critical",
    "fatal",
];

/// Reads a line as the supervisor does. The error says why the supervisor would crash on the line or drop it.
pub(super) fn check(line: &str) -> Result<Map<String, Value>, String> {
    let value: Value =
        serde_json::from_str(line).map_err(|error| format!("a log line is not JSON: {error}"))?;
    let Value::Object(record) = value else {
        return Err("a log line is not an object".to_owned());
    };
    if let Some(key) = POISON.into_iter().find(|key| record.contains_key(*key)) {
        return Err(format!(
            "a log record with the key {key:?} crashes the supervisor"
        ));
    }
    let level = record
        .get("level")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !LEVELS.contains(&level) {
        return Err(format!(
            "a log record of the level {level:?} is dropped or crashes the supervisor"
        ));
    }
    let timestamp = record
        .get("timestamp")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if timestamp.parse::<Timestamp>().is_err() {
        return Err(format!(
            "a log record with the timestamp {timestamp:?} crashes the supervisor"
        ));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn poison_is_found() {
        let good = r#"{"event":"e","level":"info","timestamp":"2026-01-01T00:00:00Z","rows":1}"#;
        assert!(check(good).is_ok());
        for bad in [
            "[]",
            "nonsense",
            r#"{"event":"e","timestamp":"2026-01-01T00:00:00Z"}"#,
            r#"{"event":"e","level":"trace","timestamp":"2026-01-01T00:00:00Z"}"#,
            r#"{"event":"e","level":"info","timestamp":"2026-01-01"}"#,
            r#"{"event":"e","level":"info","timestamp":"2026-01-01T00:00:00Z","target":"x"}"#,
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
