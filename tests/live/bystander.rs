//! What happens to the tour's tasks from outside while they run: people and signals.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::airflow::Airflow;
use crate::api::States;

/// The scheduler takes a task that is queued again before it has heard of the end of the first process for a lost one, and
/// fails it. So nobody answers, and no trigger fires, within the first seconds.
const BEFORE_ANSWER: Duration = Duration::from_secs(12);

/// Somebody who watches one run, and does each thing once.
pub struct Bystander<'a> {
    airflow: &'a Airflow,
    run: &'a str,
    marked: bool,
    interrupted: Vec<&'static str>,
    asked: Option<Instant>,
    answered: bool,
}

impl<'a> Bystander<'a> {
    pub fn new(airflow: &'a Airflow, run: &'a str) -> Self {
        Self {
            airflow,
            run,
            marked: false,
            interrupted: Vec::new(),
            asked: None,
            answered: false,
        }
    }

    /// Looks at the states, and does what it is time for.
    pub fn act(&mut self, states: &States) {
        let state = |task: &str| states.get(task).map_or("none", |(state, _)| state.as_str());
        if !self.marked && state("stubborn") == "running" && self.said("stubborn").is_some() {
            self.marked = true;
            self.patch("stubborn", &json!({"new_state": "failed"}));
        }
        for (task, signal) in [
            ("interrupted", Signal::INT),
            ("runs_programs", Signal::TERM),
        ] {
            if !self.interrupted.contains(&task)
                && state(task) == "running"
                && let Some(record) = self.said(task)
            {
                self.interrupted.push(task);
                let pid = record["pid"].as_i64().and_then(|pid| pid.try_into().ok());
                let pid = pid.and_then(Pid::from_raw).unwrap();
                kill_process(pid, signal).unwrap();
            }
        }
        if state("await_input") == "awaiting_input" && self.asked.is_none() {
            self.asked = Some(Instant::now());
        }
        if !self.answered && self.asked.is_some_and(|at| at.elapsed() > BEFORE_ANSWER) {
            self.answered = true;
            let answer = json!({"chosen_options": ["Approve"], "params_input": {}});
            self.patch("await_input/-1/hitlDetails", &answer);
        }
    }

    /// The line by which a task says that it runs.
    fn said(&self, task: &str) -> Option<Value> {
        let wanted = format!("{task} is running");
        let records = self.airflow.api.log("tour", self.run, task, 1);
        records
            .into_iter()
            .find(|record| record["event"] == *wanted)
    }

    fn patch(&self, instance: &str, body: &Value) {
        let run = self.run;
        let path = format!("/dags/tour/dagRuns/{run}/taskInstances/{instance}");
        self.airflow.api.request("PATCH", &path, Some(body));
    }
}
