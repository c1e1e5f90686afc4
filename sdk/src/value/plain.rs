//! Values that Python sent as its own types, simplified to plain JSON.
//!
//! Facts: `airflow/sdk/serde/` of the released task SDK, and the older `__type`/`__var` form that trigger events may have.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use airflow_protocol::timestamp;

/// Replaces the envelopes of Airflow's serialization by what is in them (the table is at [`crate::python`]).
///
/// [`Task::xcom`](crate::Task::xcom) and its like do this before they deserialize. Values nested deeper than a few
/// hundred levels never get here: the connection refuses them.
pub fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(fields) => plain_object(fields),
        scalar => scalar,
    }
}

fn plain_object(mut fields: Map<String, Value>) -> Value {
    if let Some(Value::String(class)) = fields.get("__classname__") {
        let class = class.clone();
        if let Some(data) = fields.remove("__data__") {
            return plain_class(&class, data);
        }
    }
    if fields.len() == 2
        && let Some(Value::String(kind)) = fields.get("__type")
    {
        let kind = kind.clone();
        if let Some(data) = fields.remove("__var") {
            return match (kind.as_str(), data.as_f64()) {
                ("datetime", Some(seconds)) => instant(seconds, true),
                _ => plain(data),
            };
        }
    }
    Value::Object(
        fields
            .into_iter()
            .map(|(key, value)| (key, plain(value)))
            .collect(),
    )
}

fn plain_class(class: &str, data: Value) -> Value {
    if !matches!(class, "datetime.datetime" | "pendulum.datetime.DateTime") {
        return plain(data);
    }
    match data.get("timestamp").and_then(Value::as_f64) {
        Some(seconds) => instant(seconds, data.get("tz").is_some_and(|tz| !tz.is_null())),
        None => data
            .as_f64()
            .map_or_else(|| plain(data), |seconds| instant(seconds, true)),
    }
}

/// Seconds since 1970 as an ISO string: with `Z` if the Python value had a time zone.
fn instant(seconds: f64, aware: bool) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond i64 saturates, and is then out of range"
    )]
    let micros = (seconds * 1e6).round() as i64;
    match Timestamp::from_microsecond(micros) {
        Ok(at) if aware => Value::String(at.to_string()),
        Ok(at) => Value::String(at.to_zoned(TimeZone::UTC).datetime().to_string()),
        // Python's last day, which a `civil::DateTime` can hold.
        Err(_) => {
            let text = timestamp::instant(
                micros.div_euclid(1_000_000),
                i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default(),
            );
            let text = if aware {
                text.as_str()
            } else {
                text.trim_end_matches('Z')
            };
            text.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::plain;

    #[test]
    fn python_types_become_plain() {
        let tz = json!({"__classname__": "builtins.tuple", "__version__": 1,
                        "__data__": [3600, "pendulum.tz.timezone.FixedTimezone", 1, true]});
        let value = json!({
            "t": {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [
                {"__classname__": "builtins.set", "__version__": 1, "__data__": [1]}]},
            "aware": {"__classname__": "datetime.datetime", "__version__": 2,
                      "__data__": {"timestamp": 1_767_323_045.123_456, "tz": tz}},
            "naive": {"__classname__": "datetime.datetime", "__version__": 2,
                      "__data__": {"timestamp": 1_767_323_045.0, "tz": null}},
            "last": {"__classname__": "datetime.datetime", "__version__": 2,
                     "__data__": {"timestamp": 253_402_214_400.0, "tz": null}},
            "delta": {"__classname__": "datetime.timedelta", "__version__": 2, "__data__": 90.5},
            "class": {"__classname__": "my.Point", "__version__": 1, "__data__": {"x": 1}},
            "old": {"__type": "dict", "__var": {"at": {"__type": "datetime", "__var": 0.0}}},
        });
        let expected = json!({
            "t": [[1]],
            "aware": "2026-01-02T03:04:05.123456Z",
            "naive": "2026-01-02T03:04:05",
            "last": "9999-12-31T00:00:00",
            "delta": 90.5,
            "class": {"x": 1},
            "old": {"at": "1970-01-01T00:00:00Z"},
        });
        assert_eq!(plain(value), expected);
    }
}
