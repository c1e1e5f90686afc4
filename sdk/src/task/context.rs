//! The running task: its context, and the requests that go to Airflow for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use airflow_protocol::codec::Fault;
use airflow_protocol::message::{describe, message, name};
use airflow_protocol::startup::{DagRun, StartupDetails};
use airflow_protocol::terminal::{Beside, LoopDecision, Terminal};
use airflow_protocol::url_path;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::client::error::{ClientError, ClientErrorKind};
use crate::task::cancel::Cancellation;
use crate::task::worker_secrets::Environment;
use crate::value::{decode, encode, plain};

/// The running task: what Airflow says about it, and what it can ask of Airflow.
///
/// Clones are cheap and can go to other threads.
#[derive(Clone)]
pub struct Task(Arc<Inner>);

struct Inner {
    begun: Instant,
    details: StartupDetails,
    surroundings: Surroundings,
    extras: Mutex<Extras>,
}

/// What a task runs in.
pub(crate) struct Surroundings {
    /// The conversation with the supervisor.
    pub(crate) client: Arc<Client>,
    pub(crate) cancellation: Cancellation,
    /// The environment of the worker.
    pub(crate) environment: Environment,
    /// Called with the limit that the task sets to its own time.
    pub(crate) limit: Box<dyn Fn(Duration) + Send + Sync>,
}

/// What the task has gathered for its last message: asset events, the label of a mapped task instance, and what the gate of a
/// loop has decided.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) outlets: Vec<Value>,
    pub(crate) events: Vec<Value>,
    pub(crate) label: Option<String>,
    pub(crate) loop_decision: Option<LoopDecision>,
}

impl Task {
    pub(crate) fn new(details: StartupDetails, surroundings: Surroundings) -> Self {
        Self(Arc::new(Inner {
            begun: Instant::now(),
            details,
            surroundings,
            extras: Mutex::default(),
        }))
    }

    /// How long ago the task began.
    pub(crate) fn age(&self) -> Duration {
        self.0.begun.elapsed()
    }

    pub(crate) fn details(&self) -> &StartupDetails {
        &self.0.details
    }

    /// Sends a request, and reads its reply as `T`.
    pub(crate) fn ask<T: DeserializeOwned>(&self, request: &Value) -> Result<T, ClientError> {
        let body = self.request(request)?;
        let kind = name(&body).to_owned();
        serde_json::from_value(body).map_err(|error| {
            ClientError::new(
                ClientErrorKind::Decode,
                format!(
                    "the reply to {} is a {kind} that can't be read: {error}",
                    describe(request)
                ),
            )
        })
    }

    /// Sends a request whose reply says nothing.
    pub(crate) fn tell(&self, request: &Value) -> Result<(), ClientError> {
        self.request(request).map(drop)
    }

    fn request(&self, request: &Value) -> Result<Value, ClientError> {
        url_path::check(request).map_err(|fault| {
            ClientError::new(
                ClientErrorKind::Name,
                format!("{} was not sent: {fault}", name(request)),
            )
        })?;
        self.0.surroundings.client.request(request)
    }

    pub(crate) fn extras(&self) -> MutexGuard<'_, Extras> {
        self.0.extras.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment of the worker.
    pub(crate) fn environment(&self) -> &Environment {
        &self.0.surroundings.environment
    }

    /// Has the session tell the task to stop when this time is over.
    pub(crate) fn limit(&self, time: Duration) {
        (self.0.surroundings.limit)(time);
    }

    /// The message that reports the task's end.
    pub(crate) fn last_message(&self, terminal: Terminal) -> Value {
        let extras = self.extras();
        let beside = Beside {
            label: extras.label.as_deref(),
            loop_decision: extras.loop_decision.as_ref(),
        };
        terminal.message(self.details().release, beside)
    }

