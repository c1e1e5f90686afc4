//! `StartupDetails`, the message that starts a task. Unknown fields are ignored.
//!
//! One odd value must not end the task before it has begun: a field that the task can do without is absent then, and is noted as a
//! fault.

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::Release;
use crate::arguments::ARG_BINDINGS;
use crate::codec::Fault;
use crate::fields::Fields;

/// `StartupDetails`.
#[derive(Clone, Debug)]
pub struct StartupDetails {
    /// The task instance.
    pub ti: TaskInstance,
    /// The path of the Python file that declares the Dag, inside its Dag bundle.
    pub dag_rel_path: String,
    /// When the supervisor sent the message.
    pub start_date: Option<Timestamp>,
    /// The circumstances of the run.
    pub ti_context: RunContext,
    /// The release of the supervisor.
    pub release: Release,
    /// The parts that could not be read.
    pub faults: Vec<Fault>,
}

/// The task instance.
#[derive(Clone, Debug)]
pub struct TaskInstance {
    /// The id of the task instance, a UUID. A retry has another id.
    pub id: String,
    /// The task's id, with the ids of its task groups in front.
    pub task_id: String,
    /// The Dag's id.
    pub dag_id: String,
    /// The run's id.
    pub run_id: String,
    /// Which try this is, the first being 1.
    pub try_number: u32,
    /// -1 or null for a task that is not mapped.
    pub map_index: Option<i64>,
    /// The name of the worker's machine.
    pub hostname: Option<String>,
    /// The queue that the task was sent through.
    pub queue: Option<String>,
}

/// `TIRunContext`.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// The Dag run.
    pub dag_run: DagRun,
    /// The run's logical date as Airflow has written it, which a `Timestamp` may not hold.
    pub logical_date: Option<String>,
    /// How often the task has rescheduled itself.
    pub task_reschedule_count: Option<u32>,
    /// How many retries the task is configured to have, and after it was cleared the tries before.
    pub max_tries: i64,
    /// The name that a deferral gave for its continuation; only for a task that is resumed.
    pub next_method: Option<String>,
    /// The trigger's event and what the deferral handed on; only for a task that is resumed.
    pub next_kwargs: Option<Value>,
    /// The keys of the XComs that an earlier try has left.
    pub xcom_keys_to_clear: Option<Vec<String>>,
    /// Whether the task is tried again if this try fails.
    pub should_retry: Option<bool>,
    /// When the task started at first; only for a task that is resumed.
    pub start_date: Option<Timestamp>,
    /// When the task was first rescheduled in this try; since 3.4, for bundles of 2026-10-30.
    pub first_task_reschedule_start_date: Option<Timestamp>,
    /// Whether Airflow is set up for several teams; since 3.4.
    pub multi_team: bool,
    /// The pass of a loop that the task is in; since 3.4, for bundles of 2026-10-30.
    pub loop_context: Option<LoopContext>,
    /// The arguments of the task's call, as they came: null is not absent. See [`StartupDetails::call_arguments`].
    pub arg_bindings: Option<Value>,
}

/// The pass of a loop that a task is in: Airflow 3.4 runs the tasks of a loop again and again, until its gate ends it.
///
/// Source: `LoopContext` in `airflow/sdk/api/datamodels/_generated.py` of `apache-airflow-task-sdk` 1.4.0b2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoopContext {
    /// The id of the loop.
    pub node_id: String,
    /// Which pass this is, the first being 0.
    pub index: u64,
    /// How many passes there are at most.
    pub max_iterations: u64,
    /// The id of the last task of each pass.
    pub terminal_task_id: String,
    /// Whether that task is mapped.
    pub terminal_is_mapped: bool,
}

/// The keys that lead to the run's configuration.
const CONF: [&str; 3] = ["ti_context", "dag_run", "conf"];
/// The keys that lead to what a resumed task is given.
const NEXT_KWARGS: [&str; 2] = ["ti_context", "next_kwargs"];

