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
            first(&json!({"type": "DagFileParseRequest", "file": "x"})),
            "it is DagFileParseRequest",
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