    /// The question for the state that Airflow has of this very instance.
    pub(crate) fn states_request(&self) -> Value {
        message(
            "GetTaskStates",
            &[
                ("dag_id", Some(self.dag_id().into())),
                ("task_ids", Some(vec![self.task_id()].into())),
                ("run_ids", Some(vec![self.run_id()].into())),
                ("map_index", self.map_index().map(Value::from)),
            ],
        )
    }

    /// The state in the reply to [`states_request`](Self::states_request): null for one that is to be scheduled.
    pub(crate) fn own_state<'a>(&self, reply: &'a Value) -> Option<&'a Value> {
        let key = match self.map_index() {
            Some(index) => format!("{}_{index}", self.task_id()),
            None => self.task_id().to_owned(),
        };
        reply.get("task_states")?.get(self.run_id())?.get(&key)
    }

    /// The id of this task instance, a UUID. A retry has another one.
    pub fn id(&self) -> &str {
        &self.details().ti.id
    }

    /// The Dag's id.
    pub fn dag_id(&self) -> &str {
        &self.details().ti.dag_id
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.details().ti.run_id
    }

    /// The task's id, with the ids of its task groups in front.
    pub fn task_id(&self) -> &str {
        &self.details().ti.task_id
    }

    /// Which of the instances of a mapped task this is; `None` for a task that is not mapped.
    pub fn map_index(&self) -> Option<usize> {
        self.details()
            .ti
            .map_index
            .and_then(|index| usize::try_from(index).ok())
    }

    /// Which try this is, the first being 1.
    pub fn try_number(&self) -> u32 {
        self.details().ti.try_number
    }

    /// How many retries the task is configured to have (and, after it was cleared, the tries before).
    pub fn max_tries(&self) -> i64 {
        self.details().ti_context.max_tries
    }

    /// Whether the task is tried again if this try fails.
    pub fn has_tries_left(&self) -> bool {
        self.details().ti_context.should_retry.unwrap_or(false)
    }

    /// How often this task has rescheduled itself so far.
    pub fn reschedule_count(&self) -> u32 {
        self.details().ti_context.task_reschedule_count.unwrap_or(0)
    }

    /// When the task started; for a task that was resumed after a deferral, when it started at first.
    pub fn start_date(&self) -> Option<Timestamp> {
        self.details()
            .ti_context
            .start_date
            .or(self.details().start_date)
    }

    /// The queue that the task was sent through.
    pub fn queue(&self) -> Option<&str> {
        self.details().ti.queue.as_deref()
    }

    /// The name of the worker's machine, where the supervisor knows it.
    pub fn hostname(&self) -> Option<&str> {
        self.details()
            .ti
            .hostname
            .as_deref()
            .filter(|name| !name.is_empty())
    }

    /// The path of the Python file that declares the Dag, inside its Dag bundle.
    pub fn dag_file(&self) -> &str {
        &self.details().dag_rel_path
    }

    /// The Dag run.
    pub fn dag_run(&self) -> &DagRun {
        &self.details().ti_context.dag_run
    }

    /// The run's logical date; absent for runs that were triggered without one.
    ///
    /// A date that a [`Timestamp`] cannot hold is the nearest that it can, as every date from Airflow is: `9999-12-31T00:00:00Z` is
    /// [`Timestamp::MAX`], 9999-12-30T22:00:00.999999999Z.
    pub fn logical_date(&self) -> Option<Timestamp> {
        self.dag_run().logical_date
    }

    /// The run's logical date as Airflow has written it; absent where [`logical_date`](Self::logical_date) is.
    pub(crate) fn logical_date_text(&self) -> Option<&str> {
        self.logical_date()?;
        self.details().ti_context.logical_date.as_deref()
    }

    /// One entry of the run's configuration, deserialized; `None` if there is no such entry.
    pub fn conf<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ClientError> {
        if let Some(fault) = self.details().conf_fault(key) {
            return Err(unreadable(
                &format!("the run's configuration {key:?}"),
                fault,
            ));
        }
        let value = self.dag_run().conf.as_ref().and_then(|conf| conf.get(key));
        value
            .map(|value| decode(value.clone(), &format!("the run's configuration {key:?}")))
            .transpose()
    }

    /// Set when the task is called again after a deferral or after a person has answered.
    pub fn resume(&self) -> Option<Resume> {
        let context = &self.details().ti_context;
        let method = context.next_method.clone()?;
        let kwargs = match context.next_kwargs.clone().map(plain) {
            Some(Value::Object(kwargs)) => kwargs,
            _ => Map::new(),
        };
        let fault = self.details().resume_fault().cloned();
        Some(Resume {
            method,
            kwargs,
            fault,
        })
    }

    /// Tells whether the task shall stop.
    pub fn cancellation(&self) -> &Cancellation {
        &self.0.surroundings.cancellation
    }

    /// Runs something that blocks, such as a call to Airflow, beside the other futures of an `async fn`.
    ///
    /// The calls of [`Task`] block their thread until the reply is there. That is fine as long as nothing else has to go
    /// on meanwhile.
    #[cfg(feature = "tokio")]
    pub async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Task) -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        let task = self.clone();
        tokio::task::spawn_blocking(move || call(&task)).await
    }

    /// Hides a value in this task's log from now on: a string of at least five characters, or all strings in a list.
    ///
    /// Returns when Airflow has noted it, so that the next log line is safe.
    pub fn mask_secret(&self, value: impl Serialize) -> Result<(), ClientError> {
        let value = encode(&value, "the secret")?;
        self.tell(&message(
            "MaskSecret",
            &[("value", Some(value)), ("name", Some(Value::Null))],
        ))
    }

    /// Sets what the UI shows as the task's rendered fields.
    pub fn set_rendered_fields(&self, fields: impl Serialize) -> Result<(), ClientError> {
        let fields = encode(&fields, "the rendered fields")?;
        if !fields.is_object() {
            return Err(ClientError::new(
                ClientErrorKind::Value,
                "the rendered fields can't be sent to Airflow: they must be a map or a struct",
            ));
        }
        self.tell(&message(
            "SetRenderedFields",
            &[("rendered_fields", Some(fields))],
        ))
    }

    /// Sets the label that the UI shows for this instance of a mapped task, instead of its index.
    pub fn set_map_index_label(&self, label: &str) -> Result<(), ClientError> {
        self.tell(&message(
            "SetRenderedMapIndex",
            &[("rendered_map_index", Some(label.into()))],
        ))?;
        self.extras().label = Some(label.to_owned());
        Ok(())
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task")
            .field("dag_id", &self.dag_id())
            .field("run_id", &self.run_id())
            .field("task_id", &self.task_id())
            .field("map_index", &self.map_index())
            .field("try_number", &self.try_number())
            .finish_non_exhaustive()
    }
}

/// What a task is given when it is called again after a deferral or a question.
#[derive(Clone, Debug)]
pub struct Resume {
    method: String,
    kwargs: Map<String, Value>,
    fault: Option<Fault>,
}

impl Resume {
    /// The name that the deferral gave for its continuation.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The trigger's event, deserialized.
    pub fn event<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.check("the trigger's event")?;
        decode(
            self.kwargs.get("event").cloned().unwrap_or_default(),
            "the trigger's event",
        )
    }

    /// A value that the deferral handed on, deserialized; `None` if there is none of this name.
    pub fn arg<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClientError> {
        let what = format!("the argument {name:?}");
        self.check(&what)?;
        self.kwargs
            .get(name)
            .map(|value| decode(value.clone(), &what))
            .transpose()
    }

    /// An error if a part of what the supervisor has sent could not be read.
    fn check(&self, what: &str) -> Result<(), ClientError> {
        self.fault
            .as_ref()
            .map_or(Ok(()), |fault| Err(unreadable(what, fault)))
    }
}

fn unreadable(what: &str, fault: &Fault) -> ClientError {
    ClientError::new(
        ClientErrorKind::Decode,
        format!("{what} can't be read: {fault}"),
    )
}