impl StartupDetails {
    /// Reads the message, of which some parts could not be read before. A derived implementation would refuse the message for the first
    /// odd field.
    pub fn read(body: &Value, faults: Vec<Fault>) -> Result<Self, String> {
        let mut faults = Faults(faults);
        let fields = Fields::of(body, "the message")?;
        let ti = Fields::of(fields.get("ti"), "ti")?;
        let context = Fields::of(fields.get("ti_context"), "ti_context")?;
        let run = Fields::of(context.get("dag_run"), "dag_run")?;
        Ok(Self {
            ti: TaskInstance::read(&ti, &mut faults)?,
            dag_rel_path: faults
                .without(fields.text("dag_rel_path"), &["dag_rel_path"])
                .unwrap_or_default(),
            start_date: faults.without(fields.time("start_date"), &["start_date"]),
            ti_context: RunContext {
                dag_run: DagRun::read(&run, &mut faults)?,
                logical_date: run.get("logical_date").as_str().map(str::to_owned),
                task_reschedule_count: context.number("task_reschedule_count")?,
                max_tries: context.number("max_tries")?.unwrap_or(0),
                next_method: context.text("next_method")?,
                next_kwargs: Some(context.get("next_kwargs").clone())
                    .filter(|value| !value.is_null()),
                xcom_keys_to_clear: context.texts("xcom_keys_to_clear")?,
                should_retry: context.flag("should_retry")?,
                start_date: faults
                    .without(context.time("start_date"), &["ti_context", "start_date"]),
                first_task_reschedule_start_date: faults.without(
                    context.time("first_task_reschedule_start_date"),
                    &["ti_context", "first_task_reschedule_start_date"],
                ),
                multi_team: faults
                    .without(context.flag("multi_team"), &["ti_context", "multi_team"])
                    .unwrap_or(false),
                loop_context: faults.without(LoopContext::read(&context), &["ti_context", "loop"]),
                arg_bindings: fields.get("ti_context").get(ARG_BINDINGS).cloned(),
            },
            release: Release::that_started(fields.get("ti_context")),
            faults: faults.0,
        })
    }

    /// Why an entry of the run's configuration cannot be read, if it cannot.
    pub fn conf_fault(&self, key: &str) -> Option<&Fault> {
        self.fault_of(&[CONF[0], CONF[1], CONF[2], key])
            .or_else(|| {
                let all = |fault: &&Fault| fault.path == CONF || fault.path.is_empty();
                self.faults.iter().find(all)
            })
    }

    /// Why what a resumed task is given cannot be read, if it cannot.
    pub fn resume_fault(&self) -> Option<&Fault> {
        self.fault_of(&NEXT_KWARGS)
            .or_else(|| self.faults.iter().find(|fault| fault.path.is_empty()))
    }

    /// Why the arguments of the task's call cannot be read, if they cannot.
    pub(crate) fn arguments_fault(&self) -> Option<&Fault> {
        self.fault_of(&["ti_context", ARG_BINDINGS])
            .or_else(|| self.faults.iter().find(|fault| fault.path.is_empty()))
    }

    fn fault_of(&self, path: &[&str]) -> Option<&Fault> {
        self.faults.iter().find(|fault| {
            let begin = fault.path.get(..path.len());
            begin.is_some_and(|begin| begin == path)
        })
    }
}

/// What could not be read so far.
struct Faults(Vec<Fault>);

impl Faults {
    /// The value of a field that the task can do without.
    fn without<T>(&mut self, read: Result<Option<T>, String>, path: &[&str]) -> Option<T> {
        read.unwrap_or_else(|problem| {
            let path = path.iter().map(ToString::to_string).collect();
            self.0.push(Fault { path, problem });
            None
        })
    }
}

impl LoopContext {
    fn read(context: &Fields<'_>) -> Result<Option<Self>, String> {
        let value = context.get("loop");
        if value.is_null() {
            return Ok(None);
        }
        let fields = Fields::of(value, "loop")?;
        let count = |key| match fields.number::<i64>(key)?.map(u64::try_from) {
            Some(Ok(count)) => Ok(count),
            _ => Err(format!("{key} of loop is not a count")),
        };
        Ok(Some(Self {
            node_id: fields.required("node_id")?,
            index: count("index")?,
            max_iterations: count("max_iterations")?,
            terminal_task_id: fields.required("terminal_task_id")?,
            terminal_is_mapped: fields.flag("terminal_is_mapped")?.unwrap_or(false),
        }))
    }
}

impl TaskInstance {
    fn read(fields: &Fields<'_>, faults: &mut Faults) -> Result<Self, String> {
        Ok(Self {
            id: fields.required("id")?,
            task_id: fields.required("task_id")?,
            dag_id: fields.required("dag_id")?,
            run_id: fields.required("run_id")?,
            try_number: fields.number("try_number")?.unwrap_or(1),
            map_index: fields.number("map_index")?,
            hostname: faults.without(fields.text("hostname"), &["ti", "hostname"]),
            queue: faults.without(fields.text("queue"), &["ti", "queue"]),
        })
    }
}

