//! Dag runs: triggering them, and reading runs, states and counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::error::{ClientError, ClientErrorKind};
use crate::task::context::Task;
use crate::task::filter::Filter;
use crate::value::encode;
use airflow_protocol::message::message;
use airflow_protocol::startup::DagRun;
use airflow_protocol::timestamp;

/// A Dag run to trigger; made by [`Task::trigger_dag_run`], sent by [`send`](Self::send).
#[derive(Clone, Debug)]
#[must_use = "the run is only triggered by `send`"]
pub struct TriggerDagRun<'a> {
    task: &'a Task,
    dag_id: String,
    run_id: String,
    logical_date: Option<Timestamp>,
    run_after: Option<Timestamp>,
    conf: Option<Value>,
    reset: bool,
    note: Option<String>,
}

impl TriggerDagRun<'_> {
    /// The run's logical date; without this it has none.
    pub fn logical_date(mut self, date: Timestamp) -> Self {
        self.logical_date = Some(date);
        self
    }

    /// When the run may start at the earliest.
    pub fn run_after(mut self, date: Timestamp) -> Self {
        self.run_after = Some(date);
        self
    }

    /// The run's configuration, a map. Fails if it can't be sent.
    pub fn conf(mut self, conf: impl Serialize) -> Result<Self, ClientError> {
        let conf = encode(&conf, "the run's configuration")?;
        if !conf.is_object() {
            return Err(ClientError::new(
                ClientErrorKind::Value,
                "the run's configuration can't be sent to Airflow: it must be a map or a struct",
            ));
        }
        self.conf = Some(conf);
        Ok(self)
    }

    /// Clears a run of the same id, so that it runs again, instead of failing.
    pub fn reset_existing(mut self) -> Self {
        self.reset = true;
        self
    }

    /// The run's note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Triggers the run. One of the same id is an error of the kind
    /// [`DagRunAlreadyExists`](ClientErrorKind::DagRunAlreadyExists).
    pub fn send(self) -> Result<(), ClientError> {
        let time = |time: Option<Timestamp>| time.map(|time| timestamp::text(time).into());
        self.task.tell(&message(
            "TriggerDagRun",
            &[
                ("dag_id", Some(self.dag_id.into())),
                ("run_id", Some(self.run_id.into())),
                ("logical_date", time(self.logical_date)),
                ("run_after", time(self.run_after)),
                ("conf", self.conf),
                ("reset_dag_run", Some(self.reset.into())),
                ("note", self.note.map(Value::from)),
            ],
        ))
    }
}

/// What Airflow knows about a Dag.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct DagInfo {
    /// The Dag's id.
    pub dag_id: String,
    /// Whether it is paused.
    pub is_paused: bool,
    /// The Dag bundle that holds its file.
    #[serde(default)]
    pub bundle_name: Option<String>,
    /// The file's path in that bundle.
    #[serde(default)]
    pub relative_fileloc: Option<String>,
    /// The owners, joined by commas.
    #[serde(default)]
    pub owners: Option<String>,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When the next run is due.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub next_dagrun: Option<Timestamp>,
}

/// The times of an earlier run.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct RunTimes {
    /// The start of its data interval.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub data_interval_start: Option<Timestamp>,
    /// The end of its data interval.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub data_interval_end: Option<Timestamp>,
    /// When it started.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub start_date: Option<Timestamp>,
    /// When it ended.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub end_date: Option<Timestamp>,
}

/// A task instance of another run.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct PreviousTask {
    /// Its task id.
    pub task_id: String,
    /// Its Dag's id.
    pub dag_id: String,
    /// Its run's id.
    pub run_id: String,
    /// Its run's logical date.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub logical_date: Option<Timestamp>,
    /// When it started.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub start_date: Option<Timestamp>,
    /// When it ended.
    #[serde(default, deserialize_with = "timestamp::optional")]
    pub end_date: Option<Timestamp>,
    /// Its state.
    #[serde(default)]
    pub state: Option<String>,
    /// Its try number.
    pub try_number: u32,
    /// How long it ran, in seconds.
    #[serde(default)]
    pub duration: Option<f64>,
}

/// The states of task instances, by run and then by task (`task_id`, or `task_id_0` for instances of a mapped task).
pub type TaskStates = BTreeMap<String, BTreeMap<String, Option<String>>>;

#[derive(Deserialize)]
struct Count {
    count: usize,
}

