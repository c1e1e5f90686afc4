//! What happens to tasks from outside while they run: people and signals.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::airflow::Airflow;
use crate::api::States;

/// The scheduler takes a task that is queued again before it has heard of the end of the first process for a lost one, and
/// fails it. So nobody answers, and no trigger fires, within the first seconds.
const BEFORE_ANSWER: Duration = Duration::from_secs(12);

/// What is done to a task.
#[derive(Clone, Copy)]
pub enum Deed {
    /// Somebody marks it with a state.
    Mark(&'static str),
    /// Somebody clears it.
    Clear,
    /// Its process gets a signal.
    Signal(Signal),
    /// The worker's process, which is its supervisor, gets a signal.
    SignalWorker(Signal),
    /// Somebody answers what it asks.
    Answer(&'static str),
}

/// Somebody who watches one run, and does one thing to each task once it says `<task> is running` in its log, or asks.
pub struct Bystander<'a> {
    airflow: &'a Airflow,
    dag: &'a str,
    run: &'a str,
    deeds: Vec<(&'static str, Deed)>,
    asked: Option<Instant>,
    /// The processes of the tasks to which something was done, where their log names them.
    pub processes: BTreeMap<&'static str, Pid>,
}

impl<'a> Bystander<'a> {
    pub fn new(
        airflow: &'a Airflow,
        dag: &'a str,
        run: &'a str,
        deeds: &[(&'static str, Deed)],
    ) -> Self {
        Self {
            airflow,
            dag,
            run,
            deeds: deeds.to_vec(),
            asked: None,
            processes: BTreeMap::new(),
        }
    }

    /// Looks at the states, and does what it is time for.
    pub fn act(&mut self, states: &States) {
        let mut deeds = std::mem::take(&mut self.deeds);
        deeds.retain(|(task, deed)| {
            let state = states.get(*task).map_or("none", |(state, _)| state);
            !self.is_done(task, *deed, state)
        });
        self.deeds = deeds;
    }

    /// Does it if it is time for it.
    fn is_done(&mut self, task: &'static str, deed: Deed, state: &str) -> bool {
        if let Deed::Answer(option) = deed {
            if state == "awaiting_input" {
                self.asked.get_or_insert_with(Instant::now);
            }
            let time = self.asked.is_some_and(|at| at.elapsed() > BEFORE_ANSWER);
            if time {
                let answer = json!({"chosen_options": [option], "params_input": {}});
                self.patch(&format!("{task}/-1/hitlDetails"), &answer);
            }
            return time;
        }
        if state != "running" {
            return false;
        }
        let Some(record) = self.said(task) else {
            return false;
        };
        let pid = record["pid"].as_i64().and_then(|pid| pid.try_into().ok());
        let process = pid.and_then(Pid::from_raw);
        self.processes
            .extend(process.map(|process| (task, process)));
        match deed {
            Deed::Mark(state) => self.patch(task, &json!({"new_state": state})),
            Deed::Clear => self.clear(task),
            Deed::Signal(signal) => kill_process(process.unwrap(), signal).unwrap(),
            Deed::SignalWorker(signal) => {
                kill_process(worker(process.unwrap()), signal).unwrap();
            }
            Deed::Answer(_) => {}
        }
        true
    }

    /// The line by which a task says that it runs.
    fn said(&self, task: &str) -> Option<Value> {
        let wanted = format!("{task} is running");
        let records = self.airflow.api.log(self.dag, self.run, task, 1);
        records
            .into_iter()
            .find(|record| record["event"] == *wanted)
    }

    fn patch(&self, instance: &str, body: &Value) {
        let Self { dag, run, .. } = self;
        let path = format!("/dags/{dag}/dagRuns/{run}/taskInstances/{instance}");
        self.airflow.api.request("PATCH", &path, Some(body));
    }

    fn clear(&self, task: &str) {
        self.airflow.api.clear(self.dag, self.run, task);
    }
}

/// Whether a process runs. One that has ended may wait for its parent, or for the first process of the system, to take note.
pub fn is_running(process: Pid) -> bool {
    let stat = stat(process).unwrap_or_default();
    !(stat.is_empty() || stat.starts_with('Z'))
}

/// The worker that supervises a task: the process that has started it.
fn worker(task: Pid) -> Pid {
    let stat = stat(task).expect("the task runs");
    let parent = stat.split(' ').nth(1).and_then(|pid| pid.parse().ok());
    let parent = parent.and_then(Pid::from_raw).unwrap();
    let title = fs::read_to_string(format!("/proc/{}/cmdline", parent.as_raw_nonzero())).unwrap();
    assert!(title.contains("LocalExecutor"), "{title:?} is no worker");
    parent
}

/// What the system says of a process behind its name: its state, its parent.
fn stat(process: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    Some(stat.rsplit_once(") ")?.1.to_owned())
}