impl DagRun {
    fn read(fields: &Fields<'_>, faults: &mut Faults) -> Result<Self, String> {
        macro_rules! field {
            ($read:ident $key:literal) => {
                faults.without(fields.$read($key), &["ti_context", "dag_run", $key])
            };
        }
        Ok(Self {
            dag_id: fields.required("dag_id")?,
            run_id: fields.required("run_id")?,
            logical_date: field!(time "logical_date"),
            data_interval_start: field!(time "data_interval_start"),
            data_interval_end: field!(time "data_interval_end"),
            run_after: field!(time "run_after"),
            start_date: field!(time "start_date"),
            end_date: field!(time "end_date"),
            clear_number: field!(number "clear_number"),
            run_type: field!(text "run_type").unwrap_or_default(),
            state: field!(text "state").unwrap_or_default(),
            conf: field!(map "conf"),
            consumed_asset_events: ConsumedAssetEvent::read_all(fields, faults),
            triggering_user_name: field!(text "triggering_user_name"),
            partition_key: field!(text "partition_key"),
            note: field!(text "note"),
        })
    }
}

impl<'de> Deserialize<'de> for DagRun {
    /// Reads a run in a reply, by the same rules as the run of the task itself; here a field that cannot be read is an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let mut faults = Faults(Vec::new());
        let run = Fields::of(&value, "the Dag run")
            .and_then(|fields| Self::read(&fields, &mut faults))
            .map_err(D::Error::custom)?;
        match faults.0.first() {
            Some(fault) => Err(D::Error::custom(&fault.problem)),
            None => Ok(run),
        }
    }
}

impl ConsumedAssetEvent {
    /// The events of a run that can be read.
    fn read_all(run: &Fields<'_>, faults: &mut Faults) -> Option<Vec<Self>> {
        let path = ["ti_context", "dag_run", "consumed_asset_events"];
        let events = faults.without(run.list("consumed_asset_events"), &path)?;
        Some(
            events
                .iter()
                .filter_map(|event| faults.without(Self::read(event).map(Some), &path))
                .collect(),
        )
    }

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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DagRun {
    /// The Dag's id.
    pub dag_id: String,
    /// The run's id.
    pub run_id: String,
    /// The logical date; absent for runs that were triggered without one.
    pub logical_date: Option<Timestamp>,
    /// The start of the data interval.
    pub data_interval_start: Option<Timestamp>,
    /// The end of the data interval.
    pub data_interval_end: Option<Timestamp>,
    /// When the run could start at the earliest.
    pub run_after: Option<Timestamp>,
    /// When the run started.
    pub start_date: Option<Timestamp>,
    /// When the run ended.
    pub end_date: Option<Timestamp>,
    /// How often the run was cleared.
    pub clear_number: Option<i64>,
    /// `scheduled`, `manual`, `backfill`, `asset_triggered`, ...
    pub run_type: String,
    /// `queued`, `running`, `success` or `failed`.
    pub state: String,
    /// The run's configuration.
    pub conf: Option<Map<String, Value>>,
    /// The asset events that triggered the run.
    pub consumed_asset_events: Option<Vec<ConsumedAssetEvent>>,
    /// The name of the user who triggered the run.
    pub triggering_user_name: Option<String>,
    /// The partition of an asset-triggered run.
    pub partition_key: Option<String>,
    /// The run's note.
    pub note: Option<String>,
}

/// An asset event that triggered the run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumedAssetEvent {
    /// The asset.
    pub asset: ConsumedAsset,
    /// What the producer attached to the event.
    pub extra: Option<Map<String, Value>>,
    /// The task that produced the event, if one did.
    pub source_task_id: Option<String>,
    /// That task's Dag.
    pub source_dag_id: Option<String>,
    /// That task's run.
    pub source_run_id: Option<String>,
    /// That task's map index.
    pub source_map_index: Option<i64>,
    /// When the event happened.
    pub timestamp: Timestamp,
    /// The partition.
    pub partition_key: Option<String>,
}

