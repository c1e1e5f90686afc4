//! XComs: the values that tasks pass to each other.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::error::{ClientError, ClientErrorKind, optional};
use crate::logging::current;
use crate::logging::levels::Level;
use crate::task::context::Task;
use crate::value::{decode, encode};
use airflow_protocol::message::message;

/// The key of return values.
pub(crate) const RETURN_VALUE: &str = "return_value";

/// A handler's value on its way to the XCom `return_value`.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Returned {
    pub(crate) value: Value,
    pub(crate) mapped: bool,
    pub(crate) dag_result: bool,
}

impl Task {
    /// The return value of another task of this run. An error if it has none.
    ///
    /// For other keys, runs and mapped tasks see [`xcom_of`](Self::xcom_of).
    pub fn xcom<T: DeserializeOwned>(&self, task_id: &str) -> Result<T, ClientError> {
        self.xcom_of(task_id).get()
    }

    /// Points to an XCom of any task of this run; at first to the return value of a task that is not mapped.
    ///
    /// ```
    /// # use airflow_sdk::{Result, Task};
    /// fn report(task: &Task) -> Result<()> {
    ///     let total: f64 = task.xcom_of("sum").key("total").get()?;
    ///     let third: Option<String> = task.xcom_of("each").map_index(2).find()?;
    ///     let all: Vec<String> = task.xcom_of("each").all()?;
    ///     let last_week: f64 = task.xcom_of("sum").dag("weekly").run("2026-01-01").get()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn xcom_of(&self, task_id: impl Into<String>) -> XCom<'_> {
        XCom {
            task: self,
            key: RETURN_VALUE.to_owned(),
            dag_id: self.dag_id().to_owned(),
            run_id: self.run_id().to_owned(),
            task_id: task_id.into(),
            map_index: None,
            include_prior_dates: false,
            previous_iteration: false,
            mapped: false,
        }
    }

    /// Points to an XCom of this very task instance.
    pub fn own_xcom(&self, key: impl Into<String>) -> XCom<'_> {
        XCom {
            map_index: self.map_index(),
            ..self.xcom_of(self.task_id())
        }
        .key(key)
    }

    /// Pushes a value under a key of this task instance's own.
    pub fn push_xcom(&self, key: &str, value: impl Serialize) -> Result<(), ClientError> {
        self.own_xcom(key).set(value)
    }

    /// Pushes a handler's return value, unless it is null.
    ///
    /// The length of a list or a map goes along, since nothing tells a task whether another one is expanded over its value, and without the
    /// length that one is `upstream_failed`, of which only the scheduler's log tells why. The server refuses a length over `[core]
    /// max_map_length`, whether or not anything is expanded over the value, and stores nothing then (`set_xcom` in
    /// `api_fastapi/execution_api/routes/xcoms.py` of 3.3.2 and 3.4.0b2); such a value is pushed without it. As in Python
    /// (`_push_xcom_if_needed` in `execution_time/task_runner.py` of the task SDK), instances of a mapped task send none: the scheduler counts
    /// them.
    pub(crate) fn push_returned(&self, returned: Returned) -> Result<(), ClientError> {
        let Returned {
            value,
            mapped,
            dag_result,
        } = returned;
        if value.is_null() && !mapped {
            return Ok(());
        }
        let mut xcom = self.own_xcom(RETURN_VALUE);
        xcom.mapped = mapped;
        let length = length(&value).filter(|_| !mapped && self.map_index().is_none());
        let Some(length) = length else {
            return xcom.send(value, dag_result);
        };
        let fitting = length <= MAX_MAP_LENGTH;
        let mut sent = if fitting {
            Some(length)
        } else {
            self.outdated_length()
        };
        let mut push = xcom.pushing(value, sent, dag_result);
        let mut result = self.tell(&push);
        let refused = fitting
            && matches!(&result, Err(error) if error.kind() == ClientErrorKind::Api(Some(400)));
        if refused && let Some(length) = push.get_mut(LENGTH) {
            sent = self.outdated_length();
            // Null is no length.
            *length = sent.into();
            result = self.tell(&push);
        }
        if result.is_ok()
            && (refused || !fitting)
            && let Some(route) = current::route()
        {
            let why = if refused {
                "Airflow has refused its length"
            } else {
                "its length was not sent"
            };
            let mut text = format!(
                "the return value has {length} entries, and no task can be expanded over it: {why}; Airflow takes as many as [core] \
                 max_map_length says, {MAX_MAP_LENGTH} by default, and Output::new(..).mapped() sends any length"
            );
            let mut level = Level::Info;
            if sent.is_some() {
                level = Level::Warning;
                text.push_str(SKIPS);
            }
            route.say(level, text);
        }
        result
    }

    /// The length that takes the place of the one that an earlier try may have sent. Clearing a task leaves that one in place in Airflow 3.3
    /// (`TaskMap` in `models/taskmap.py` of 3.3.2), and a task would be expanded over the beginning of the new value only. With 0 Airflow skips
    /// that task (`expand_mapped_task` there), and the run can succeed, so a warning says so. In 3.4 the length is a part of the XCom.
    fn outdated_length(&self) -> Option<usize> {
        let details = self.details();
        let mut cleared = details.ti_context.xcom_keys_to_clear.iter().flatten();
        let again = cleared.any(|key| key == RETURN_VALUE);
        (again && !details.release.takes_2026_10_30()).then_some(0)
    }
}

