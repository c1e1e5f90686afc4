//! The first frame: what the supervisor says about the task to run. Unknown fields are ignored.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fields::Fields;

/// `StartupDetails`.
#[derive(Clone, Debug)]
pub(crate) struct StartupDetails {
    pub(crate) ti: TaskInstance,
    pub(crate) dag_rel_path: String,
    pub(crate) start_date: Option<Timestamp>,
    pub(crate) ti_context: RunContext,
}

/// The task instance.
#[derive(Clone, Debug)]
pub(crate) struct TaskInstance {
    pub(crate) id: String,
    pub(crate) task_id: String,
    pub(crate) dag_id: String,
    pub(crate) run_id: String,
    pub(crate) try_number: u32,
    /// -1 or null for a task that is not mapped.
    pub(crate) map_index: Option<i64>,
    pub(crate) hostname: Option<String>,
    pub(crate) queue: Option<String>,
}

/// `TIRunContext`.
#[derive(Clone, Debug)]
pub(crate) struct RunContext {
    pub(crate) dag_run: DagRun,
    pub(crate) task_reschedule_count: Option<u32>,
    pub(crate) max_tries: i64,
    pub(crate) next_method: Option<String>,
    pub(crate) next_kwargs: Option<Value>,
    pub(crate) xcom_keys_to_clear: Option<Vec<String>>,
    pub(crate) should_retry: Option<bool>,
    pub(crate) start_date: Option<Timestamp>,
}

impl StartupDetails {
    /// Reads the message. Not by a derived implementation: those of all the structs here are a tenth of a small executable,
    /// and this one is in every executable.
    pub(crate) fn read(body: &Value) -> Result<Self, String> {
        let fields = Fields::of(body, "the message")?;
        let context = Fields::of(fields.get("ti_context"), "ti_context")?;
        Ok(Self {
            ti: TaskInstance::read(&Fields::of(fields.get("ti"), "ti")?)?,
            dag_rel_path: fields.text("dag_rel_path")?.unwrap_or_default(),
            start_date: fields.time("start_date")?,
            ti_context: RunContext {
                dag_run: DagRun::read(&Fields::of(context.get("dag_run"), "dag_run")?)?,
                task_reschedule_count: context.number("task_reschedule_count")?,
                max_tries: context.number("max_tries")?.unwrap_or(0),
                next_method: context.text("next_method")?,
                next_kwargs: Some(context.get("next_kwargs").clone())
                    .filter(|value| !value.is_null()),
                xcom_keys_to_clear: context.texts("xcom_keys_to_clear")?,
                should_retry: context.flag("should_retry")?,
                start_date: context.time("start_date")?,
            },
        })
    }
}

impl TaskInstance {
    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            id: fields.required("id")?,
            task_id: fields.required("task_id")?,
            dag_id: fields.required("dag_id")?,
            run_id: fields.required("run_id")?,
            try_number: fields.number("try_number")?.unwrap_or(1),
            map_index: fields.number("map_index")?,
            hostname: fields.text("hostname")?,
            queue: fields.text("queue")?,
        })
    }
}

impl DagRun {
    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        let events = fields.get("consumed_asset_events").as_array();
        let events = events.map(|events| events.iter().map(ConsumedAssetEvent::read).collect());
        Ok(Self {
            dag_id: fields.required("dag_id")?,
            run_id: fields.required("run_id")?,
            logical_date: fields.time("logical_date")?,
            data_interval_start: fields.time("data_interval_start")?,
            data_interval_end: fields.time("data_interval_end")?,
            run_after: fields.time("run_after")?,
            start_date: fields.time("start_date")?,
            end_date: fields.time("end_date")?,
            clear_number: fields.number("clear_number")?,
            run_type: fields.text("run_type")?.unwrap_or_default(),
            state: fields.text("state")?.unwrap_or_default(),
            conf: fields.map("conf")?,
            consumed_asset_events: events.transpose()?,
            triggering_user_name: fields.text("triggering_user_name")?,
            partition_key: fields.text("partition_key")?,
            note: fields.text("note")?,
        })
    }
}

impl ConsumedAssetEvent {
    fn read(event: &Value) -> Result<Self, String> {
        let fields = Fields::of(event, "an asset event")?;
        let asset = Fields::of(fields.get("asset"), "its asset")?;
        Ok(Self {
            asset: ConsumedAsset {
                name: asset.required("name")?,
                uri: asset.required("uri")?,
                extra: asset.map("extra")?,
            },
            extra: fields.map("extra")?,
            source_task_id: fields.text("source_task_id")?,
            source_dag_id: fields.text("source_dag_id")?,
            source_run_id: fields.text("source_run_id")?,
            source_map_index: fields.number("source_map_index")?,
            timestamp: fields
                .time("timestamp")?
                .ok_or("an asset event without a timestamp")?,
            partition_key: fields.text("partition_key")?,
        })
    }
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
        let details = StartupDetails::read(&json!({
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
