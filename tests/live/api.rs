//! Airflow's public API, over plain HTTP on the loopback.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(40);
/// How often a request is made before it has failed.
const ATTEMPTS: usize = 6;

/// A client of one API server.
pub struct Api {
    port: u16,
    token: Option<String>,
    /// One request at a time: the server writes its audit log in its event loop, and while that waits for SQLite's lock, another
    /// request cannot commit and give the lock back.
    gate: Mutex<()>,
}

/// A finished or waiting task instance: its state and its try number, by `task_id` or `task_id[map_index]`.
pub type States = BTreeMap<String, (String, u64)>;

impl Api {
    pub fn new(port: u16) -> Self {
        Self {
            port,
            token: None,
            gate: Mutex::new(()),
        }
    }

    /// Gets a token; false if the server is not there yet.
    pub fn log_in(&mut self) -> bool {
        let token = self.call("GET", "/auth/token", None).ok();
        self.token =
            token.and_then(|(_, body)| Some(body.get("access_token")?.as_str()?.to_owned()));
        self.token.is_some()
    }

    /// Whether the tasks' API answers.
    pub fn is_up(&self) -> bool {
        self.call("GET", "/execution/health", None)
            .is_ok_and(|(status, _)| status == 200)
    }

    /// One request: status and body.
    fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> std::io::Result<(u16, Value)> {
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(ANSWER))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let token = self
            .token
            .as_ref()
            .map(|token| format!("Authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        // With HTTP/1.0 the answer ends with the connection, and is never chunked.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{token}Accept: application/json\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        Ok((
            status,
            serde_json::from_str(body).unwrap_or_else(|_| body.into()),
        ))
    }

    /// A request that must succeed. While the database is busy the server may be silent, or fail (5xx): then it is asked
    /// again, and that the first request did it after all (409) is as good.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let mut failures = Vec::new();
        while failures.len() < ATTEMPTS {
            match self.call(method, &format!("/api/v2{path}"), body) {
                Ok((200..300, answer)) => return answer,
                Ok((409, answer)) if !failures.is_empty() => return answer,
                Ok((status @ 500.., answer)) => failures.push(format!("{status} {answer}")),
                Ok((status, answer)) => panic!("{method} {path}: {status} {answer} {failures:?}"),
                Err(error) => failures.push(error.to_string()),
            }
            eprintln!("{method} {path}: {}", failures[failures.len() - 1]);
            std::thread::sleep(Duration::from_secs(1));
        }
        panic!("{method} {path}: {failures:#?}");
    }

    pub fn get(&self, path: &str) -> Value {
        self.request("GET", path, None)
    }

    /// Whether a Dag is there, and not paused.
    pub fn has_dag(&self, dag: &str) -> bool {
        self.call("GET", &format!("/api/v2/dags/{dag}"), None)
            .is_ok_and(|(status, _)| status == 200)
    }

    /// Triggers a run.
    pub fn trigger(&self, dag: &str, run: &str, conf: &Value) {
        let body = json!({"dag_run_id": run, "conf": conf, "logical_date": null});
        self.request("POST", &format!("/dags/{dag}/dagRuns"), Some(&body));
    }

    /// Triggers a run with a logical date, at which its data interval begins, and the end of the interval.
    pub fn trigger_at(&self, dag: &str, run: &str, date: &str, end: &str) {
        let body = json!({
            "dag_run_id": run, "logical_date": date, "data_interval_start": date, "data_interval_end": end,
        });
        self.request("POST", &format!("/dags/{dag}/dagRuns"), Some(&body));
    }

    /// Clears a task of a run: it runs again, at the version of the run.
    pub fn clear(&self, dag: &str, run: &str, task: &str) {
        let body = json!({
            "dry_run": false, "dag_run_id": run, "task_ids": [task], "only_failed": false, "reset_dag_runs": true,
            "run_on_latest_version": false,
        });
        let path = format!("/dags/{dag}/clearTaskInstances");
        self.request("POST", &path, Some(&body));
    }

    /// The states of a run's task instances.
    pub fn states(&self, dag: &str, run: &str) -> States {
        let answer = self.get(&format!(
            "/dags/{dag}/dagRuns/{run}/taskInstances?limit=100"
        ));
        let total = answer["total_entries"].as_u64().unwrap();
        let mut instances = answer["task_instances"].as_array().unwrap().clone();
        while u64::try_from(instances.len()).unwrap() < total {
            let offset = instances.len();
            let page = self.get(&format!(
                "/dags/{dag}/dagRuns/{run}/taskInstances?limit=100&offset={offset}"
            ));
            instances.extend(page["task_instances"].as_array().unwrap().clone());
        }
        let name = |instance: &Value| match instance["map_index"].as_i64() {
            Some(index @ 0..) => format!("{}[{index}]", instance["task_id"].as_str().unwrap()),
            _ => instance["task_id"].as_str().unwrap().to_owned(),
        };
        let state = |instance: &Value| instance["state"].as_str().unwrap_or("none").to_owned();
        instances
            .iter()
            .map(|one| {
                (
                    name(one),
                    (state(one), one["try_number"].as_u64().unwrap_or(0)),
                )
            })
            .collect()
    }

    /// Waits until the states are as wanted.
    pub fn wait(
        &self,
        dag: &str,
        run: &str,
        patience: Duration,
        mut done: impl FnMut(&States) -> bool,
    ) -> States {
        let deadline = Instant::now() + patience;
        loop {
            let states = self.states(dag, run);
            if done(&states) || Instant::now() > deadline {
                return states;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Waits until a run has ended.
    pub fn wait_for_end(&self, dag: &str, run: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !matches!(self.run_state(dag, run).as_str(), "success" | "failed")
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// The run's own state.
    pub fn run_state(&self, dag: &str, run: &str) -> String {
        self.get(&format!("/dags/{dag}/dagRuns/{run}"))["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// A stored `XCom`; null if there is none.
    pub fn xcom(&self, dag: &str, run: &str, task: &str, key: &str) -> Value {
        let path = format!(
            "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}?deserialize=false"
        );
        self.call("GET", &path, None)
            .map(|(_, body)| body["value"].clone())
            .unwrap_or_default()
    }

    /// The records of a try's log.
    pub fn log(&self, dag: &str, run: &str, task: &str, attempt: u32) -> Vec<Value> {
        let path = format!(
            "/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}?full_content=true"
        );
        self.get(&path)["content"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}
