//! One record of the log: fixed keys of the SDK's own, and the user's fields under keys that the supervisor survives.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::levels::{Level, dotted};

/// Keys that a user's field may not have: the SDK sets them, or they crash the supervisor or have an effect there.
const RESERVED: [&str; 17] = [
    "event",
    "level",
    "timestamp",
    "logger",
    "logger_name",
    "exception",
    "error_detail",
    "filename",
    "lineno",
    "func_name",
    "target",
    "msg",
    "self",
    "method_name",
    "positional_args",
    "exc_info",
    "stack_info",
];

/// What stands for a field's value that says nothing.
pub(crate) const UNWRITABLE: &str = "a value that cannot be written";

/// A record on its way to the supervisor.
#[derive(Debug)]
pub(crate) struct Record {
    level: Level,
    logger: String,
    fields: Map<String, Value>,
}

impl Record {
    /// A record of now.
    pub(crate) fn new(level: Level, logger: &str, event: impl Into<String>) -> Self {
        let logger = dotted(logger);
        // Airflow's log has microseconds.
        let now =
            Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or_default();
        let mut fields = Map::new();
        fields.insert("timestamp".to_owned(), now.to_string().into());
        fields.insert("level".to_owned(), level.name().into());
        fields.insert("logger".to_owned(), logger.as_str().into());
        fields.insert("event".to_owned(), event.into().into());
        Self {
            level,
            logger,
            fields,
        }
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn logger(&self) -> &str {
        &self.logger
    }

    /// The call site.
    pub(crate) fn at(mut self, file: Option<&str>, line: Option<u32>) -> Self {
        if let Some(file) = file {
            self.fields.insert("filename".into(), file.into());
        }
        if let Some(line) = line {
            self.fields.insert("lineno".into(), line.into());
        }
        self
    }

    /// A field of the user's. A key that is taken gets underscores at its end.
    pub(crate) fn field(&mut self, key: &str, value: Value) {
        let mut key = key.to_owned();
        while RESERVED.contains(&key.as_str()) || self.fields.contains_key(&key) {
            key.push('_');
        }
        self.fields.insert(key, value);
    }

    /// A structured exception, as [`super::exception`] makes them, or null for none.
    pub(crate) fn exception(mut self, detail: Value) -> Self {
        if !detail.is_null() {
            self.fields.insert("error_detail".into(), detail);
        }
        self
    }

    /// The record as a line of JSON.
    pub(crate) fn line(&self) -> Vec<u8> {
        // Serializing strings, numbers and maps of them has no way to fail.
        let mut line = serde_json::to_vec(&self.fields).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{Value, json};

    use super::{RESERVED, Record};
    use crate::logging::levels::Level;

    #[test]
    fn every_poisonous_key_is_renamed() {
        let mut record = Record::new(Level::Info, "a::b", "hello\nworld");
        for key in RESERVED {
            record.field(key, json!("poison"));
        }
        record.field("rows", json!(3));
        record.field("rows", json!(4));
        let line = record.line();
        assert!(line.ends_with(b"\n") && line.split(|byte| *byte == b'\n').count() == 2);
        let value: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(value["event"], "hello\nworld");
        assert_eq!(value["level"], "info");
        assert_eq!(value["logger"], "a.b");
        assert_eq!(value["rows"], 3);
        assert_eq!(value["rows_"], 4);
        for key in RESERVED {
            assert_ne!(value[key], "poison", "{key}");
            assert_eq!(value[format!("{key}_")], "poison", "{key}");
        }
    }
}
