//! The first frame: what the supervisor says about the task to run. Unknown fields are ignored.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// `StartupDetails`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StartupDetails {
    pub(crate) ti: TaskInstance,
    #[serde(default)]
    pub(crate) dag_rel_path: String,
    #[serde(default)]
    pub(crate) start_date: Option<Timestamp>,
    pub(crate) ti_context: RunContext,
}

/// The task instance.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TaskInstance {
    pub(crate) id: String,
    pub(crate) task_id: String,
    pub(crate) dag_id: String,
    pub(crate) run_id: String,
    #[serde(default = "first_try")]
    pub(crate) try_number: u32,
    /// -1 or null for a task that is not mapped.
    #[serde(default)]
    pub(crate) map_index: Option<i64>,
    #[serde(default)]
    pub(crate) hostname: Option<String>,
    #[serde(default)]
    pub(crate) queue: Option<String>,
}

fn first_try() -> u32 {
    1
}

/// `TIRunContext`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RunContext {
    pub(crate) dag_run: DagRun,
    #[serde(default)]
    pub(crate) task_reschedule_count: Option<u32>,
    #[serde(default)]
    pub(crate) max_tries: i64,
    #[serde(default)]
    pub(crate) next_method: Option<String>,
    #[serde(default)]
    pub(crate) next_kwargs: Option<Value>,
    #[serde(default)]
    pub(crate) xcom_keys_to_clear: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) should_retry: Option<bool>,
    #[serde(default)]
    pub(crate) start_date: Option<Timestamp>,
}

/// A Dag run.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct DagRun {
    /// The Dag's id.
    pub dag_id: String,
    /// The run's id.
    pub run_id: String,
    /// The logical date; absent for runs that were triggered without one.
    #[serde(default)]
    pub logical_date: Option<Timestamp>,
    /// The start of the data interval.
    #[serde(default)]
    pub data_interval_start: Option<Timestamp>,
    /// The end of the data interval.
    #[serde(default)]
    pub data_interval_end: Option<Timestamp>,
    /// When the run could start at the earliest.
    #[serde(default)]
    pub run_after: Option<Timestamp>,
    /// When the run started.
    #[serde(default)]
    pub start_date: Option<Timestamp>,
    /// When the run ended.
    #[serde(default)]
    pub end_date: Option<Timestamp>,
    /// How often the run was cleared.
    #[serde(default)]
    pub clear_number: Option<i64>,
    /// `scheduled`, `manual`, `backfill`, `asset_triggered`, ...
    #[serde(default)]
    pub run_type: String,
    /// `queued`, `running`, `success` or `failed`.
    #[serde(default)]
    pub state: String,
    /// The run's configuration.
    #[serde(default)]
    pub conf: Option<Map<String, Value>>,
    /// The asset events that triggered the run.
    #[serde(default)]
    pub consumed_asset_events: Option<Vec<ConsumedAssetEvent>>,
    /// The name of the user who triggered the run.
    #[serde(default)]
    pub triggering_user_name: Option<String>,
    /// The partition of an asset-triggered run.
    #[serde(default)]
    pub partition_key: Option<String>,
    /// The run's note.
    #[serde(default)]
    pub note: Option<String>,
}

/// An asset event that triggered the run.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ConsumedAssetEvent {
    /// The asset.
    pub asset: ConsumedAsset,
    /// What the producer attached to the event.
    #[serde(default)]
    pub extra: Option<Map<String, Value>>,
    /// The task that produced the event, if one did.
    #[serde(default)]
    pub source_task_id: Option<String>,
    /// That task's Dag.
    #[serde(default)]
    pub source_dag_id: Option<String>,
    /// That task's run.
    #[serde(default)]
    pub source_run_id: Option<String>,
    /// That task's map index.
    #[serde(default)]
    pub source_map_index: Option<i64>,
    /// When the event happened.
    pub timestamp: Timestamp,
    /// The partition.
    #[serde(default)]
    pub partition_key: Option<String>,
}

/// The asset of a [`ConsumedAssetEvent`].
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ConsumedAsset {
    /// The asset's name.
    pub name: String,
    /// The asset's URI.
    pub uri: String,
    /// The asset's own extra.
    #[serde(default)]
    pub extra: Option<Map<String, Value>>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::json;

    use super::StartupDetails;

    #[test]
    fn unknown_fields_and_absent_options_are_fine() {
        let details: StartupDetails = serde_json::from_value(json!({
            "type": "StartupDetails",
            "ti": {"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r", "try_number": 2, "map_index": -1, "new": 1},
            "ti_context": {"dag_run": {"dag_id": "d", "run_id": "r", "later": {}}, "arg_bindings": []},
            "sentry_integration": "",
        }))
        .unwrap();
        assert_eq!(details.ti.try_number, 2);
        assert_eq!(details.ti_context.dag_run.logical_date, None);
        assert!(details.ti_context.should_retry.is_none());
    }
}
