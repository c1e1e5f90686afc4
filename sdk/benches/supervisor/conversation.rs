//! A supervisor for other processes: it starts one, gives it a task, and answers until the task has ended.
//!
//! `airflow_sdk::testing` runs tasks in its own process, where there is no start to be measured.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use airflow_protocol::supervisor::{Sockets, TaskStart};
use airflow_protocol::{codec, frame};
use serde_json::{Value, json};

/// The sockets, which serve one process after the other.
pub struct Supervisor(Sockets);

/// What was seen of a task.
pub struct Run {
    /// When its first request was there.
    pub first_request: Instant,
    /// When its `SucceedTask` was there.
    pub ended: Instant,
    /// How many requests there were.
    pub requests: u64,
}

impl Supervisor {
    pub fn new() -> Self {
        Self(Sockets::listen().unwrap())
    }

    /// Runs one task, which has to succeed.
    pub fn run(&self, command: &mut Command, dag_id: &str, task_id: &str) -> Run {
        // Whatever can be prepared does not belong to the start of the process.
        let startup = frame::encode(&[
            &0.into(),
            &TaskStart::new(dag_id, task_id).message(),
            &Value::Null,
        ])
        .unwrap();
        command
            .args(self.0.arguments().unwrap())
            .stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (mut comm, _) = self.0.comm.accept().unwrap();
        let (mut logs, _) = self.0.logs.accept().unwrap();
        comm.set_nodelay(true).unwrap();
        comm.write_all(&startup).unwrap();
        let run = answer(&mut comm);
        let mut said = String::new();
        logs.read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}\n{said}");
        run.unwrap_or_else(|end| panic!("the task ended with {end}\n{said}"))
    }
}

/// Answers requests up to the last; the error is a last one that is no `SucceedTask`.
fn answer(comm: &mut TcpStream) -> Result<Run, Value> {
    let mut stored = Value::Null;
    let mut first_request = None;
    let mut requests = 0;
    loop {
        let payload = frame::read_payload(comm).ok().flatten();
        let now = Instant::now();
        let first_request = *first_request.get_or_insert(now);
        requests += 1;
        let Some(mut message) = payload.map(|payload| codec::read(&payload).unwrap()) else {
            return Err(json!("nothing"));
        };
        let body = message[1].take();
        let mut reply = Value::Null;
        let kind = body["type"].as_str().unwrap();
        match kind {
            "SetXCom" => stored = body["value"].clone(),
            "GetXCom" => {
                reply = json!({"type": "XComResult", "key": body["key"], "value": stored});
            }
            _ => {}
        }
        let reply = frame::encode(&[&message[0], &reply, &Value::Null]).unwrap();
        comm.write_all(&reply).unwrap();
        match kind {
            "SetXCom" | "GetXCom" => {}
            "SucceedTask" => {
                return Ok(Run {
                    first_request,
                    ended: now,
                    requests,
                });
            }
            _ => return Err(body),
        }
    }
}
