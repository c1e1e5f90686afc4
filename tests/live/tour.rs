//! The tour: one task for each capability, judged by Airflow's own API.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::airflow::Airflow;
use crate::bystander::{Bystander, Deed};
use crate::release::Release;

const RUN: &str = "live";
/// How long the whole tour may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// The state in which each task must end, and its try number.
const EXPECTED: [(&str, &str, u64); 51] = [
    ("succeed", "success", 1),
    ("fail", "failed", 1),
    ("retry_then_succeed", "success", 2),
    ("retry_with_delay", "success", 2),
    ("fail_without_retry", "failed", 1),
    ("skip", "skipped", 1),
    ("reschedule", "success", 1),
    ("defer", "success", 1),
    ("await_input", "success", 1),
    ("panic", "failed", 1),
    ("aborts_at_exit", "success", 1),
    ("skips_and_aborts_at_exit", "skipped", 1),
    ("exits", "success", 2),
    ("overflows", "failed", 1),
    ("runs_programs", "success", 2),
    ("unknown", "failed", 1),
    ("stubborn", "failed", 1),
    ("interrupted", "success", 2),
    ("asynchronous", "success", 1),
    ("push", "success", 1),
    ("pull", "success", 1),
    ("mapped_source", "success", 1),
    ("mapped[0]", "success", 1),
    ("mapped[1]", "success", 1),
    ("mapped[2]", "success", 1),
    ("gather", "success", 1),
    ("for_python", "success", 1),
    ("python_sink", "success", 1),
    ("python_source", "success", 1),
    ("from_python", "success", 1),
    ("stale", "success", 2),
    ("variables", "success", 1),
    ("connections", "success", 1),
    ("task_state", "success", 1),
    ("asset_state", "success", 1),
    ("produce", "success", 1),
    ("trigger", "success", 1),
    ("runs", "success", 1),
    ("skip_downstream", "success", 1),
    ("skipped_by_other", "skipped", 0),
    ("partly_skipped[0]", "success", 1),
    ("partly_skipped[1]", "skipped", 0),
    ("dag_result", "success", 1),
    ("long_list", "success", 1),
    ("refused_length", "success", 1),
    ("rendered", "success", 1),
    ("secrets", "success", 1),
    ("context", "success", 1),
    ("logs", "success", 1),
    ("traces", "success", 1),
    ("prints", "success", 1),
];

/// What happens to tasks from outside.
const DEEDS: [(&str, Deed); 4] = [
    ("stubborn", Deed::Mark("failed")),
    ("interrupted", Deed::Signal(Signal::INT)),
    ("runs_programs", Deed::Signal(Signal::TERM)),
    ("await_input", Deed::Answer("Approve")),
];

