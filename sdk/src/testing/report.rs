//! What came of a task in a test.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::world::World;
use crate::task::RETURN_VALUE;
use crate::value::plain;

/// The state of the task when the test run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// `success`.
    Success,
    /// `failed`.
    Failed,
    /// `up_for_retry`.
    UpForRetry,
    /// `skipped`.
    Skipped,
    /// `up_for_reschedule`.
    UpForReschedule,
    /// `deferred`.
    Deferred,
    /// `awaiting_input`.
    AwaitingInput,
    /// No outcome was delivered: under Airflow the task would stay *running* until the scheduler notices.
    Lost,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::UpForRetry => "up_for_retry",
            Self::Skipped => "skipped",
            Self::UpForReschedule => "up_for_reschedule",
            Self::Deferred => "deferred",
            Self::AwaitingInput => "awaiting_input",
            Self::Lost => "lost",
        })
    }
}

/// A record of the task's log.
#[derive(Clone, Debug)]
pub struct LogRecord(pub(crate) Map<String, Value>);

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

    /// Any field.
    pub fn field(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What came of a task; made by [`Supervisor::run`](super::Supervisor::run).
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) state: State,
    pub(crate) delivered: bool,
    pub(crate) own: (String, String, String, i64),
    pub(crate) world: World,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) messages: Vec<Value>,
    pub(crate) terminal: Vec<Value>,
    pub(crate) rejections: Vec<String>,
}

impl Report {
    /// The task's state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The return value, deserialized; `None` if there is none or it has another type.
    pub fn return_value<T: DeserializeOwned>(&self) -> Option<T> {
        self.xcom(RETURN_VALUE)
    }

    /// An XCom that the task has under this key, deserialized; `None` if there is none or it has another type.
    pub fn xcom<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let (dag, run, task, index) = self.own.clone();
        let value = self
            .world
            .xcoms
            .get(&(dag, run, task, key.to_owned(), index))?;
        serde_json::from_value(plain(value.clone())).ok()
    }

    /// A variable's text after the run.
    pub fn variable(&self, key: &str) -> Option<&str> {
        self.world.variables.get(key)?.as_deref()
    }

    /// The Dag runs that the task has triggered: the messages, in order.
    pub fn triggered_dag_runs(&self) -> &[Value] {
        &self.world.triggered
    }

    /// The secrets that the task has masked.
    pub fn masked(&self) -> &[Value] {
        &self.world.masked
    }

    /// The log's records, in order.
    pub fn logs(&self) -> &[LogRecord] {
        &self.logs
    }

    /// Whether a log message contains this text.
    pub fn has_log(&self, text: &str) -> bool {
        self.logs.iter().any(|record| record.event().contains(text))
    }

    /// All messages that the task sent, in order.
    pub fn messages(&self) -> &[Value] {
        &self.messages
    }

    /// The messages of one type, in order.
    pub fn messages_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.messages
            .iter()
            .filter(move |message| message["type"] == kind)
    }

    /// The terminal message; `None` if there was none.
    pub fn terminal(&self) -> Option<&Value> {
        self.terminal.last()
    }

    /// What the real supervisor would not have answered, or would have crashed on. Empty for a task that behaves.
    pub fn rejections(&self) -> &[String] {
        &self.rejections
    }

    /// Whether the process would have exited with 0.
    pub fn exited_well(&self) -> bool {
        self.delivered
    }

    /// Checks that the task succeeded and that nothing was rejected.
    ///
    /// # Panics
    ///
    /// If not; with the log.
    #[track_caller]
    pub fn assert_success(&self) {
        assert!(
            self.state == State::Success && self.rejections.is_empty(),
            "{self}"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dag, run, task, index) = &self.own;
        writeln!(
            f,
            "the task {task:?} of dag {dag:?} (run {run:?}, map index {index}) is {}",
            self.state
        )?;
        for rejection in &self.rejections {
            writeln!(f, "  rejected: {rejection}")?;
        }
        for record in &self.logs {
            writeln!(
                f,
                "  {:8} {}: {}",
                record.level(),
                record.logger(),
                record.event()
            )?;
        }
        Ok(())
    }
}
