//! The message by which a supervisor starts a task.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Release;
use crate::message::now;
use crate::timestamp;

/// The ids of the task instance and of its Dag's version.
const TI_ID: &str = "01990000-0000-7000-8000-000000000001";
const VERSION_ID: &str = "01990000-0000-7000-8000-000000000002";

/// What a supervisor tells a task of itself and its run: the message `StartupDetails`.
#[derive(Clone, Debug)]
pub struct TaskStart {
    /// The Dag's id.
    pub dag_id: String,
    /// The task's id.
    pub task_id: String,
    /// The run's id.
    pub run_id: String,
    /// The place among the instances of a mapped task, from 0; -1 for a task that is not mapped.
    pub map_index: i64,
    /// Which try this is, from 1.
    pub try_number: u32,
    /// How many retries the task has.
    pub retries: u32,
    /// The run's logical date, if it has one. The data interval begins and ends with it.
    pub logical_date: Option<Timestamp>,
    /// The run's configuration.
    pub conf: Map<String, Value>,
    /// The keys of the XComs that an earlier try has left.
    pub stale_xcoms: Vec<String>,
    /// For a task that is resumed: the name of the method, and its keyword arguments.
    pub resume: Option<(String, Value)>,
    /// The release whose supervisor sends the message.
    pub release: Release,
    /// Fields of `ti_context` that 3.4 sends to bundles of 2026-10-30.
    pub more: Map<String, Value>,
}

impl TaskStart {
    /// The first and only try of a task that is not mapped, in the run `test_run`.
    pub fn new(dag_id: &str, task_id: &str) -> Self {
        Self {
            dag_id: dag_id.to_owned(),
            task_id: task_id.to_owned(),
            run_id: "test_run".to_owned(),
            map_index: -1,
            try_number: 1,
            retries: 0,
            logical_date: None,
            conf: Map::new(),
            stale_xcoms: Vec::new(),
            resume: None,
            release: Release::AIRFLOW_3_3,
            more: Map::new(),
        }
    }

    /// The Dag's id and the run's.
    pub fn run(&self) -> (String, String) {
        (self.dag_id.clone(), self.run_id.clone())
    }

    /// The task's id in lists of states: that of an instance of a mapped task ends with `_` and its index.
    pub fn instance(&self) -> String {
        match self.map_index {
            0.. => format!("{}_{}", self.task_id, self.map_index),
            _ => self.task_id.clone(),
        }
    }

    /// The message, with the fields that the release sends to bundles of 2026-06-16, and `more`.
    pub fn message(&self) -> Value {
        let now = now();
        let date = self.logical_date.map(timestamp::text);
        let (next_method, next_kwargs) = self.resume.clone().unzip();
        let mut message = json!({
            "type": "StartupDetails",
            "ti": {
                "id": TI_ID, "task_id": self.task_id, "dag_id": self.dag_id, "run_id": self.run_id,
                "try_number": self.try_number, "dag_version_id": VERSION_ID, "map_index": self.map_index, "hostname": "",
                "context_carrier": null, "queue": "default",
            },
            "dag_rel_path": format!("{}.py", self.dag_id),
            "bundle_info": {"name": "dags-folder", "version": null},
            "start_date": now,
            "ti_context": {
                "dag_run": {
                    "dag_id": self.dag_id, "run_id": self.run_id, "logical_date": date, "data_interval_start": date,
                    "data_interval_end": date, "run_after": now, "start_date": now, "end_date": null, "clear_number": 0,
                    "run_type": "manual", "state": "running", "conf": self.conf, "triggering_user_name": null,
                    "consumed_asset_events": [], "partition_key": null, "partition_date": null, "note": null,
                    "team_name": null,
                },
                "task_reschedule_count": 0,
                "max_tries": self.retries,
                "variables": [],
                "connections": [],
                "next_method": next_method,
                "next_kwargs": next_kwargs,
                "xcom_keys_to_clear": self.stale_xcoms,
                "should_retry": self.retries != 0 && self.try_number <= self.retries,
                "start_date": null,
            },
            "sentry_integration": "",
        });
        if self.release == Release::AIRFLOW_3_4 {
            message["bundle_info"]["version_data"] = Value::Null;
            message["ti_context"]["multi_team"] = false.into();
            for (key, value) in &self.more {
                message["ti_context"][key] = value.clone();
            }
        }
        message
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use serde_json::json;

    use super::TaskStart;
    use crate::Release;
    use crate::schema::{Receiver, Schema};

    #[test]
    fn a_task_can_decode_the_message() {
        let mut start = TaskStart::new("sales", "load");
        start.logical_date = Some(jiff::Timestamp::UNIX_EPOCH);
        start.resume = Some(("woken".into(), json!({"event": 3})));
        for release in Release::ALL {
            start.release = release;
            for version in release.schema_versions {
                let schema = Schema::of(version).unwrap();
                let message = start.message();
                assert_eq!(schema.check(Receiver::ToTask, &message), Ok(()));
                assert_eq!(Release::that_started(&message["ti_context"]), release);
            }
        }
    }
}
