//! The check of a message against a [`Schema`].
//!
//! Where pydantic would convert a value (a numeric text for an integer, a number for a time), the check is stricter: it passes nothing
//! that Airflow refuses. A test of the packer holds it against the released packages.

use jiff::Span;
use jiff::civil::DateTime;
use serde_json::{Map, Value};

use super::shape::{Format, Kind, Others, Shape, name};
use super::{Problem, Receiver, Schema, Violation};

/// The length at which a value in an error is cut, in characters.
const SHOWN: usize = 200;

impl Schema {
    /// Whether `receiver` can decode `body`.
    pub fn check(&self, receiver: Receiver, body: &Value) -> Result<(), Violation> {
        let Value::Object(fields) = body else {
            return Err(Violation::NotAMap);
        };
        let Some(Value::String(message)) = fields.get("type") else {
            return Err(Violation::NoType);
        };
        let known = self
            .messages
            .get(&receiver)
            .is_some_and(|messages| messages.contains(message));
        match self.shapes.get(message) {
            Some(shape) if known => self
                .fits(shape, body)
                .map_err(|violation| violation.within(message)),
            _ => Err(Violation::Unknown {
                message: shown(message),
                receiver,
            }),
        }
    }

    /// The shape itself for one that refers to another.
    fn resolved<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        let named = shape.reference.as_deref().map(name);
        named
            .and_then(|name| self.shapes.get(name))
            .unwrap_or(shape)
    }

    fn fits(&self, shape: &Shape, value: &Value) -> Result<(), Violation> {
        let shape = self.resolved(shape);
        let alternatives = shape.alternatives();
        if !alternatives.is_empty() {
            return self.fits_one(shape, alternatives, value);
        }
        let kinds = shape
            .kind
            .as_ref()
            .map_or(&[][..], |kinds| kinds.as_slice());
        // Pydantic takes a number of seconds for a duration, though the schema tells of texts only.
        let is_seconds = shape.format == Some(Format::Duration) && value.is_number();
        let of_a_kind = kinds.is_empty() || kinds.iter().any(|kind| kind.has(value));
        let fits = (is_seconds || of_a_kind) && shape.allows(value);
        if !fits {
            return Err(self.wrong(shape, value));
        }
        match value {
            Value::Object(fields) => self.fields_fit(shape, fields),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let rest = shape.items.as_deref();
                    if let Some(shape) = shape.prefix_items.get(index).or(rest) {
                        self.fits(shape, item)
                            .map_err(|violation| violation.within(&format!("[{index}]")))?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn fields_fit(&self, shape: &Shape, fields: &Map<String, Value>) -> Result<(), Violation> {
        if let Some(key) = shape.required.iter().find(|key| !fields.contains_key(*key)) {
            let field = shape.properties.get(key);
            let problem = Problem::Missing {
                allowed: field.map_or_else(String::new, |field| self.allowed(field)),
            };
            return Err(Violation::Field {
                path: step(key),
                problem,
            });
        }
        for (key, value) in fields {
            let shape = match (shape.properties.get(key), &shape.additional_properties) {
                (Some(shape), _) => shape,
                (None, Some(Others::Each(shape))) => &**shape,
                (None, Some(Others::Allowed(false))) => {
                    let names: Vec<&str> = shape.properties.keys().map(String::as_str).collect();
                    let problem = Problem::Extra {
                        fields: names.join(", "),
                    };
                    return Err(Violation::Field {
                        path: step(key),
                        problem,
                    });
                }
                (None, Some(Others::Allowed(true)) | None) => continue,
            };
            self.fits(shape, value)
                .map_err(|violation| violation.within(&step(key)))?;
        }
        Ok(())
    }

    /// Whether the value fits one of the alternatives. If just one of them is for values of this kind, the error is what it says.
    fn fits_one(
        &self,
        shape: &Shape,
        alternatives: &[Shape],
        value: &Value,
    ) -> Result<(), Violation> {
        let mut of_its_kind = Vec::new();
        for alternative in alternatives {
            let Err(violation) = self.fits(alternative, value) else {
                return Ok(());
            };
            let kind = self.resolved(alternative).kind.as_ref();
            if kind.is_some_and(|kind| kind.as_slice().iter().any(|kind| kind.has(value))) {
                of_its_kind.push(violation);
            }
        }
        match <[Violation; 1]>::try_from(of_its_kind) {
            Ok([violation @ Violation::Field { .. }]) if value.is_object() || value.is_array() => {
                Err(violation)
            }
            _ => Err(self.wrong(shape, value)),
        }
    }

    fn wrong(&self, shape: &Shape, value: &Value) -> Violation {
        Violation::Field {
            path: String::new(),
            problem: Problem::Value {
                value: shown(&value.to_string()),
                allowed: self.allowed(shape),
            },
        }
    }

    /// What a value of this shape is, for a person.
    fn allowed(&self, shape: &Shape) -> String {
        let shape = self.resolved(shape);
        let alternatives = shape.alternatives();
        if !alternatives.is_empty() {
            let all: Vec<String> = alternatives.iter().map(|one| self.allowed(one)).collect();
            return all.join(" or ");
        }
        if let Some(constant) = &shape.constant {
            return format!("{constant:?}");
        }
        if !shape.choices.is_empty() {
            let all: Vec<String> = shape.choices.iter().map(|one| format!("{one:?}")).collect();
            return format!("one of {}", all.join(", "));
        }
        let format = shape.format.map(|format| match format {
            Format::DateTime => "a time with its offset, as in \"2026-06-16T12:00:00Z\"",
            Format::Duration => "a number of seconds or an ISO 8601 duration, as in \"PT1.5S\"",
            Format::Path => "a path",
            Format::Uuid => "a UUID",
        });
        if let Some(format) = format {
            return format.to_owned();
        }
        let kinds = shape
            .kind
            .as_ref()
            .map_or(&[][..], |kinds| kinds.as_slice());
        let [kind] = kinds else {
            return "any value".to_owned();
        };
        match (kind, shape) {
            (Kind::Null, _) => "null".to_owned(),
            (Kind::Boolean, _) => "true or false".to_owned(),
            (Kind::String, _) => "a text".to_owned(),
            (Kind::Integer | Kind::Number, _) => {
                let kind = if *kind == Kind::Integer {
                    "an integer"
                } else {
                    "a number"
                };
                match (shape.minimum, shape.exclusive_minimum) {
                    (Some(least), _) => format!("{kind} of at least {least}"),
                    (None, Some(below)) => format!("{kind} above {below}"),
                    (None, None) => kind.to_owned(),
                }
            }
            (Kind::Array, _) if !shape.prefix_items.is_empty() => {
                let items: Vec<String> = shape
                    .prefix_items
                    .iter()
                    .map(|item| self.allowed(item))
                    .collect();
                format!("a list of {}", items.join(" and "))
            }
            (Kind::Array, _) => {
                let least = shape.min_items.map_or_else(String::new, |least| {
                    format!(
                        " with {least} item{} or more",
                        if least == 1 { "" } else { "s" }
                    )
                });
                match &shape.items {
                    Some(item) => format!("a list{least}, each item {}", self.allowed(item)),
                    None => format!("a list{least}"),
                }
            }
            (Kind::Object, _) if shape.properties.is_empty() => "a map".to_owned(),
            (Kind::Object, _) => {
                let names: Vec<&str> = shape.properties.keys().map(String::as_str).collect();
                format!("a map of {}", names.join(", "))
            }
        }
    }
}

impl Kind {
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl Shape {
    /// Whether the value is within the limits that the shape sets to values of its kind, its parts aside.
    fn allows(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                self.constant
                    .as_ref()
                    .is_none_or(|constant| constant == text)
                    && (self.choices.is_empty() || self.choices.contains(text))
                    && self.format.is_none_or(|format| format.has(text))
            }
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                self.minimum.is_none_or(|least| number >= least)
                    && self.exclusive_minimum.is_none_or(|below| number > below)
            }
            Value::Array(items) => {
                self.min_items.is_none_or(|least| items.len() >= least)
                    && self.max_items.is_none_or(|most| items.len() <= most)
            }
            _ => true,
        }
    }
}