/// The asset of a [`ConsumedAssetEvent`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumedAsset {
    /// The asset's name.
    pub name: String,
    /// The asset's URI.
    pub uri: String,
    /// The asset's own extra.
    pub extra: Option<Map<String, Value>>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{DagRun, StartupDetails};

    fn read(body: &Value) -> Result<StartupDetails, String> {
        StartupDetails::read(body, Vec::new())
    }

    #[test]
    fn one_odd_field_is_absent_and_noted() {
        let details = read(&json!({
            "ti": {"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r", "hostname": 3, "queue": "q"},
            "ti_context": {
                "dag_run": {
                    "dag_id": "d", "run_id": "r", "logical_date": "9999-12-31T00:00:00Z", "end_date": "soon", "conf": [],
                    "consumed_asset_events": [
                        {"asset": {"name": "a", "uri": "u"}, "timestamp": "9999-12-31T00:00:00Z"},
                        {"asset": {"name": "b"}, "timestamp": "2026-01-01T00:00:00Z"},
                    ],
                },
            },
        }))
        .unwrap();
        let run = &details.ti_context.dag_run;
        assert_eq!(run.logical_date, Some(Timestamp::MAX));
        assert_eq!(run.end_date, None);
        let events = run.consumed_asset_events.as_ref().unwrap();
        assert_eq!((events.len(), events[0].timestamp), (1, Timestamp::MAX));
        assert_eq!(details.ti.queue.as_deref(), Some("q"));
        let faults: Vec<String> = details.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "ti.hostname: hostname of ti is not a text",
                "ti_context.dag_run.end_date: end_date of dag_run is not a time",
                "ti_context.dag_run.conf: conf of dag_run is not a map",
                "ti_context.dag_run.consumed_asset_events: uri of its asset is missing",
            ]
        );
        assert!(details.conf_fault("any").is_some());
        assert!(details.resume_fault().is_none());
    }

    #[test]
    fn a_loop_that_cannot_be_read_is_absent_and_noted() {
        let with = |value: Value| {
            read(&json!({
                "ti": {"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r"},
                "ti_context": {"dag_run": {"dag_id": "d", "run_id": "r"}, "loop": value},
            }))
            .unwrap()
        };
        let good = json!({"node_id": "n", "index": 0, "max_iterations": 3, "terminal_task_id": "g", "terminal_is_mapped": true});
        let details = with(good.clone());
        assert_eq!(details.ti_context.loop_context.unwrap().max_iterations, 3);
        assert_eq!(details.release, crate::Release::AIRFLOW_3_4);
        for (key, value) in [("index", json!(-1)), ("node_id", Value::Null)] {
            let mut odd = good.clone();
            odd[key] = value;
            let details = with(odd);
            assert_eq!(details.ti_context.loop_context, None);
            assert!(
                details.faults[0]
                    .to_string()
                    .starts_with("ti_context.loop: ")
            );
        }
    }

    #[test]
    fn a_run_in_a_reply_is_read_by_the_rules_of_the_tasks_own() {
        let run = json!({
            "dag_id": "d", "run_id": "r", "run_type": null, "logical_date": "9999-12-31T00:00:00Z", "run_after": "2026-01-02 03:04:05+01:00",
            "consumed_asset_events": null,
        });
        let own = read(&json!({
            "ti": {"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r"}, "ti_context": {"dag_run": run},
        }))
        .unwrap()
        .ti_context
        .dag_run;
        let replied: DagRun = serde_json::from_value(run).unwrap();
        assert_eq!(format!("{replied:?}"), format!("{own:?}"));
        assert_eq!(
            (own.run_type.as_str(), own.logical_date),
            ("", Some(Timestamp::MAX))
        );
        for (field, value, problem) in [
            (
                "end_date",
                json!("soon"),
                "end_date of the Dag run is not a time",
            ),
            (
                "consumed_asset_events",
                json!({}),
                "consumed_asset_events of the Dag run is not a list",
            ),
            (
                "consumed_asset_events",
                json!([3]),
                "an asset event is not a map",
            ),
        ] {
            let odd = json!({"dag_id": "d", "run_id": "r", field: value});
            let error = serde_json::from_value::<DagRun>(odd).unwrap_err();
            assert_eq!(error.to_string(), problem);
        }
    }

    #[test]
    fn events_that_are_no_list_are_absent_and_noted() {
        let details = read(&json!({
            "ti": {"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r"},
            "ti_context": {"dag_run": {"dag_id": "d", "run_id": "r", "consumed_asset_events": "all"}},
        }))
        .unwrap();
        assert!(details.ti_context.dag_run.consumed_asset_events.is_none());
        let faults: Vec<String> = details.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "ti_context.dag_run.consumed_asset_events: consumed_asset_events of dag_run is not a list"
            ]
        );
    }

    #[test]
    fn what_a_task_cannot_do_without_is_an_error() {
        for (ti, context) in [
            (
                json!({"id": "i"}),
                json!({"dag_run": {"dag_id": "d", "run_id": "r"}}),
            ),
            (
                json!({"id": "i", "task_id": "t", "dag_id": "d", "run_id": "r"}),
                json!({"dag_run": {"dag_id": "d", "run_id": "r"}, "should_retry": "yes"}),
            ),
        ] {
            assert!(read(&json!({"ti": ti, "ti_context": context})).is_err());
        }
    }

    #[test]
    fn unknown_fields_and_absent_options_are_fine() {
        let details = read(&json!({
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
