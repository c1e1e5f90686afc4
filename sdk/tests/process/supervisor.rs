//! Runs one task of this program, as a process of its own, under the supervisor of `airflow-protocol`.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use airflow_protocol::Release;
use airflow_protocol::schema::Schema;
use airflow_protocol::supervisor::{Conversation, Limits, Process, TaskStart, World};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a process may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A task to run, and what the supervisor does meanwhile.
pub struct Order {
    command: Command,
    dag: &'static str,
    task: String,
    retries: bool,
    signal_at: Option<&'static str>,
    hang_up_at: Option<&'static str>,
    release: Release,
    world: World,
}

/// What came of the task.
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
            release: Release::AIRFLOW_3_3,
            world: World::default(),
        }
    }

    /// The task has tries left.
    pub fn retries(mut self) -> Self {
        self.retries = true;
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The supervisor sends SIGTERM when this line of the log comes.
    pub fn signal_at(mut self, event: &'static str) -> Self {
        self.signal_at = Some(event);
        self
    }

    /// The supervisor ends the conversation when this line of the log comes.
    pub fn hang_up_at(mut self, event: &'static str) -> Self {
        self.hang_up_at = Some(event);
        self
    }

    /// The release of the supervisor.
    pub fn airflow(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// Airflow has this variable.
    pub fn variable(mut self, key: &str, value: &str) -> Self {
        let value = Some(value.to_owned());
        self.world.variables.insert(key.to_owned(), value);
        self
    }

    /// The supervisor leaves requests of this type without an answer.
    pub fn silent(mut self, request: &str) -> Self {
        // A reply to nobody: `[0, nil, nil]`.
        let nobody = |_| vec![0x93, 0, 0xc0, 0xc0];
        self.world.payloads.insert(request.to_owned(), nobody);
        self
    }

    pub fn run(mut self) -> Outcome {
        let mut start = TaskStart::new(self.dag, &self.task);
        start.retries = self.retries.into();
        start.release = self.release;
        let schema = Schema::of(self.release.schema_versions[0]).unwrap();
        let conversation = Conversation::with_task(schema, self.world, &start);
        let limits = Limits {
            start: PATIENCE,
            run: PATIENCE,
        };
        let mut begun = Instant::now();
        let run = Process::start(&mut self.command, limits)
            .unwrap()
            .serve(conversation, |record, control| {
                if self.signal_at == Some(record.event()) {
                    begun = Instant::now();
                    let process = Pid::from_raw(control.id().try_into().unwrap()).unwrap();
                    kill_process(process, Signal::TERM).unwrap();
                }
                if self.hang_up_at == Some(record.event()) {
                    begun = Instant::now();
                    control.hang_up().unwrap();
                }
            })
            .unwrap();
        assert!(!run.timed_out, "{run:#?}");
        let rejections: Vec<&str> = run.rejections().collect();
        assert!(rejections.is_empty(), "{rejections:?}");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let records = run.logs.records.iter();
        Outcome {
            status: run.status,
            logs: records
                .map(|record| record.fields().clone().into())
                .collect(),
            stdout: text(&run.stdout),
            stderr: text(&run.stderr),
            reported: run
                .conversation
                .terminal_at
                .map(|terminal| terminal.saturating_duration_since(begun)),
            over: run.ended_at.saturating_duration_since(begun),
            messages: run.conversation.messages,
        }
    }
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
