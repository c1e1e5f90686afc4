//! What only a newer Airflow knows: each call asks here first, because an older supervisor never answers.

use std::time::Duration;

use airflow_protocol::message::{message, seconds};
use airflow_protocol::startup::LoopContext;
use airflow_protocol::terminal::LoopDecision;
use jiff::Timestamp;
use serde_json::Value;

use crate::client::error::{ClientError, ClientErrorKind};
use crate::task::context::Task;

/// The longest reason of a loop's decision, in bytes (`LOOP_DECISION_REASON_MAX_BYTES` of 3.4.0b2).
const LONGEST_REASON: usize = 512;

impl Task {
    /// An error if the supervisor would not answer, or not heed, what came with Airflow 3.4.
    pub(crate) fn check_knows(&self, what: &str) -> Result<(), ClientError> {
        let release = self.details().release;
        if release.takes_2026_10_30() {
            return Ok(());
        }
        Err(ClientError::new(
            ClientErrorKind::Unsupported,
            format!(
                "{what} was not sent: it came with Airflow 3.4, and the supervisor of {release} would not heed it"
            ),
        ))
    }

    /// Limits the time of this try, from now on: then it is told to stop, as by a signal, and two seconds later at the latest it has failed,
    /// and is retried if it has tries left. A later call replaces the limit.
    ///
    /// Airflow does not apply a stub's `execution_timeout` to tasks outside Python; this call does it. The process itself keeps the limit,
    /// under each release. The supervisor of Airflow 3.4 is told too: it ends a process that hangs `[core] killed_task_cleanup_time` (60 s)
    /// after the limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use airflow_sdk::{Result, Task};
    ///
    /// fn load(task: &Task) -> Result<()> {
    ///     task.set_execution_timeout(Duration::from_secs(300))?;
    ///     task.cancellation().sleep(Duration::from_millis(1))?;
    ///     Ok(())
    /// }
    /// ```
    pub fn set_execution_timeout(&self, timeout: Duration) -> Result<(), ClientError> {
        if timeout.is_zero() {
            return Err(ClientError::new(
                ClientErrorKind::Value,
                "an execution timeout must be longer than no time at all",
            ));
        }
        self.limit(timeout);
        if !self.details().release.takes_2026_10_30() {
            return Ok(());
        }
        let fields = [("timeout_seconds", Some(seconds(timeout)))];
        self.tell(&message("SetExecutionTimeout", &fields))
    }

    /// Sets the note of this task's Dag run; `None` removes it. Needs Airflow 3.4: under 3.3 it is an error of the kind
    /// [`Unsupported`](ClientErrorKind::Unsupported).
    pub fn update_dag_run_note(&self, note: Option<&str>) -> Result<(), ClientError> {
        self.check_knows("UpdateDagRunNote")?;
        let fields = [
            ("ti_id", Some(self.id().into())),
            ("note", Some(Value::from(note))),
        ];
        self.tell(&message("UpdateDagRunNote", &fields))
    }

    /// When this task was first rescheduled, or `None` if it was not; a sensor's own time-out counts from there. Airflow 3.4 says so to
    /// bundles that are for 3.4 alone; elsewhere it is `None`, and [`first_reschedule`](Self::first_reschedule) asks Airflow.
    pub fn first_task_reschedule_start_date(&self) -> Option<Timestamp> {
        self.details().ti_context.first_task_reschedule_start_date
    }

    /// The pass of the loop that this task is in; `None` outside of loops. Airflow 3.4 says so to bundles that are for 3.4 alone.
    pub fn loop_context(&self) -> Option<&LoopContext> {
        self.details().ti_context.loop_context.as_ref()
    }

    /// As the gate of a loop, decides whether the loop stops with this pass, and why; told to Airflow with the task's success, or with its
    /// failure for good. The reason has 512 bytes at most. Needs Airflow 3.4: under 3.3 it is an error of the kind
    /// [`Unsupported`](ClientErrorKind::Unsupported).
    pub fn decide_loop(&self, stop: bool, reason: Option<&str>) -> Result<(), ClientError> {
        self.check_knows("loop_decision")?;
        if reason.is_some_and(|reason| reason.len() > LONGEST_REASON || reason.contains('\0')) {
            return Err(ClientError::new(
                ClientErrorKind::Value,
                format!(
                    "the reason of a loop's decision has {LONGEST_REASON} bytes at most, and no NUL"
                ),
            ));
        }
        self.extras().loop_decision = Some(LoopDecision {
            stop,
            reason: reason.map(str::to_owned),
        });
        Ok(())
    }
}