/// Runs the tour and checks all of it.
pub fn everything(airflow: &Airflow, release: &Release) {
    let api = &airflow.api;
    prepare(airflow);
    api.trigger("tour", RUN, &json!({"who": "tour"}));
    let mut bystander = Bystander::new(airflow, "tour", RUN, &DEEDS);
    let states = api.wait("tour", RUN, PATIENCE, |states| {
        bystander.act(states);
        states.len() >= EXPECTED.len() && states.values().all(|(state, _)| is_final(state))
    });
    let mut wrong = Vec::new();
    for (task, wanted, attempt) in &EXPECTED {
        match states.get(*task) {
            Some((state, number)) if state == wanted && number == attempt => {}
            other => wrong.push(format!(
                "{task}: {other:?}, not {wanted} in try {attempt}\n{}",
                text(airflow, task, 1)
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    values(airflow);
    result_of_run(airflow);
    logs(airflow);
    others(airflow);
    let failed = format!("/dags/tour/dagRuns/{RUN}/taskInstances/fail_without_retry");
    let failed = api.get(&failed);
    let reason = release.has_notes_and_reasons.then_some("hopeless");
    assert_eq!(failed["state_reason"], json!(reason), "{failed}");
}

/// Whether a task in this state stays in it.
fn is_final(state: &str) -> bool {
    matches!(
        state,
        "success" | "failed" | "skipped" | "upstream_failed" | "removed"
    )
}

/// What the tour expects to find.
fn prepare(airflow: &Airflow) {
    let api = &airflow.api;
    airflow.wait_for_dags(&["tour", "triggered", "consumer"]);
    for (key, value) in [("tour_text", "hello"), ("tour_json", "{\"a\": [1]}")] {
        api.request(
            "POST",
            "/variables",
            Some(&json!({"key": key, "value": value})),
        );
    }
    let connection = json!({
        "connection_id": "tour_db", "conn_type": "postgres", "host": "db.example.com", "port": 5432, "login": "me",
        "password": "pa55word-of-db", "schema": "sales", "extra": "{\"sslmode\": \"require\"}",
    });
    api.request("POST", "/connections", Some(&connection));
    // A URL has neither the password nor the extra as they are.
    let connection = json!({
        "connection_id": "tour_url", "conn_type": "postgres", "host": "db.example.com", "login": "me",
        "password": "p@ss/wörd of 9%", "schema": "sales", "extra": "{\"sslmode\": \"require\", \"keepalives\": 1}",
    });
    api.request("POST", "/connections", Some(&connection));
}

/// A try's log as text, for messages.
fn text(airflow: &Airflow, task: &str, attempt: u32) -> String {
    let task = task.split('[').next().unwrap_or(task);
    let records = airflow.api.log("tour", RUN, task, attempt);
    let lines: Vec<String> = records
        .iter()
        .map(|record| format!("    {record}"))
        .collect();
    lines.join("\n")
}

/// The values that the tasks have left.
fn values(airflow: &Airflow) {
    let api = &airflow.api;
    let value = |task: &str, key: &str| api.xcom("tour", RUN, task, key);
    let returned = |task: &str| value(task, "return_value");
    assert_eq!(returned("retry_then_succeed"), json!(2));
    assert_eq!(returned("reschedule"), json!(1));
    assert_eq!(returned("defer"), json!("woken kept true"));
    assert_eq!(returned("asynchronous"), json!(42));
    assert_eq!(value("asynchronous", "from_blocking"), json!(true));
    assert_eq!(returned("gather"), json!(["0:eu", "1:us", "2:asia"]));
    assert_eq!(
        returned("connections"),
        json!("postgres://me:***@db.example.com:5432/sales?sslmode=require")
    );
    assert_eq!(
        returned("await_input")["chosen_options"],
        json!(["Approve"]),
        "{}",
        returned("await_input")
    );
    assert_eq!(returned("succeed"), Value::Null);
    for (task, rows) in [("long_list", 2000), ("refused_length", 600)] {
        assert_eq!(
            returned(task).as_array().map(Vec::len),
            Some(rows),
            "{task}"
        );
    }
    let context = returned("context");
    assert_eq!(context["queue"], "rust", "{context}");
    assert_eq!(context["logical_date"], Value::Null, "{context}");
    let described = api.get("/variables/tour_new");
    assert_eq!(described["description"], "made by a task");
    let rendered = api.get(&format!("/dags/tour/dagRuns/{RUN}/taskInstances/rendered"));
    assert_eq!(
        rendered["rendered_fields"],
        json!({"sql": "select 1", "limit": 5})
    );
    let mapped = api.get(&format!("/dags/tour/dagRuns/{RUN}/taskInstances/mapped/2"));
    assert_eq!(mapped["rendered_map_index"], "asia");
}

/// The result of the whole run, which one task has returned.
fn result_of_run(airflow: &Airflow) {
    let path = format!("/dags/tour/dagRuns/{RUN}/wait?interval=1");
    // Each look at the run is a line of JSON, and comes in a chunk of its own; the last one is taken at the end.
    let answer = airflow.api.get(&path);
    let lines = answer.as_str().unwrap_or_default().lines();
    let mut looks = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let last = looks.rfind(Value::is_object).unwrap_or_default();
    assert_eq!(
        last["results"],
        json!({"dag_result": "of the whole run"}),
        "{answer}"
    );
}

/// What the tasks have said.
fn logs(airflow: &Airflow) {
    let find = |task: &str, event: &str| {
        let records = airflow.api.log("tour", RUN, task, 1);
        let found = records.iter().find(|record| {
            record["event"]
                .as_str()
                .is_some_and(|text| text.contains(event))
        });
        found.cloned().unwrap_or_else(|| {
            panic!(
                "no log line {event:?} in {task}:\n{}",
                text(airflow, task, 1)
            )
        })
    };
    let info = find("logs", "an info line");
    assert_eq!(info["rows"], 3);
    assert_eq!(info["target_"], "poison");
    assert_eq!(info["level"], "info");
    assert_eq!(find("logs", "a warning line")["level"], "warning");
    let all = text(airflow, "logs", 1);
    assert!(
        !all.contains("a debug line") && !all.contains("an error line"),
        "levels are not obeyed: {all}"
    );
    let traced = find("traces", "a traced line");
    assert_eq!(traced["table"], "orders");
    assert_eq!(
        traced["error_detail"][0]["exc_type"], "ParseIntError",
        "{traced}"
    );
    assert_eq!(find("prints", "a line on stdout")["level"], "info");
    assert_eq!(find("prints", "a line on stderr")["level"], "error");
    let failed = find("fail", "Task failed");
    assert_eq!(
        failed["error_detail"][1]["exc_value"], "invalid digit found in string",
        "{failed}"
    );
    let panicked = find("panic", "panicked at src/outcomes.rs");
    assert_eq!(
        panicked["error_detail"][0]["exc_type"], "panic",
        "{panicked}"
    );
    // One that says nothing itself, and one whose length this Airflow refuses.
    find("succeed", "the task \"succeed\" has run for ");
    find(
        "long_list",
        "the return value has 2000 entries, and no task can be expanded over it: its length was not sent",
    );
    let refused = "no task can be expanded over it: Airflow has refused its length";
    assert_eq!(find("refused_length", refused)["level"], "info");
    find("unknown", "it serves tour: succeed, fail");
    find("stubborn", "SIGTERM: the task is told to stop");
    find("stubborn", "did not stop in time");
    find("interrupted", "SIGINT: the task is told to stop");
    find(
        "exits",
        "it is up for retry: the task ended the process itself",
    );
    let overflown = find("overflows", "has overflowed its stack");
    assert_eq!(overflown["level"], "error", "{overflown}");
    let ended = find("overflows", "Process exited abnormally");
    assert_eq!(ended["exit_code"], -6, "{ended}");
    assert_eq!(find("runs_programs", "wrong")["level"], "error");
    find("runs_programs", "the program \"sh\" was ended");
    let grandchild = find("runs_programs", "grandchild ");
    assert_eq!(grandchild["logger"], "task.stdout", "{grandchild}");
    let pid = grandchild["event"].as_str().unwrap();
    let pid: u32 = pid.strip_prefix("grandchild ").unwrap().parse().unwrap();
    // One that has ended may wait for the first process of the system to take note.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(
        stat.is_empty() || stat.contains(") Z "),
        "the grandchild of runs_programs is still there: {stat}"
    );
    let shown = find("connections", "the URL is ");
    assert_eq!(
        shown["event"],
        "the URL is postgres://me:***@db.example.com/sales?keepalives=1&sslmode=require"
    );
    find("connections", "in the parameter __extra__");
    let said = text(airflow, "connections", 1);
    for secret in [
        "p@ss",
        "p%40ss",
        "rd of 9",
        "rd%20of",
        "rd+of",
        "%22keepalives",
    ] {
        assert!(!said.contains(secret), "{secret} in the log: {said}");
    }
    for task in ["secrets", "connections"] {
        let said = text(airflow, task, 1);
        assert!(
            !said.contains("hunter22") && !said.contains("pa55word"),
            "a secret in the log: {said}"
        );
    }
}

/// The runs that the tour has started.
fn others(airflow: &Airflow) {
    let api = &airflow.api;
    let states = api.wait("triggered", "by_tour", PATIENCE, |states| {
        states
            .get("triggered")
            .is_some_and(|(state, _)| state == "success")
    });
    assert_eq!(states["triggered"].0, "success");
    assert_eq!(
        api.xcom("triggered", "by_tour", "triggered", "return_value"),
        json!(true)
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let runs = api.get("/dags/consumer/dagRuns");
        let runs = runs["dag_runs"].as_array().unwrap();
        if let [run] = &runs[..]
            && run["state"] == "success"
        {
            let run = run["dag_run_id"].as_str().unwrap();
            let run = run.replace('+', "%2B").replace(':', "%3A");
            assert_eq!(
                api.xcom("consumer", &run, "consume", "return_value"),
                json!({"rows": 3})
            );
            break;
        }
        assert!(
            Instant::now() < deadline,
            "the asset event has triggered nothing: {runs:?}"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Three runs of one Dag: each looks back at the one before. The interval of the last ends at the date that means "for ever";
/// a logical date in the future is never scheduled (`Logical date is in future` in the scheduler's log, both releases).
pub fn history(airflow: &Airflow) {
    let api = &airflow.api;
    airflow.wait_for_dags(&["history"]);
    for (run, date, end, before) in [
        (
            "first",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            Value::Null,
        ),
        (
            "second",
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:00:00Z",
            json!("first"),
        ),
        (
            "for_ever",
            "2026-01-03T00:00:00Z",
            "9999-12-31T00:00:00Z",
            json!("second"),
        ),
    ] {
        api.trigger_at("history", run, date, end);
        api.wait_for_end("history", run, PATIENCE);
        let states = api.states("history", run);
        assert_eq!(
            states["look_back"].0,
            "success",
            "{:#?}",
            api.log("history", run, "look_back", 1)
        );
        if before != Value::Null {
            assert_eq!(
                api.xcom("history", run, "look_back", "return_value"),
                before
            );
        }
    }
}

/// 200 task instances in one run.
pub fn two_hundred(airflow: &Airflow) {
    let api = &airflow.api;
    airflow.wait_for_dags(&["many"]);
    api.trigger("many", RUN, &json!({}));
    let states = api.wait("many", RUN, PATIENCE, |states| {
        states.len() == 200 && states.values().all(|(state, _)| is_final(state))
    });
    api.wait_for_end("many", RUN, PATIENCE);
    let successes = states
        .values()
        .filter(|(state, attempt)| state == "success" && *attempt == 1)
        .count();
    assert_eq!((states.len(), successes), (200, 200), "{states:?}");
    assert_eq!(api.run_state("many", RUN), "success");
}
