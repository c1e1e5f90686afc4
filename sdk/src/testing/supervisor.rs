//! The supervisor that runs a task in the process of its test: its settings, and the run.

use std::time::Duration;

use airflow_protocol::Release;
use airflow_protocol::arguments::ARG_BINDINGS;
use airflow_protocol::schema::{Receiver, Schema};
use airflow_protocol::supervisor::{Conversation, Logs, Sockets, TaskStart, World, XComPlace};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::report::Report;
use crate::bundle::Bundle;
use crate::bundle::handler::TaskHandler;
use crate::logging::{self, levels::Levels};
use crate::serving::panic;
use crate::serving::session::Session;
use crate::task::{Environment, RETURN_VALUE};
use crate::value::to_value;

/// The ids of a task that is run without a bundle.
const DAG_ID: &str = "test_dag";
const TASK_ID: &str = "test_task";

/// A supervisor for tests, and the Airflow behind it; see [`testing`](crate::testing).
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `run` or `run_task`"]
pub struct Supervisor {
    world: World,
    /// What the task is told. Its ids are those of the task that [`run`](Self::run) is asked for.
    start: TaskStart,
    stop_after: Option<Duration>,
    environment: Vec<(String, String)>,
    decided: Option<String>,
    levels: (String, String),
    own_xcoms: Vec<(String, Value)>,
    upstream_xcoms: Vec<(String, String, i64, Value)>,
    /// To whom the task sends its messages, and the bytes of the first message, where this is not the start of a task.
    first_frame: Option<(Receiver, Vec<u8>)>,
}

impl Default for Supervisor {
    fn default() -> Self {
        Self::new()
    }
}

impl Supervisor {
    /// A supervisor of an empty Airflow, for the first and only try of a task that is not mapped.
    pub fn new() -> Self {
        Self {
            world: World::default(),
            start: TaskStart::new(DAG_ID, TASK_ID),
            stop_after: None,
            environment: Vec::new(),
            decided: None,
            levels: ("DEBUG".to_owned(), String::new()),
            own_xcoms: Vec::new(),
            upstream_xcoms: Vec::new(),
            first_frame: None,
        }
    }

    /// The release of Airflow, instead of 3.3.
    ///
    /// ```
    /// use airflow_sdk::testing::{Release, Supervisor};
    /// use airflow_sdk::{Result, Task};
    ///
    /// fn notes(task: &Task) -> Result<()> {
    ///     Ok(task.update_dag_run_note(Some("3 orders"))?)
    /// }
    ///
    /// let report = Supervisor::new().airflow(Release::AIRFLOW_3_4).run_task(notes);
    /// report.assert_success();
    /// assert_eq!(report.dag_run_note(), Some("3 orders"));
    /// ```
    pub fn airflow(mut self, release: Release) -> Self {
        self.start.release = release;
        self
    }

    /// The worker has this variable in its environment, such as `AIRFLOW_VAR_RATE` or `AIRFLOW_CONN_DB`.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Airflow has this variable.
    pub fn variable(mut self, key: &str, value: &str) -> Self {
        self.world
            .variables
            .insert(key.to_owned(), Some(value.to_owned()));
        self
    }

