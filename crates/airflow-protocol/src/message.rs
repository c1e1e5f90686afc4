//! Messages: maps with a `type`, as both sides put them into frames.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::timestamp;

/// A message of this type with these fields; a field without a value is left out.
pub fn message(kind: &str, fields: &[(&str, Option<Value>)]) -> Value {
    let mut body = Map::new();
    body.insert("type".to_owned(), kind.into());
    for (key, value) in fields {
        if let Some(value) = value {
            body.insert((*key).to_owned(), value.clone());
        }
    }
    Value::Object(body)
}

/// The current time, as messages carry it.
pub fn now() -> Value {
    Value::from(timestamp::text(Timestamp::now()))
}

/// A duration in seconds, as messages carry it; a hundred years at most. Airflow adds the duration to the current time, and would
/// refuse the message if the sum lay beyond Python's year 9999.
pub fn seconds(time: Duration) -> Value {
    /// A hundred years.
    const LONGEST: Duration = Duration::from_hours(36_525 * 24);
    time.min(LONGEST).as_secs_f64().into()
}

/// The message's type, or `a message` if the body has none.
pub fn name(body: &Value) -> &str {
    body.get("type")
        .and_then(Value::as_str)
        .unwrap_or("a message")
}

/// The message's type and its subject, for errors: `GetVariable (key "rate")`.
pub fn describe(body: &Value) -> String {
    let subject = [
        "key",
        "conn_id",
        "name",
        "uri",
        "alias_name",
        "task_id",
        "dag_id",
    ]
    .into_iter()
    .find_map(|key| {
        body.get(key)
            .and_then(Value::as_str)
            .map(|value| format!(" ({key} {value:?})"))
    });
    format!("{}{}", name(body), subject.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{describe, message, seconds};

    #[test]
    fn a_message_has_the_fields_that_have_a_value() {
        let body = message(
            "GetVariable",
            &[("key", Some("rate".into())), ("note", None)],
        );
        assert_eq!(body, json!({"type": "GetVariable", "key": "rate"}));
        assert_eq!(describe(&body), "GetVariable (key \"rate\")");
        assert_eq!(describe(&json!([])), "a message");
    }

    #[test]
    fn a_duration_is_a_hundred_years_at_most() {
        assert_eq!(seconds(Duration::from_millis(1500)), json!(1.5));
        assert_eq!(seconds(Duration::MAX), json!(3_155_760_000.0));
    }
}