/// The field of a length.
const LENGTH: &str = "mapped_length";

/// What follows from the length 0 in the place of an earlier one.
const SKIPS: &str = ". An earlier try has sent a length, which 0 has replaced: Airflow will skip a task that is expanded over this value, and the \
                     run can succeed without it. If there is such a task, raise max_map_length or return less, and clear this task with all behind it";

/// How many instances Airflow makes of a mapped task at most, unless `[core] max_map_length` says otherwise.
const MAX_MAP_LENGTH: usize = 1024;

/// Over how many entries a task can be expanded: those of a list, a map, or a tuple of Python's. Python maps over no other type
/// (`is_mappable_value` in `definitions/mappedoperator.py` of the task SDK).
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(list) => Some(list.len()),
        Value::Object(map) => match map.get("__classname__").and_then(Value::as_str) {
            None => Some(map.len()),
            Some("builtins.tuple") => map.get("__data__").and_then(length),
            Some(_) => None,
        },
        _ => None,
    }
}

/// A pointer to an XCom; see [`Task::xcom_of`].
#[derive(Clone, Debug)]
#[must_use = "an XCom is only read or written by one of its methods"]
pub struct XCom<'a> {
    task: &'a Task,
    key: String,
    dag_id: String,
    run_id: String,
    task_id: String,
    map_index: Option<usize>,
    include_prior_dates: bool,
    previous_iteration: bool,
    mapped: bool,
}

