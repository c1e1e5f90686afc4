//! Each way in which a task is stopped from outside.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::airflow::Airflow;
use crate::bystander::{Bystander, Deed, is_running};
use crate::release::Release;

const RUN: &str = "live";
const PATIENCE: Duration = Duration::from_mins(4);
/// How long a task that was told to stop, or whose supervisor is gone, may take to end.
const END: Duration = Duration::from_secs(30);

/// What is done to each task.
const DEEDS: [(&str, Deed); 5] = [
    ("marked_failed", Deed::Mark("failed")),
    ("marked_success", Deed::Mark("success")),
    ("cleared", Deed::Clear),
    ("worker_told", Deed::SignalWorker(Signal::TERM)),
    ("worker_killed", Deed::SignalWorker(Signal::KILL)),
];

/// What the log of a first try says of its end, in one record at this level. What Airflow has decided is told, and is no error.
const SAID: [(&str, &str, &str); 4] = [
    (
        "marked_failed",
        "info",
        "Airflow has the task as failed meanwhile: the outcome of this try counts no more: SIGTERM: ",
    ),
    (
        "marked_success",
        "info",
        "Airflow has the task as success meanwhile: the outcome of this try counts no more: SIGTERM: ",
    ),
    ("cleared", "info", "the task was cleared "),
    (
        "timed_out",
        "error",
        "Task failed, it is up for retry: the execution timeout of 2000 ms: ",
    ),
];

/// Stops tasks, and looks at their states, their logs and their processes.
pub fn everything(airflow: &Airflow, release: &Release) {
    let api = &airflow.api;
    let mut expected = vec![
        ("marked_failed", "failed", 1),
        ("marked_success", "success", 1),
        ("cleared", "success", 2),
        (
            "worker_told",
            "success",
            release.tries_if_worker_gets_sigterm,
        ),
    ];
    expected.extend(
        release
            .after_kill_of_worker
            .map(|(state, attempt)| ("worker_killed", state, attempt)),
    );
    airflow.wait_for_dags(&["stops"]);
    api.trigger("stops", RUN, &json!({}));
    let mut bystander = Bystander::new(airflow, "stops", RUN, &DEEDS);
    let states = api.wait("stops", RUN, PATIENCE, |states| {
        bystander.act(states);
        let ended = |task: &str, state: &str, attempt: u64| {
            states.get(task) == Some(&(state.to_owned(), attempt))
        };
        bystander.processes.len() == DEEDS.len()
            && expected
                .iter()
                .all(|(task, state, attempt)| ended(task, state, *attempt))
    });
    for (task, state, attempt) in expected {
        let log = || api.log("stops", RUN, task, 1);
        assert_eq!(
            states[task],
            (state.to_owned(), attempt),
            "{task}: {:#?}",
            log()
        );
    }
    let note = release
        .has_notes_and_reasons
        .then_some("timed_out has a limit");
    let run = api.get(&format!("/dags/stops/dagRuns/{RUN}"));
    assert_eq!(run["note"], json!(note), "{run}");
    assert_eq!(bystander.processes.len(), DEEDS.len());
    for (task, level, words) in SAID {
        let records = api.log("stops", RUN, task, 1);
        let ours = records
            .iter()
            .filter(|record| record["logger"] == "airflow_sdk");
        let worse = ours
            .clone()
            .any(|record| record["level"] == "error" || says(record, "retry"));
        let mut said = ours.filter(|record| says(record, words));
        assert!(
            said.any(|record| record["level"] == level),
            "{task}: {records:#?}"
        );
        assert!(level == "error" || !worse, "{task}: {records:#?}");
    }
    let told = "SIGTERM: the task is told to stop";
    for (task, deed) in DEEDS {
        let records = api.log("stops", RUN, task, 1);
        let said = records.iter().any(|record| says(record, told));
        let wanted = match deed {
            Deed::SignalWorker(Signal::TERM) => release.tries_if_worker_gets_sigterm == 2,
            // Nobody is left who could tell the task, or take what it says: the connection ends.
            Deed::SignalWorker(_) => false,
            _ => true,
        };
        assert_eq!(said, wanted, "{task}: {records:#?}");
        let end = Instant::now() + END;
        let process = bystander.processes[task];
        while is_running(process) {
            assert!(Instant::now() < end, "the process of {task} runs on");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn says(record: &Value, words: &str) -> bool {
    record["event"]
        .as_str()
        .is_some_and(|event| event.contains(words))
}
