//! Values on the wire: plain JSON, checked before it is sent, and simplified when Python's own types come in.

mod key;
mod marked;
mod plain;
mod ser;

pub use plain::plain;
pub(crate) use ser::to_value;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::error::{ClientError, ClientErrorKind};

/// Why a value can't be sent to Airflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    message: String,
    /// Where in the value, outermost first: `.rows[3].total`.
    path: String,
}

impl ValueError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            path: String::new(),
        }
    }

    pub(crate) fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// The number, if JSON has it.
fn float(value: f64) -> Result<Value, ValueError> {
    serde_json::Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| {
            ValueError::new(format!(
                "{value} is not a JSON number: send null or a string instead"
            ))
        })
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, path } = self;
        if path.is_empty() {
            f.write_str(message)
        } else {
            write!(f, "{message} (at {path})")
        }
    }
}

impl std::error::Error for ValueError {}

/// Turns a user's value into what the wire carries; `what` names it in the error.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, what: &str) -> Result<Value, ClientError> {
    to_value(value).map_err(|error| {
        ClientError::new(
            ClientErrorKind::Value,
            format!("{what} can't be sent to Airflow: {error}"),
        )
    })
}

/// Turns a value that Airflow sent into the user's type; `what` names it in the error.
pub(crate) fn decode<T: DeserializeOwned>(value: Value, what: &str) -> Result<T, ClientError> {
    let shape = shape(&value);
    serde_json::from_value(plain(value)).map_err(|error| {
        ClientError::new(
            ClientErrorKind::Decode,
            format!(
                "{what} is {shape}, not a {}: {error}",
                short_type_name::<T>()
            ),
        )
    })
}

/// Reads a JSON text as the user's type.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text).or_else(|error| {
        // With `serde_json/arbitrary_precision`, a number in a text looks like a map to untagged and flattened types, but one
        // in a value does not if it is written as the SDK would.
        let value: Value = serde_json::from_str(text)?;
        serde_json::from_value(numbers(value)).map_err(|_| error)
    })
}

/// Writes each number with 64 bits or as a float, where it is one.
fn numbers(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, numbers(value)))
            .collect(),
        Value::Number(number) if !number.is_i64() && !number.is_u64() => number
            .as_f64()
            .and_then(serde_json::Number::from_f64)
            .map_or(Value::Number(number), Value::Number),
        other => other,
    }
}

/// What a value is, for errors.
pub(crate) fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The type's name without the paths in it.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let mut short = String::new();
    let mut word = String::new();
    for c in std::any::type_name::<T>().chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else if c == ':' {
            word.clear();
        } else {
            short.push_str(&word);
            word.clear();
            short.push(c);
        }
    }
    short + &word
}

#[cfg(test)]
mod tests {
    use super::short_type_name;

    #[test]
    fn type_names_lose_their_paths() {
        assert_eq!(
            short_type_name::<Vec<Option<String>>>(),
            "Vec<Option<String>>"
        );
        assert_eq!(short_type_name::<(u8, String)>(), "(u8, String)");
    }
}