/// A field of a message.
type Field = (&'static str, Option<Value>);

#[derive(Deserialize)]
struct XComResult {
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Count {
    len: usize,
}

#[derive(Deserialize)]
struct Root {
    #[serde(default)]
    root: Value,
}

impl XCom<'_> {
    /// The key, instead of `return_value`.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Another Dag.
    pub fn dag(mut self, dag_id: impl Into<String>) -> Self {
        self.dag_id = dag_id.into();
        self
    }

    /// Another run.
    pub fn run(mut self, run_id: impl Into<String>) -> Self {
        self.run_id = run_id.into();
        self
    }

    /// One instance of a mapped task.
    pub fn map_index(mut self, index: usize) -> Self {
        self.map_index = Some(index);
        self
    }

    /// Also looks into earlier runs, and takes the latest value.
    pub fn include_prior_dates(mut self) -> Self {
        self.include_prior_dates = true;
        self
    }

    /// Reads the value of the pass before, of a task in the same loop. Needs Airflow 3.4: under 3.3, which would read the value of the only
    /// pass, reading is an error of the kind [`Unsupported`](ClientErrorKind::Unsupported).
    pub fn previous_iteration(mut self) -> Self {
        self.previous_iteration = true;
        self
    }

    /// When the value is set, sends its length along, so that a downstream task can `.expand()` over it. Airflow 3.4 takes a length with the key
    /// `return_value` only.
    pub fn mapped(mut self) -> Self {
        self.mapped = true;
        self
    }

    /// Reads the value. An XCom that was never pushed is an error of the kind
    /// [`XComNotFound`](ClientErrorKind::XComNotFound); a pushed null is deserialized like any other value.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let value = self.value()?.ok_or_else(|| self.not_found())?;
        decode(value, &self.describe())
    }

    /// Reads the value; `None` if it was never pushed. With an `Option` as `T`, a pushed null is `Some(None)`.
    pub fn find<T: DeserializeOwned>(&self) -> Result<Option<T>, ClientError> {
        self.value()?
            .map(|value| decode(value, &self.describe()))
            .transpose()
    }

    /// Reads the value as Airflow sent it, with Python's own types in Airflow's envelopes; `None` if it was never pushed.
    pub fn value(&self) -> Result<Option<Value>, ClientError> {
        let value = self.value_or_null()?;
        if value.is_null() && !self.stores_null()? {
            return Ok(None);
        }
        Ok(Some(value))
    }

    /// Reads the value as Airflow sent it; null if it was never pushed, too.
    pub(crate) fn value_or_null(&self) -> Result<Value, ClientError> {
        let mut fields = self.reading(self.fields())?;
        fields.push(("include_prior_dates", Some(self.include_prior_dates.into())));
        let result: XComResult = self.task.ask(&message("GetXCom", &fields))?;
        Ok(result.value)
    }

    /// Whether there is a value, even if it is null. An absent XCom and a stored null look alike in the reply to `GetXCom`.
    fn stores_null(&self) -> Result<bool, ClientError> {
        // The messages on sequences have no map index. A single instance's null can't be told from its absence: absent
        // is then the more useful answer. An earlier run's value is not in the sequence either.
        if self.map_index.is_some() || self.include_prior_dates {
            return Ok(false);
        }
        Ok(self.count()? > 0)
    }

    /// How many instances of the task have pushed this XCom: for a task that is not mapped, 0 or 1.
    pub fn count(&self) -> Result<usize, ClientError> {
        let result: Count = self.task.ask(&message(
            "GetXComCount",
            &self.reading(self.sequence_fields())?,
        ))?;
        Ok(result.len)
    }

    /// Reads the value at this place among those that the instances of a mapped task have pushed; a negative place counts from
    /// the end. An error if there is none.
    pub fn item<T: DeserializeOwned>(&self, offset: i64) -> Result<T, ClientError> {
        let mut fields = self.reading(self.sequence_fields())?;
        fields.push(("offset", Some(offset.into())));
        let result: Root = self.task.ask(&message("GetXComSequenceItem", &fields))?;
        decode(result.root, &self.describe())
    }

    /// As [`item`](Self::item); `None` if there is no value at this place.
    pub fn find_item<T: DeserializeOwned>(&self, offset: i64) -> Result<Option<T>, ClientError> {
        optional(self.item(offset))
    }

    /// Reads the values of all instances of a mapped task, in the order of their indexes; those that pushed none are left out.
    pub fn all<T: DeserializeOwned>(&self) -> Result<Vec<T>, ClientError> {
        self.slice(None, None, None)
    }

    /// As [`all`](Self::all), a slice by Python's rules: negative bounds count from the end.
    pub fn slice<T: DeserializeOwned>(
        &self,
        start: Option<i64>,
        end: Option<i64>,
        step: Option<i64>,
    ) -> Result<Vec<T>, ClientError> {
        let mut fields = self.reading(self.sequence_fields())?;
        for (key, bound) in [("start", start), ("stop", end), ("step", step)] {
            fields.push((key, Some(bound.into())));
        }
        fields.push(("include_prior_dates", Some(self.include_prior_dates.into())));
        let result: Root = self.task.ask(&message("GetXComSequenceSlice", &fields))?;
        decode(result.root, &self.describe())
    }

    /// Pushes a value. Airflow takes XComs of other tasks of the same run, too.
    pub fn set(&self, value: impl Serialize) -> Result<(), ClientError> {
        self.send(encode(&value, &self.describe())?, false)
    }

    /// Deletes the value. Deleting an absent one is no error.
    pub fn delete(&self) -> Result<(), ClientError> {
        self.task.tell(&message("DeleteXCom", &self.fields()))
    }

    fn send(&self, value: Value, dag_result: bool) -> Result<(), ClientError> {
        let length = length(&value).filter(|_| self.mapped);
        if self.mapped && length.is_none() {
            return Err(ClientError::new(
                ClientErrorKind::Value,
                format!(
                    "{} can't be mapped over: it is no list and no map",
                    self.describe()
                ),
            ));
        }
        self.task.tell(&self.pushing(value, length, dag_result))
    }

    /// The message that pushes a value, with its length where a task may be expanded over it.
    fn pushing(&self, value: Value, length: Option<usize>, dag_result: bool) -> Value {
        let mut fields = self.fields();
        if let Some(length) = length {
            fields.push((LENGTH, Some(length.into())));
        }
        fields.push(("value", Some(value)));
        fields.push(("dag_result", Some(dag_result.into())));
        message("SetXCom", &fields)
    }

    /// The fields of a message that reads.
    fn reading(&self, mut fields: Vec<Field>) -> Result<Vec<Field>, ClientError> {
        if self.previous_iteration {
            self.task.check_knows("previous_iteration of an XCom")?;
            fields.push(("previous_iteration", Some(true.into())));
        }
        Ok(fields)
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = self.sequence_fields();
        fields.push(("map_index", Some(self.map_index.into())));
        fields
    }

    fn sequence_fields(&self) -> Vec<Field> {
        vec![
            ("key", Some(self.key.as_str().into())),
            ("dag_id", Some(self.dag_id.as_str().into())),
            ("run_id", Some(self.run_id.as_str().into())),
            ("task_id", Some(self.task_id.as_str().into())),
        ]
    }

    fn describe(&self) -> String {
        let index = self
            .map_index
            .map(|index| format!("[{index}]"))
            .unwrap_or_default();
        format!(
            "the XCom {:?} of the task {:?}{index}",
            self.key, self.task_id
        )
    }

    fn not_found(&self) -> ClientError {
        ClientError::new(
            ClientErrorKind::XComNotFound,
            format!(
                "{} was never pushed (dag {:?}, run {:?})",
                self.describe(),
                self.dag_id,
                self.run_id
            ),
        )
    }
}
