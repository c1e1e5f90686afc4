//! The records of a task's log.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::log_check;

/// A record of the task's log.
#[derive(Clone, Debug)]
pub struct LogRecord(Map<String, Value>);

impl LogRecord {
    /// The message.
    pub fn event(&self) -> &str {
        self.text("event")
    }

    /// The level as Airflow names it: `debug`, `info`, `warning`, `error` or `critical`.
    pub fn level(&self) -> &str {
        self.text("level")
    }

    /// The logger's name, dotted.
    pub fn logger(&self) -> &str {
        self.text("logger")
    }

    /// All fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Any field.
    pub fn field(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What came over the log socket.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// The records, in order.
    pub records: Vec<LogRecord>,
    /// Why Airflow's supervisor would have crashed on a line, or dropped it.
    pub rejections: Vec<String>,
}

impl Logs {
    /// Reads a log to its end. `see` gets each record when it comes.
    pub fn read(stream: impl Read, mut see: impl FnMut(&LogRecord)) -> io::Result<Self> {
        let mut logs = Self::default();
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => return Ok(logs),
                Ok(_) => {}
                // A process that was killed with unread data resets the connection.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(logs),
                Err(error) => return Err(error),
            }
            match log_check::check(&String::from_utf8_lossy(&line)) {
                Ok(record) => {
                    let record = LogRecord(record);
                    see(&record);
                    logs.records.push(record);
                }
                Err(error) => logs.rejections.push(error),
            }
        }
    }
}
