//! Whether the supervisor of Airflow 3.3.2 can decode a message, by the types in [`schema`](super::schema).
//!
//! Where pydantic would convert (a numeric string for an integer), this is stricter.

use jiff::civil::DateTime;
use serde_json::{Map, Value};

use super::schema::Kind::{
    self, Bool, Duration, Integer, Json, List, Number, One, Profile, TaskOrMapped, Text, Time,
    User, Uuid,
};
use super::schema::{Field, Shape, shape};

/// Why the supervisor could not decode a message, and would therefore never answer it.
pub fn check(body: &Value) -> Result<(), String> {
    let Value::Object(fields) = body else {
        return Err("the body is not a map".to_owned());
    };
    let Some(Value::String(kind)) = fields.get("type") else {
        return Err("the body has no type".to_owned());
    };
    let Some(Shape {
        fields: known,
        strict,
    }) = shape(kind)
    else {
        return Err(format!("{kind} is not a message of a task"));
    };
    for field in &known {
        check_field(field, fields).map_err(|error| format!("{kind}.{}: {error}", field.name))?;
    }
    if strict {
        let extra = fields
            .keys()
            .find(|key| *key != "type" && known.iter().all(|field| field.name != *key));
        if let Some(extra) = extra {
            return Err(format!("{kind} takes no field {extra:?}"));
        }
    }
    for key in ["options", "chosen_options"] {
        if fields
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            return Err(format!("{kind}.{key}: at least one is needed"));
        }
    }
    Ok(())
}

fn check_field(field: &Field, fields: &Map<String, Value>) -> Result<(), String> {
    match fields.get(field.name) {
        None if field.required => Err("is missing".to_owned()),
        None => Ok(()),
        Some(Value::Null) if field.nullable => Ok(()),
        Some(value) if fits(field.kind, value) => Ok(()),
        Some(value) => Err(format!("{value} does not fit")),
    }
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Text => value.is_string(),
        One(texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
        Integer => value.is_i64() || value.is_u64(),
        Number => value.is_number(),
        Bool => value.is_boolean(),
        Uuid => value.as_str().is_some_and(is_uuid),
        // Python has the years 1 to 9999, and the supervisor refuses a text without an offset.
        Time => value
            .as_str()
            .and_then(|text| text.strip_suffix('Z')?.parse::<DateTime>().ok())
            .is_some_and(|at| at.year() >= 1),
        Duration => {
            value.is_number()
                || value
                    .as_str()
                    .is_some_and(|text| text.starts_with(['P', '-']))
        }
        Json => true,
        Kind::Map => value.is_object(),
        List(kind) => value
            .as_array()
            .is_some_and(|items| items.iter().all(|item| fits(*kind, item))),
        TaskOrMapped => match value {
            Value::Array(pair) => {
                matches!(&pair[..], [Value::String(_), Value::Number(index)] if index.is_i64())
            }
            other => other.is_string(),
        },
        Profile => value.as_object().is_some_and(|profile| {
            profile.iter().all(|(key, value)| {
                matches!(key.as_str(), "name" | "uri" | "type")
                    && (value.is_string() || value.is_null())
            })
        }),
        User => {
            value.get("id").is_some_and(Value::is_string)
                && value.get("name").is_some_and(Value::is_string)
        }
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    const TI: &str = "01990000-0000-7000-8000-000000000001";

    #[test]
    fn good_messages_pass() {
        for body in [
            json!({"type": "GetVariable", "key": "k", "extra": 1}),
            json!({"type": "SetXCom", "key": "k", "dag_id": "d", "run_id": "r", "task_id": "t", "value": null}),
            json!({"type": "SucceedTask", "end_date": "2026-01-01T00:00:00Z", "task_outlets": [], "outlet_events": []}),
            json!({"type": "SkipDownstreamTasks", "tasks": ["a", ["b", 1]]}),
            json!({"type": "GetTaskStateStore", "ti_id": TI, "key": "k"}),
        ] {
            assert_eq!(check(&body), Ok(()), "{body}");
        }
    }

    #[test]
    fn what_would_never_be_answered_is_named() {
        let cases: [(Value, &str); 9] = [
            (json!([]), "not a map"),
            (json!({"type": "OKResponse"}), "not a message of a task"),
            (
                json!({"type": "GetVariable"}),
                "GetVariable.key: is missing",
            ),
            (json!({"type": "GetVariable", "key": 1}), "does not fit"),
            (
                json!({"type": "PutVariable", "key": "k", "value": "v"}),
                "description: is missing",
            ),
            (
                json!({"type": "RetryTask", "end_date": "2026-01-01T00:00:00"}),
                "end_date",
            ),
            (
                json!({"type": "SucceedTask", "end_date": "2026-01-01T00:00:00Z", "more": 1}),
                "takes no field",
            ),
            (
                json!({"type": "TaskState", "state": "success"}),
                "does not fit",
            ),
            (
                json!({"type": "ClearTaskStateStore", "ti_id": "x"}),
                "does not fit",
            ),
        ];
        for (body, text) in cases {
            let error = check(&body).err().unwrap_or_default();
            assert!(error.contains(text), "{body}: {error}");
        }
    }
}
