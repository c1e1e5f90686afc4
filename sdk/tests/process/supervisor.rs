//! A supervisor that starts this program with one task, as Airflow's does, and sees how it ends.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use airflow_protocol::{codec, frame};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::startup::startup;

/// How long a process may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be done with a task.
pub struct Order {
    command: Command,
    dag: &'static str,
    task: String,
    retries: bool,
    signal_at: Option<&'static str>,
    hang_up_at: Option<&'static str>,
}

/// What was seen.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    /// The messages of the task, in order.
    pub messages: Vec<Value>,
    pub logs: Vec<Value>,
    pub stdout: String,
    pub stderr: String,
    /// From the signal, or else from the start, to the terminal message.
    pub reported: Option<Duration>,
    /// The same, to the end of the process and of both its outputs.
    pub over: Duration,
}

impl Order {
    /// A task of this program.
    pub fn new(task: &str) -> Self {
        Self::of(&std::env::current_exe().unwrap(), "process", task)
    }

    /// A task of a bundle.
    pub fn of(executable: &Path, dag: &'static str, task: &str) -> Self {
        let mut command = Command::new(executable);
        command
            .env_remove("RUST_MIN_STACK")
            .env_remove("RUST_BACKTRACE");
        Self {
            command,
            dag,
            task: task.to_owned(),
            retries: false,
            signal_at: None,
            hang_up_at: None,
        }
    }

    /// It has tries left.
    pub fn retries(mut self) -> Self {
        self.retries = true;
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// SIGTERM comes with this line of the log.
    pub fn signal_at(mut self, event: &'static str) -> Self {
        self.signal_at = Some(event);
        self
    }

    /// The supervisor goes away with this line of the log.
    pub fn hang_up_at(mut self, event: &'static str) -> Self {
        self.hang_up_at = Some(event);
        self
    }

    pub fn run(mut self) -> Outcome {
        let [comm, logs] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let mut child = self
            .command
            .arg(format!("--comm={}", comm.local_addr().unwrap()))
            .arg(format!("--logs={}", logs.local_addr().unwrap()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = read(child.stdout.take().unwrap());
        let stderr = read(child.stderr.take().unwrap());
        let (over, waiting) = mpsc::channel::<()>();
        let watched = pid(&child);
        thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process(watched, Signal::KILL);
            }
        });
        let mut begun = Instant::now();
        let (mut comm, _) = comm.accept().unwrap();
        let (logs, _) = logs.accept().unwrap();
        let mut first = startup(self.dag, &self.task);
        first["ti_context"]["should_retry"] = self.retries.into();
        let first = frame::encode(&[&0.into(), &first, &Value::Null]).unwrap();
        comm.write_all(&first).unwrap();
        let hang_up = comm.try_clone().unwrap();
        let conversation = thread::spawn(move || converse(comm));
        let mut records = Vec::new();
        for line in BufReader::new(logs).lines() {
            let Ok(line) = line else { break };
            let record: Value = serde_json::from_str(&line).unwrap();
            let is = |wanted: Option<&str>| wanted.is_some_and(|wanted| record["event"] == wanted);
            if is(self.signal_at) {
                begun = Instant::now();
                kill_process(pid(&child), Signal::TERM).unwrap();
            }
            if is(self.hang_up_at) {
                begun = Instant::now();
                hang_up.shutdown(std::net::Shutdown::Both).unwrap();
            }
            records.push(record);
        }
        let status = child.wait().unwrap();
        drop(over);
        let (messages, terminal) = conversation.join().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().unwrap());
        Outcome {
            status,
            messages,
            logs: records,
            stdout,
            stderr,
            reported: terminal.map(|terminal| terminal.saturating_duration_since(begun)),
            over: begun.elapsed(),
        }
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap()).unwrap()
}

fn read(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Answers every request with nothing; when the terminal message came.
fn converse(mut comm: TcpStream) -> (Vec<Value>, Option<Instant>) {
    let mut messages = Vec::new();
    let mut terminal = None;
    // A task that hangs up in the middle of a frame has ended all the same.
    while let Ok(Some(payload)) = frame::read_payload(&mut comm) {
        let mut message = codec::read(&payload).unwrap();
        let body = message[1].take();
        let kind = body["type"].as_str().unwrap();
        if kind.ends_with("Task") || kind == "TaskState" {
            terminal = Some(Instant::now());
        }
        messages.push(body);
        let done = frame::encode(&[&message[0], &Value::Null, &Value::Null]).unwrap();
        let _ = comm.write_all(&done);
    }
    (messages, terminal)
}

impl Outcome {
    /// The last message: its type, or the state in it.
    pub fn state(&self) -> &str {
        let last = self.messages.last().unwrap_or(&Value::Null);
        match last["type"].as_str() {
            Some("TaskState") => last["state"].as_str().unwrap(),
            Some(kind) => kind,
            None => "nothing",
        }
    }

    pub fn said(&self, text: &str) -> bool {
        self.logs
            .iter()
            .any(|record| record["event"].as_str().unwrap().contains(text))
    }

    /// Checks state and exit code.
    #[track_caller]
    pub fn check(&self, state: &str, code: i32) -> &Self {
        assert_eq!(self.state(), state, "{self:#?}");
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }
}
