//! What came of a task in a test.

use std::fmt;

use airflow_protocol::supervisor::{Conversation, LogRecord, Logs, State, TaskStart, XComPlace};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::task::RETURN_VALUE;
use crate::value::plain;

/// What came of a task; made by [`Supervisor::run`](super::Supervisor::run).
#[derive(Clone, Debug)]
pub struct Report {
    conversation: Conversation,
    logs: Logs,
    delivered: bool,
    start: TaskStart,
    rejections: Vec<String>,
}

impl Report {
    /// What came of the task that was started so. `delivered` says whether its process would have exited with 0.
    pub(crate) fn new(
        conversation: Conversation,
        logs: Logs,
        delivered: bool,
        start: TaskStart,
    ) -> Self {
        let rejections = [&conversation.rejections[..], &logs.rejections].concat();
        Self {
            conversation,
            logs,
            delivered,
            start,
            rejections,
        }
    }

    /// The task's state.
    pub fn state(&self) -> State {
        self.conversation.state(self.delivered)
    }

    /// The return value, deserialized; `None` if there is none or it has another type.
    pub fn return_value<T: DeserializeOwned>(&self) -> Option<T> {
        self.xcom(RETURN_VALUE)
    }

    /// An XCom that the task has under this key, deserialized; `None` if there is none or it has another type.
    pub fn xcom<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let start = &self.start;
        let place = XComPlace {
            dag_id: start.dag_id.clone(),
            run_id: start.run_id.clone(),
            task_id: start.task_id.clone(),
            key: key.to_owned(),
            map_index: start.map_index,
        };
        let value = self.conversation.world.xcoms.get(&place)?;
        serde_json::from_value(plain(value.clone())).ok()
    }

    /// A variable's text after the run.
    pub fn variable(&self, key: &str) -> Option<&str> {
        self.conversation.world.variables.get(key)?.as_deref()
    }

    /// The Dag runs that the task has triggered: the messages, in order.
    pub fn triggered_dag_runs(&self) -> &[Value] {
        &self.conversation.world.triggered
    }

    /// The note that the task has given its run; `None` if it gave none or removed it.
    pub fn dag_run_note(&self) -> Option<&str> {
        self.conversation.world.note.as_ref()?.as_str()
    }

    /// The secrets that the task has masked.
    pub fn masked(&self) -> &[Value] {
        &self.conversation.world.masked
    }

    /// The log's records, in order.
    pub fn logs(&self) -> &[LogRecord] {
        &self.logs.records
    }

    /// Whether a log message contains this text.
    pub fn has_log(&self, text: &str) -> bool {
        self.logs()
            .iter()
            .any(|record| record.event().contains(text))
    }

    /// All messages that the task sent, in order.
    pub fn messages(&self) -> &[Value] {
        &self.conversation.messages
    }

    /// The messages of one type, in order.
    pub fn messages_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.messages()
            .iter()
            .filter(move |message| message["type"] == kind)
    }

    /// The terminal message; `None` if there was none.
    pub fn terminal(&self) -> Option<&Value> {
        self.conversation.terminal.last()
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
            self.state() == State::Success && self.rejections.is_empty(),
            "{self}"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaskStart {
            dag_id: dag,
            run_id: run,
            task_id: task,
            map_index: index,
            ..
        } = &self.start;
        writeln!(
            f,
            "the task {task:?} of dag {dag:?} (run {run:?}, map index {index}) is {}",
            self.state()
        )?;
        for rejection in &self.rejections {
            writeln!(f, "  rejected: {rejection}")?;
        }
        for record in self.logs() {
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
