//! The in-process supervisor: its settings, its sockets, and the loop that answers a task.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::conversation::{Conversation, read_logs, state};
use super::report::Report;
use super::world::World;
use crate::bundle::Bundle;
use crate::handler::TaskHandler;
use crate::logging::{self, levels::Levels};
use crate::panic;
use crate::session::Session;
use crate::value::to_value;
use crate::xcom::RETURN_VALUE;
use airflow_protocol::{frame, timestamp};

/// The ids of a task that is run without a bundle.
const DAG_ID: &str = "test_dag";
const TASK_ID: &str = "test_task";
const RUN_ID: &str = "test_run";
const TI_ID: &str = "01990000-0000-7000-8000-000000000001";
const VERSION_ID: &str = "01990000-0000-7000-8000-000000000002";

/// A supervisor for tests, and the Airflow behind it; see [`testing`](crate::testing).
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `run` or `run_task`"]
pub struct Supervisor {
    world: World,
    run_id: String,
    map_index: i64,
    try_number: u32,
    retries: u32,
    logical_date: Option<Timestamp>,
    conf: Map<String, Value>,
    resume: Option<(String, Value)>,
    stop_after: Option<Duration>,
    levels: (String, String),
    own_xcoms: Vec<(String, Value)>,
    upstream_xcoms: Vec<(String, String, i64, Value)>,
    first_frame: Option<Vec<u8>>,
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
            run_id: RUN_ID.to_owned(),
            map_index: -1,
            try_number: 1,
            retries: 0,
            logical_date: None,
            conf: Map::new(),
            resume: None,
            stop_after: None,
            levels: ("DEBUG".to_owned(), String::new()),
            own_xcoms: Vec::new(),
            upstream_xcoms: Vec::new(),
            first_frame: None,
        }
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
        self.own_xcoms.push((key.to_owned(), sendable(&value)));
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

    /// The run's id, instead of `test_run`.
    pub fn run_id(mut self, run_id: &str) -> Self {
        run_id.clone_into(&mut self.run_id);
        self
    }

    /// The task is this instance of a mapped task.
    pub fn map_index(mut self, index: u32) -> Self {
        self.map_index = index.into();
        self
    }

    /// The task has this many retries.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// This is not the first try.
    pub fn try_number(mut self, number: u32) -> Self {
        self.try_number = number;
        self
    }

    /// The run's logical date; it has none unless set.
    pub fn logical_date(mut self, date: Timestamp) -> Self {
        self.logical_date = Some(date);
        self
    }

    /// One entry of the run's configuration.
    ///
    /// # Panics
    ///
    /// If the value is not JSON.
    #[track_caller]
    pub fn conf(mut self, key: &str, value: impl Serialize) -> Self {
        self.conf.insert(key.to_owned(), sendable(&value));
        self
    }

    /// The task is resumed, after a deferral, with this event of the trigger.
    ///
    /// # Panics
    ///
    /// If the event is not JSON.
    #[track_caller]
    pub fn resumed(mut self, method: &str, event: impl Serialize) -> Self {
        self.resume = Some((method.to_owned(), json!({"event": sendable(&event)})));
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

    /// Sends these bytes instead of the first message.
    #[cfg(test)]
    pub(crate) fn first_frame(mut self, bytes: Vec<u8>) -> Self {
        self.first_frame = Some(bytes);
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
        let place = |task: &str, key: &str, index: i64| {
            (
                dag_id.to_owned(),
                self.run_id.clone(),
                task.to_owned(),
                key.to_owned(),
                index,
            )
        };
        for (task, key, index, value) in &self.upstream_xcoms {
            self.world
                .xcoms
                .insert(place(task, key, *index), value.clone());
        }
        for (key, value) in &self.own_xcoms {
            self.world
                .xcoms
                .insert(place(task_id, key, self.map_index), value.clone());
        }
        let first = self.first_frame.clone().unwrap_or_else(|| {
            frame::encode(&[&0.into(), &self.startup(dag_id, task_id), &Value::Null])
                .unwrap_or_default()
        });
        let own = (
            dag_id.to_owned(),
            self.run_id.clone(),
            task_id.to_owned(),
            self.map_index,
        );
        match self.serve(bundle, &first, own) {
            Ok(report) => report,
            #[expect(clippy::panic, reason = "the caller is a test, which can't go on")]
            Err(error) => panic!("the test supervisor could not work: {error}"),
        }
    }

    fn serve(
        self,
        bundle: &Bundle,
        first: &[u8],
        own: (String, String, String, i64),
    ) -> std::io::Result<Report> {
        let comm = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let logs = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (comm_address, logs_address): (SocketAddr, SocketAddr) =
            (comm.local_addr()?, logs.local_addr()?);
        let session = Session::new(Levels::parse(&self.levels.0, &self.levels.1), false);
        if let Some(time) = self.stop_after {
            let stop = session.stopper();
            std::thread::spawn(move || {
                std::thread::sleep(time);
                stop("SIGTERM");
            });
        }
        let world = self.world;
        std::thread::scope(|scope| {
            let logs = scope.spawn(move || read_logs(&logs));
            let conversation = scope.spawn(move || Conversation::hold(&comm, first, world));
            let delivered = session.run(bundle, comm_address, logs_address).is_ok();
            let gone = |_| std::io::Error::other("a thread of the test supervisor panicked");
            let conversation = conversation.join().map_err(gone)??;
            let (logs, mut rejections) = logs.join().map_err(gone)??;
            rejections.splice(0..0, conversation.rejections);
            Ok(Report {
                state: state(conversation.terminal.last(), delivered),
                delivered,
                own,
                world: conversation.world,
                logs,
                messages: conversation.messages,
                terminal: conversation.terminal,
                rejections,
            })
        })
    }

    pub(crate) fn startup(&self, dag_id: &str, task_id: &str) -> Value {
        let now = timestamp::text(Timestamp::now());
        let date = self.logical_date.map(timestamp::text);
        let stale: Vec<&String> = self.own_xcoms.iter().map(|(key, _)| key).collect();
        let (next_method, next_kwargs) = self.resume.clone().unzip();
        json!({
            "type": "StartupDetails",
            "ti": {
                "id": TI_ID, "task_id": task_id, "dag_id": dag_id, "run_id": self.run_id, "try_number": self.try_number,
                "dag_version_id": VERSION_ID, "map_index": self.map_index, "hostname": "", "context_carrier": null,
                "queue": "default",
            },
            "dag_rel_path": "test_dag.py",
            "bundle_info": {"name": "dags-folder", "version": null},
            "start_date": now,
            "ti_context": {
                "dag_run": {
                    "dag_id": dag_id, "run_id": self.run_id, "logical_date": date, "data_interval_start": date,
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
                "xcom_keys_to_clear": stale,
                "should_retry": self.retries != 0 && self.try_number <= self.retries,
                "start_date": null,
            },
            "sentry_integration": "",
        })
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
