//! Log records: from the `log` facade (and `tracing`), filtered and sanitised, to the supervisor.

pub(crate) mod current;
pub(crate) mod exception;
pub(crate) mod facade;
pub(crate) mod levels;
pub(crate) mod record;
pub(crate) mod sink;
#[cfg(feature = "tracing")]
pub(crate) mod tracing;

use std::sync::Arc;

use self::levels::{Level, Levels};
use self::record::Record;
use self::sink::Sink;

/// Where the records of one task go, and which of them.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) sink: Sink,
    levels: Levels,
}

impl Route {
    pub(crate) fn new(levels: Levels) -> Arc<Self> {
        Arc::new(Self {
            sink: Sink::new(),
            levels,
        })
    }

    /// Whether Airflow's configuration lets this record through.
    pub(crate) fn enabled(&self, level: Level, logger: &str) -> bool {
        level >= self.levels.of(logger)
    }

    /// Sends a record, if its level is let through.
    pub(crate) fn send(&self, record: &Record) {
        if self.enabled(record.level(), record.logger()) {
            self.sink.push(record.line());
        }
    }

    /// A record of the SDK's own.
    pub(crate) fn say(&self, level: Level, event: impl Into<String>) {
        self.send(&Record::new(level, "airflow_sdk", event));
    }
}