impl Task {
    /// A run of a Dag, to be triggered by [`TriggerDagRun::send`].
    ///
    /// ```
    /// # use airflow_sdk::{Result, Task, json};
    /// fn start_report(task: &Task) -> Result<()> {
    ///     task.trigger_dag_run("report", &format!("for_{}", task.run_id())).conf(json!({"full": true}))?.send()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn trigger_dag_run(&self, dag_id: &str, run_id: &str) -> TriggerDagRun<'_> {
        TriggerDagRun {
            task: self,
            dag_id: dag_id.to_owned(),
            run_id: run_id.to_owned(),
            logical_date: None,
            run_after: None,
            conf: None,
            reset: false,
            note: None,
        }
    }

    /// What Airflow knows about a Dag. An error if there is none.
    pub fn dag(&self, dag_id: &str) -> Result<DagInfo, ClientError> {
        self.ask(&message("GetDag", &[("dag_id", Some(dag_id.into()))]))
    }

    /// A run of any Dag. An error if there is none.
    pub fn find_dag_run(&self, dag_id: &str, run_id: &str) -> Result<Option<DagRun>, ClientError> {
        let request = message(
            "GetDagRun",
            &[
                ("dag_id", Some(dag_id.into())),
                ("run_id", Some(run_id.into())),
            ],
        );
        crate::client::error::optional(self.ask(&request))
    }

    /// The state of a run of any Dag: `queued`, `running`, `success` or `failed`. An error if there is no such run.
    pub fn dag_run_state(&self, dag_id: &str, run_id: &str) -> Result<String, ClientError> {
        #[derive(Deserialize)]
        struct DagRunStateResult {
            state: String,
        }
        let request = message(
            "GetDagRunState",
            &[
                ("dag_id", Some(dag_id.into())),
                ("run_id", Some(run_id.into())),
            ],
        );
        let result: DagRunStateResult = self.ask(&request)?;
        Ok(result.state)
    }

    /// The run of this Dag before the current one, by logical date; with `state`, the last that ended so. `None` if there is
    /// none, or if this run has no logical date.
    pub fn previous_dag_run(&self, state: Option<&str>) -> Result<Option<DagRun>, ClientError> {
        #[derive(Deserialize)]
        struct PreviousDagRunResult {
            #[serde(default)]
            dag_run: Option<DagRun>,
        }
        let Some(date) = self.logical_date_text() else {
            return Ok(None);
        };
        let fields = [
            ("dag_id", Some(self.dag_id().into())),
            ("logical_date", Some(date.into())),
            ("state", state.map(Value::from)),
        ];
        let result: PreviousDagRunResult = self.ask(&message("GetPreviousDagRun", &fields))?;
        Ok(result.dag_run)
    }

    /// The times of this Dag's last successful run before the current one; `None` if there is none.
    pub fn previous_successful_run(&self) -> Result<Option<RunTimes>, ClientError> {
        let request = message(
            "GetPrevSuccessfulDagRun",
            &[("ti_id", Some(self.id().into()))],
        );
        let times: RunTimes = self.ask(&request)?;
        let known = times
            .data_interval_start
            .or(times.data_interval_end)
            .or(times.start_date)
            .or(times.end_date);
        Ok(known.is_some().then_some(times))
    }

    /// This task in the run before the current one; with `state`, in the last where it ended so. `None` if there is none.
    pub fn previous_task(&self, state: Option<&str>) -> Result<Option<PreviousTask>, ClientError> {
        #[derive(Deserialize)]
        struct PreviousTIResult {
            #[serde(default)]
            task_instance: Option<PreviousTask>,
        }
        let fields = [
            ("dag_id", Some(self.dag_id().into())),
            ("task_id", Some(self.task_id().into())),
            ("logical_date", self.logical_date_text().map(Value::from)),
            ("map_index", self.map_index().map(Value::from)),
            ("state", state.map(Value::from)),
        ];
        let result: PreviousTIResult = self.ask(&message("GetPreviousTI", &fields))?;
        Ok(result.task_instance)
    }

    /// How many task instances of a Dag there are.
    pub fn count_tasks(&self, dag_id: &str, filter: Filter) -> Result<usize, ClientError> {
        let result: Count = self.ask(&message("GetTICount", &filter.of_tasks(dag_id, true)))?;
        Ok(result.count)
    }

    /// How many runs of a Dag there are.
    pub fn count_dag_runs(&self, dag_id: &str, filter: Filter) -> Result<usize, ClientError> {
        let result: Count = self.ask(&message("GetDRCount", &filter.of_runs(dag_id)))?;
        Ok(result.count)
    }

    /// The states of task instances of a Dag.
    pub fn task_states(&self, dag_id: &str, filter: Filter) -> Result<TaskStates, ClientError> {
        #[derive(Deserialize)]
        struct TaskStatesResult {
            #[serde(default)]
            task_states: TaskStates,
        }
        let result: TaskStatesResult =
            self.ask(&message("GetTaskStates", &filter.of_tasks(dag_id, false)))?;
        Ok(result.task_states)
    }

    /// The task instances of a run, as Airflow describes them.
    pub fn task_breadcrumbs(
        &self,
        dag_id: &str,
        run_id: &str,
    ) -> Result<Vec<Map<String, Value>>, ClientError> {
        #[derive(Deserialize)]
        struct TaskBreadcrumbsResult {
            #[serde(default)]
            breadcrumbs: Vec<Map<String, Value>>,
        }
        let request = message(
            "GetTaskBreadcrumbs",
            &[
                ("dag_id", Some(dag_id.into())),
                ("run_id", Some(run_id.into())),
            ],
        );
        let result: TaskBreadcrumbsResult = self.ask(&request)?;
        Ok(result.breadcrumbs)
    }

    /// When a try of this task was first rescheduled, or `None` if it was not. A sensor's own time-out counts from there.
    pub fn first_reschedule(&self, try_number: u32) -> Result<Option<Timestamp>, ClientError> {
        #[derive(Deserialize)]
        struct TaskRescheduleStartDate {
            #[serde(default, deserialize_with = "timestamp::optional")]
            start_date: Option<Timestamp>,
        }
        let fields = [
            ("ti_id", Some(self.id().into())),
            ("try_number", Some(try_number.into())),
        ];
        let result: TaskRescheduleStartDate =
            self.ask(&message("GetTaskRescheduleStartDate", &fields))?;
        Ok(result.start_date)
    }
}