    /// Airflow has this connection, given by the fields `conn_type`, `host`, `schema`, `login`, `password`, `port` and
    /// `extra` (a map, or its text); absent ones are null.
    ///
    /// ```
    /// use airflow_sdk::{json, testing::Supervisor};
    ///
    /// let supervisor = Supervisor::new().connection("db", json!({"conn_type": "postgres", "host": "localhost"}));
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the call reads best with `json!` in it"
    )]
    pub fn connection(mut self, conn_id: &str, fields: Value) -> Self {
        let mut all = json!({
            "type": "ConnectionResult", "conn_id": conn_id, "conn_type": "generic", "host": null, "schema": null,
            "login": null, "password": null, "port": null, "extra": null,
        });
        for (key, value) in fields.as_object().into_iter().flatten() {
            // Airflow carries the extra as text.
            let value = if key == "extra" && value.is_object() {
                value.to_string().into()
            } else {
                value.clone()
            };
            all[key] = value;
        }
        self.world.connections.insert(conn_id.to_owned(), all);
        self
    }

    /// Another task of this run has returned this value.
    #[track_caller]
    pub fn xcom(self, task_id: &str, value: impl Serialize) -> Self {
        self.xcom_of(task_id, RETURN_VALUE, None, value)
    }

    /// Another task of this run, or one of its mapped instances, has pushed this value.
    ///
    /// # Panics
    ///
    /// If the value can't be an XCom.
    #[track_caller]
    pub fn xcom_of(
        mut self,
        task_id: &str,
        key: &str,
        map_index: Option<u32>,
        value: impl Serialize,
    ) -> Self {
        let index = map_index.map_or(-1, i64::from);
        self.upstream_xcoms
            .push((task_id.to_owned(), key.to_owned(), index, sendable(&value)));
        self
    }

    /// The task itself has left this XCom in an earlier try.
    ///
    /// # Panics
    ///
    /// If the value can't be an XCom.
    #[track_caller]
    pub fn stale_xcom(mut self, key: &str, value: impl Serialize) -> Self {
        self.start.stale_xcoms.push(key.to_owned());
        self.own_xcoms.push((key.to_owned(), sendable(&value)));
        self
    }

    /// `[core] max_map_length` of the Airflow: over how many entries of a value a task may be expanded; 1024 unless set.
    pub fn max_map_length(mut self, length: u64) -> Self {
        self.world.max_map_length = Some(length);
        self
    }

    /// Airflow has this asset.
    pub fn asset(mut self, name: &str, uri: &str) -> Self {
        self.world
            .assets
            .push(json!({"name": name, "uri": uri, "group": "asset", "extra": {}}));
        self
    }

    /// Airflow answers every request of this type with this body (its `type` included).
    ///
    /// ```
    /// use airflow_sdk::{json, testing::Supervisor};
    ///
    /// let supervisor = Supervisor::new().reply("GetTICount", json!({"type": "TICount", "count": 3}));
    /// ```
    pub fn reply(mut self, request: &str, body: Value) -> Self {
        self.world.replies.insert(request.to_owned(), body);
        self
    }

    /// Airflow fails every request of this type, the one that reports the outcome too. `detail` is what Airflow's supervisor says of the error:
    /// of an answer of the API server `status_code`, `message` and the server's `detail`; of an exception, such as that of an API server that
    /// is away, `message` and `exception_type`.
    ///
    /// ```
    /// use airflow_sdk::testing::Supervisor;
    /// use airflow_sdk::{ClientErrorKind, Task, json};
    ///
    /// let away = json!({"status_code": null, "message": "[Errno 111] Connection refused", "exception_type": "ConnectError"});
    /// let report = Supervisor::new().failure("GetVariable", away).run_task(|task: &Task| {
    ///     assert_eq!(task.variable("rate").unwrap_err().kind(), ClientErrorKind::Unreachable);
    /// });
    /// report.assert_success();
    /// ```
    pub fn failure(mut self, request: &str, detail: Value) -> Self {
        self.world.failures.insert(request.to_owned(), detail);
        self
    }

    /// The run's id, instead of `test_run`.
    pub fn run_id(mut self, run_id: &str) -> Self {
        run_id.clone_into(&mut self.start.run_id);
        self
    }

    /// The task is this instance of a mapped task.
    pub fn map_index(mut self, index: u32) -> Self {
        self.start.map_index = index.into();
        self
    }

    /// The task has this many retries.
    pub fn retries(mut self, retries: u32) -> Self {
        self.start.retries = retries;
        self
    }

    /// This is not the first try.
    pub fn try_number(mut self, number: u32) -> Self {
        self.start.try_number = number;
        self
    }

    /// The run's logical date; it has none unless set.
    pub fn logical_date(mut self, date: Timestamp) -> Self {
        self.start.logical_date = Some(date);
        self
    }

    /// One entry of the run's configuration.
    ///
    /// # Panics
    ///
    /// If the value is not JSON.
    #[track_caller]
    pub fn conf(mut self, key: &str, value: impl Serialize) -> Self {
        self.start.conf.insert(key.to_owned(), sendable(&value));
        self
    }

    /// The task is resumed, after a deferral, with this event of the trigger.
    ///
    /// # Panics
    ///
    /// If the event is not JSON.
    #[track_caller]
    pub fn resumed(mut self, method: &str, event: impl Serialize) -> Self {
        self.start.resume = Some((method.to_owned(), json!({"event": sendable(&event)})));
        self
    }

    /// A field of `ti_context` that Airflow 3.4 sends to bundles that are for 3.4 alone, such as `loop`.
    ///
    /// # Panics
    ///
    /// If the value is not JSON.
    #[track_caller]
    pub fn context_3_4(mut self, key: &str, value: impl Serialize) -> Self {
        self.start.more.insert(key.to_owned(), sendable(&value));
        self.airflow(Release::AIRFLOW_3_4)
    }

    /// The task's call in the Dag passes this value to the stub's next parameter, of this name; under Airflow 3.4, as
    /// [`context_3_4`](Self::context_3_4).
    ///
    /// ```
    /// use airflow_sdk::Result;
    /// use airflow_sdk::testing::Supervisor;
    ///
    /// fn load(orders: Vec<u64>, limit: usize) -> Result<usize> {
    ///     Ok(orders.len().min(limit))
    /// }
    ///
    /// let supervisor = Supervisor::new().xcom("extract", [3, 4, 5]);
    /// let report = supervisor.upstream_argument("orders", "extract").argument("limit", 2).run_task(load);
    /// assert_eq!(report.return_value(), Some(2));
    /// ```
    ///
    /// # Panics
    ///
    /// If the value is not JSON.
    #[track_caller]
    pub fn argument(self, name: &str, value: impl Serialize) -> Self {
        let value = sendable(&value);
        self.bound(json!({"name": name, "value_schema": null, "kind": "literal", "value": value, "from_default": false}))
    }

    /// As [`argument`](Self::argument), the default of the stub's parameter, which the call does not name.
    ///
    /// # Panics
    ///
    /// If the value is not JSON.
    #[track_caller]
    pub fn default_argument(self, name: &str, value: impl Serialize) -> Self {
        let value = sendable(&value);
        self.bound(json!({"name": name, "value_schema": null, "kind": "literal", "value": value, "from_default": true}))
    }

    /// As [`argument`](Self::argument), what another task of the run has returned: see [`xcom`](Self::xcom).
    pub fn upstream_argument(self, name: &str, task_id: &str) -> Self {
        self.bound(json!({"name": name, "value_schema": null, "kind": "xcom", "task_id": task_id}))
    }

    /// The task's call in the Dag passes no arguments, or the task is mapped; under Airflow 3.4, as [`context_3_4`](Self::context_3_4).
    pub fn no_arguments(self) -> Self {
        self.context_3_4(ARG_BINDINGS, Value::Null)
    }

    fn bound(mut self, binding: Value) -> Self {
        let bindings = self.start.more.entry(ARG_BINDINGS);
        match bindings.or_insert(Value::Null) {
            Value::Array(list) => list.push(binding),
            // Also in the place of the null of `no_arguments`.
            none => *none = json!([binding]),
        }
        self.airflow(Release::AIRFLOW_3_4)
    }

    /// Someone marks the task as this state while it runs, such as `failed`, or clears it (`restarting`); Airflow's supervisor sends SIGTERM
    /// then, as [`stop_after`](Self::stop_after) does.
    pub fn decided(mut self, state: &str) -> Self {
        self.decided = Some(state.to_owned());
        self
    }

    /// The task is told to stop, as by SIGTERM, this long after it was started.
    pub fn stop_after(mut self, time: Duration) -> Self {
        self.stop_after = Some(time);
        self
    }

    /// Airflow's `logging_level` and `namespace_levels`; `DEBUG` and none unless set.
    pub fn logging(mut self, level: &str, namespaces: &str) -> Self {
        self.levels = (level.to_owned(), namespaces.to_owned());
        self
    }

    /// Sends these bytes instead of the first message, and takes what a task sends.
    #[cfg(test)]
    pub(crate) fn first_frame(mut self, bytes: Vec<u8>) -> Self {
        self.first_frame = Some((Receiver::ToSupervisor, bytes));
        self
    }

    /// Sends these bytes instead of the first message, and takes what is sent to a Dag processor.
    #[cfg(test)]
    pub(crate) fn asks_for_dags(mut self, bytes: Vec<u8>) -> Self {
        self.first_frame = Some((Receiver::ToManager, bytes));
        self
    }

    /// Answers every request of this type with a payload made from its id.
    #[cfg(test)]
    pub(crate) fn payload(mut self, request: &str, payload: fn(u64) -> Vec<u8>) -> Self {
        self.world.payloads.insert(request.to_owned(), payload);
        self
    }

    /// Runs one handler, as the task `test_task` of the Dag `test_dag`.
    ///
    /// # Panics
    ///
    /// If this machine gives no sockets or threads.
    #[track_caller]
    pub fn run_task<M>(self, handler: impl TaskHandler<M>) -> Report {
        self.run(
            &Bundle::new().register(DAG_ID, TASK_ID, handler),
            DAG_ID,
            TASK_ID,
        )
    }

    /// Runs one task of a bundle, whether or not the bundle serves it.
    ///
    /// # Panics
    ///
    /// If this machine gives no sockets or threads.
    #[track_caller]
    pub fn run(mut self, bundle: &Bundle, dag_id: &str, task_id: &str) -> Report {
        logging::install();
        panic::install();
        dag_id.clone_into(&mut self.start.dag_id);
        task_id.clone_into(&mut self.start.task_id);
        let place = |task: &str, key: &str, map_index: i64| XComPlace {
            dag_id: dag_id.to_owned(),
            run_id: self.start.run_id.clone(),
            task_id: task.to_owned(),
            key: key.to_owned(),
            map_index,
        };
        for (task, key, index, value) in &self.upstream_xcoms {
            let place = place(task, key, *index);
            self.world.xcoms.insert(place, value.clone());
        }
        for (key, value) in &self.own_xcoms {
            let place = place(task_id, key, self.start.map_index);
            self.world.xcoms.insert(place, value.clone());
        }
        if let Some(state) = self.decided.take() {
            let instance = self.start.instance();
            let states = self.world.task_states.entry(self.start.run()).or_default();
            states.insert(instance, state.into());
        }
        match self.serve(bundle) {
            Ok(report) => report,
            #[expect(clippy::panic, reason = "the caller is a test, which can't go on")]
            Err(error) => panic!("the test supervisor could not work: {error}"),
        }
    }

    fn serve(self, bundle: &Bundle) -> std::io::Result<Report> {
        // What a task sends is read by the newest schema of the release.
        let version = self.start.release.schema_versions.first();
        let schema = version
            .and_then(|version| Schema::of(version))
            .ok_or_else(|| std::io::Error::other("the schema of the release is not known"))?;
        let mut conversation = match self.first_frame {
            None => Conversation::with_task(schema, self.world, &self.start),
            Some((receiver, first)) => {
                Conversation::beginning_with(schema, receiver, self.world, first)
            }
        };
        let sockets = Sockets::listen()?;
        let (comm_address, logs_address) = sockets.addresses()?;
        let mut session = Session::new(Levels::parse(&self.levels.0, &self.levels.1), false)?;
        session.environment = Environment::Given(self.environment);
        if let Some(time) = self.stop_after {
            let stop = session.stopper();
            std::thread::spawn(move || {
                std::thread::sleep(time);
                stop("SIGTERM");
            });
        }
        let Sockets { comm, logs } = sockets;
        std::thread::scope(|scope| {
            let logs = scope.spawn(move || Logs::read(logs.accept()?.0, |_| {}));
            let conversation = scope.spawn(move || {
                conversation.hold(comm.accept()?.0);
                std::io::Result::Ok(conversation)
            });
            let delivered = session.run(bundle, comm_address, logs_address).is_ok();
            let gone = |_| std::io::Error::other("a thread of the test supervisor panicked");
            let conversation = conversation.join().map_err(gone)??;
            let logs = logs.join().map_err(gone)??;
            Ok(Report::new(conversation, logs, delivered, self.start))
        })
    }

    /// The message that starts the task.
    #[cfg(test)]
    pub(crate) fn startup(&self) -> Value {
        self.start.message()
    }
}

#[track_caller]
fn sendable(value: &impl Serialize) -> Value {
    match to_value(value) {
        Ok(value) => value,
        #[expect(clippy::panic, reason = "the caller is a test, which can't go on")]
        Err(error) => panic!("the value given to the test supervisor can't be sent: {error}"),
    }
}
