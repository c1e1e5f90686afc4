//! First messages that make no sense: each ends with a message and a failure, never with a panic or a hang.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use serde_json::{Value, json};

use super::{State, Supervisor};
use crate::comm::frame;

fn first(body: &Value) -> Vec<u8> {
    frame::encode(&[&0.into(), body, &Value::Null]).unwrap()
}

fn never() {
    unreachable!("no handler runs without a task");
}

#[test]
fn nonsense_ends_the_session_with_a_message() {
    for (bytes, text) in [
        (vec![0, 0, 0, 0], "length 0"),
        (vec![0xff; 4], "over the limit"),
        (vec![0, 0, 0, 1, 0xc1], "reserved"),
        (vec![0, 0, 0, 3, 0x93, 0xa0, 0xc0], "the supervisor sent"),
        (
            first(&json!({"type": "SomethingElse", "file": "x"})),
            "it is SomethingElse, which this version does not serve",
        ),
        (
            first(&json!({"type": "DagFileParseRequest", "file": 3})),
            "file of DagFileParseRequest is not a text",
        ),
        (
            first(&json!({"type": "DagFileParseRequest", "file": "x"})),
            "bundle_path of DagFileParseRequest is missing",
        ),
        (first(&json!({"type": "StartupDetails"})), "is not a map"),
        (
            first(&json!({"type": "StartupDetails", "ti": 3, "ti_context": {}})),
            "ti is not a map",
        ),
        (first(&json!(null)), "it is a message"),
        (first(&json!([1, 2])), "it is a message"),
    ] {
        let report = Supervisor::new().first_frame(bytes.clone()).run_task(never);
        assert_eq!(report.state(), State::Lost, "{report}");
        assert!(!report.exited_well(), "{report}");
        assert!(report.has_log(text), "{bytes:?}: {report}");
    }
}

/// A Dag processor's request for the file `eu/tasks` of a Dag bundle.
fn parse_request(kind: &str) -> Vec<u8> {
    first(&json!({
        "type": kind, "file": "/b/eu/tasks", "bundle_path": "/b", "bundle_name": "b", "callback_requests": [],
    }))
}

#[test]
fn a_dag_processor_hears_that_no_dag_is_defined() {
    let bundle = crate::bundle! { "sales" => { never } };
    let report = Supervisor::new()
        .first_frame(parse_request("DagFileParseRequest"))
        .run(&bundle, "sales", "never");
    assert!(report.exited_well(), "{report}");
    assert_eq!(
        report.terminal().unwrap(),
        &json!({
            "type": "DagFileParsingResult", "fileloc": "/b/eu/tasks", "serialized_dags": [], "import_errors": null,
        })
    );
}

#[test]
fn a_dag_processor_hears_what_is_wrong_with_the_registrations() {
    for (request, errors) in [
        ("DagFileParseRequest", "serialized_dags"),
        ("TaskHandlerParseRequest", "task_handlers"),
    ] {
        let bundle = crate::Bundle::new()
            .register("sales", "never", never)
            .register("sales", "never", never)
            .register("no good", "never", never);
        let report = Supervisor::new()
            .first_frame(parse_request(request))
            .run(&bundle, "sales", "never");
        assert!(report.exited_well(), "{report}");
        let answer = report.terminal().unwrap();
        assert!(!answer[errors].is_null(), "{answer}");
        let text = answer["import_errors"]["eu/tasks"].as_str().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.len() == 2
                && lines[0].contains("registered twice")
                && lines[1].contains("\"no good\""),
            "{text}"
        );
    }
}

#[test]
fn a_request_for_the_handlers_is_answered_from_the_registrations() {
    let request = json!({"type": "TaskHandlerParseRequest", "file": "/b/tasks", "bundle_path": "/b", "bundle_name": "b"});
    let bundle = crate::bundle! { "sales" => { never, "second" => never }, "empty" => {} };
    let report = Supervisor::new()
        .first_frame(first(&request))
        .run(&bundle, "sales", "never");
    assert!(report.exited_well(), "{report}");
    assert_eq!(
        report.terminal().unwrap(),
        &json!({
            "type": "TaskHandlerParsingResult",
            "fileloc": "/b/tasks",
            "task_handlers": {
                "sales": [
                    {"task_id": "never", "binding": "positional", "params": null},
                    {"task_id": "second", "binding": "positional", "params": null},
                ],
                "empty": [],
            },
        })
    );
}