impl Format {
    fn has(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_time(text),
            Self::Duration => is_duration(text),
            Self::Path => true,
            Self::Uuid => is_uuid(text),
        }
    }
}

/// Python has the years 1 to 9999, and the supervisor refuses most times without an offset.
fn is_time(text: &str) -> bool {
    let offset_at = text.len().saturating_sub("+00:00".len());
    let (time, offset) = match text.strip_suffix('Z') {
        Some(time) => (time, "+00:00"),
        None => match text.split_at_checked(offset_at) {
            Some(parts) => parts,
            None => return false,
        },
    };
    let is_offset = match offset.as_bytes() {
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit())
                && (*h1, *h2) < (b'2', b'4')
                && *m1 < b'6'
        }
        _ => false,
    };
    // A text without minutes is a time to jiff and not to pydantic.
    is_offset
        && time.len() >= "2026-06-16T12:00".len()
        && time.parse::<DateTime>().is_ok_and(|at| at.year() >= 1)
}

fn is_duration(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    unsigned.starts_with('P') && unsigned.parse::<Span>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The step to a field. A key that could be mistaken for something else is quoted.
fn step(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !key.is_empty() && key.bytes().all(plain) {
        format!(".{key}")
    } else {
        format!("[{}]", shown(&format!("{key:?}")))
    }
}

/// The beginning of a text.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use serde_json::{Value, json};

    use super::{Receiver, Schema};

    const TI: &str = "01990000-0000-7000-8000-000000000001";

    fn check(version: &str, receiver: Receiver, body: &Value) -> Option<String> {
        let result = Schema::of(version).unwrap().check(receiver, body);
        result.err().map(|violation| violation.to_string())
    }

    /// The violation of a message of a task, by the schema of Airflow 3.3.
    fn violation(body: &Value) -> Option<String> {
        check("2026-06-16", Receiver::ToSupervisor, body)
    }

    #[test]
    fn good_messages_pass() {
        let time = "2026-01-01T00:00:00Z";
        for body in [
            json!({"type": "GetVariable", "key": "k", "extra": 1}),
            json!({"type": "SetXCom", "key": "k", "dag_id": "d", "run_id": "r", "task_id": "t", "value": null}),
            json!({"type": "SucceedTask", "end_date": time, "task_outlets": [], "outlet_events": []}),
            json!({"type": "SucceedTask", "end_date": time, "task_outlets": [{"type": "Asset", "name": null}]}),
            json!({"type": "SkipDownstreamTasks", "tasks": ["a", ["b", 1]]}),
            json!({"type": "GetTaskStateStore", "ti_id": TI, "key": "k"}),
            json!({"type": "RetryTask", "end_date": "9999-12-31T23:59:59.999999+02:30"}),
            json!({"type": "AwaitInputTask", "next_method": "m", "timeout": "-P1DT3.5S"}),
            json!({"type": "AwaitInputTask", "next_method": "m", "timeout": 1.5}),
        ] {
            assert_eq!(violation(&body), None, "{body}");
        }
    }

    #[test]
    fn what_would_never_be_answered_is_named_with_what_is_allowed() {
        let time = "2026-01-01T00:00:00Z";
        for (body, text) in [
            (json!([]), "the body is not a map"),
            (json!({"type": 1}), "the body has no type"),
            (
                json!({"type": "OKResponse", "ok": true}),
                "OKResponse is not a message to the supervisor of a task",
            ),
            (
                json!({"type": "GetVariable"}),
                "GetVariable.key is missing; it must be a text",
            ),
            (
                json!({"type": "GetVariable", "key": 1}),
                "GetVariable.key is 1; it must be a text",
            ),
            (
                json!({"type": "PutVariable", "key": "k", "value": "v"}),
                "PutVariable.description is missing; it must be a text or null",
            ),
            (
                json!({"type": "RetryTask", "end_date": "2026-01-01T00:00:00"}),
                "RetryTask.end_date is \"2026-01-01T00:00:00\"; it must be a time with its offset, as in \"2026-06-16T12:00:00Z\"",
            ),
            (
                json!({"type": "RescheduleTask", "end_date": time, "reschedule_date": time, "more": 1}),
                "RescheduleTask.more is not a field; there are end_date, reschedule_date, state, type",
            ),
            (
                json!({"type": "TaskState", "state": "success"}),
                "TaskState.state is \"success\"; it must be one of \"failed\", \"skipped\", \"removed\"",
            ),
            (
                json!({"type": "ClearTaskStateStore", "ti_id": "x"}),
                "ClearTaskStateStore.ti_id is \"x\"; it must be a UUID",
            ),
            (
                json!({"type": "CreateHITLDetailPayload", "ti_id": TI, "subject": "s", "options": []}),
                "CreateHITLDetailPayload.options is []; it must be a list with 1 item or more, each item a text",
            ),
            (
                json!({"type": "SkipDownstreamTasks", "tasks": ["a", ["b", "c"]]}),
                "SkipDownstreamTasks.tasks[1][1] is \"c\"; it must be an integer",
            ),
            (
                json!({"type": "SucceedTask", "end_date": time, "task_outlets": [{"type": "Asset"}, {"type": "Asset", "a b": 1}]}),
                "SucceedTask.task_outlets[1][\"a b\"] is not a field; there are name, type, uri",
            ),
        ] {
            assert_eq!(violation(&body).as_deref(), Some(text), "{body}");
        }
        let long = json!({"type": "GetVariable", "key": vec!["\u{1b}\u{e4}"; 1000]});
        let text = violation(&long).unwrap();
        assert!(text.len() < 500 && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_version_has_its_own_fields_and_a_receiver_its_own_messages() {
        let body = json!({"type": "SetExecutionTimeout", "timeout_seconds": 0});
        let text = "SetExecutionTimeout is not a message to the supervisor of a task";
        assert_eq!(violation(&body).as_deref(), Some(text));
        assert_eq!(
            check("2026-10-30", Receiver::ToSupervisor, &body).as_deref(),
            Some("SetExecutionTimeout.timeout_seconds is 0; it must be a number above 0")
        );
        let dags =
            json!({"type": "DagFileParsingResult", "fileloc": "/b", "serialized_dags": [{}]});
        assert_eq!(
            check("2026-06-16", Receiver::ToManager, &dags).as_deref(),
            Some("DagFileParsingResult.serialized_dags[0].data is missing; it must be a map")
        );
        assert!(violation(&dags).is_some_and(|text| text.contains("not a message to")));
    }
}
