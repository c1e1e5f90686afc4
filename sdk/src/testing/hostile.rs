//! Messages that make no sense. After such a first message the session logs why and ends with a failure, without a panic or a hang;
//! after such a reply the request has an error.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use serde_json::{Value, json};

use super::{State, Supervisor};
use crate::{Bundle, ClientErrorKind, Result, Task, jiff};
use airflow_protocol::frame;

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
        (vec![0, 0, 0, 1, 0xc1], "not an array"),
        (vec![0, 0, 0, 3, 0x92, 0, 0xc1], "reserved"),
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
        .asks_for_dags(parse_request("DagFileParseRequest"))
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
        let bundle = Bundle::new()
            .register("sales", "never", never)
            .register("sales", "never", never)
            .register("no good", "never", never);
        let report = Supervisor::new()
            .asks_for_dags(parse_request(request))
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
        .asks_for_dags(first(&request))
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

/// `datetime(9999, 12, 31, tzinfo=timezone.utc)` as msgspec 0.22.0 writes it, as installed with Airflow 3.3.2.
const LAST_DAY: [u8; 15] = [
    0xc7, 0x0c, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x3a, 0xff, 0xf2, 0xf0, 0,
];

/// The first frame of a task, with these bytes in place of each text `"HERE"`.
fn startup_with(place: impl FnOnce(&mut Value), bytes: &[u8]) -> Vec<u8> {
    let mut body = Supervisor::new().startup();
    place(&mut body);
    let frame = first(&body);
    let mut payload = Vec::new();
    let mut rest = &frame[4..];
    while let Some(at) = rest.windows(5).position(|five| five == b"\xa4HERE") {
        payload.extend(&rest[..at]);
        payload.extend(bytes);
        rest = &rest[at + 5..];
    }
    payload.extend(rest);
    frame::prefixed(&payload)
}

#[test]
fn a_date_beyond_a_timestamp_is_the_nearest() {
    fn looks(task: &Task) -> Result<()> {
        assert_eq!(task.logical_date(), Some(jiff::Timestamp::MAX));
        assert_eq!(task.dag_run().data_interval_end, task.logical_date());
        assert_eq!(task.start_date(), task.logical_date());
        assert!(task.previous_dag_run(None)?.is_none());
        Ok(())
    }
    let bytes = startup_with(
        |body| {
            body["start_date"] = "HERE".into();
            for key in ["logical_date", "data_interval_end"] {
                body["ti_context"]["dag_run"][key] = "HERE".into();
            }
        },
        &LAST_DAY,
    );
    let report = Supervisor::new().first_frame(bytes).run_task(looks);
    report.assert_success();
    // What is asked for is the run before the date itself, not before the nearest.
    let asked = report.messages_of("GetPreviousDagRun").next().unwrap();
    assert_eq!(asked["logical_date"], "9999-12-31T00:00:00Z");
}

#[test]
fn one_value_that_cannot_be_read_does_not_end_the_task() {
    fn looks(task: &Task) -> Result<()> {
        let error = task.conf::<f64>("odd").unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Decode);
        assert!(
            error.to_string().contains("\"odd\" can't be read"),
            "{error}"
        );
        assert_eq!(task.conf("fine")?, Some(3));
        Ok(())
    }
    let nan = [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
    let deep = [&[0x91; 1000][..], &[0xc0]].concat();
    for bytes in [
        &nan[..],
        &[0xc4, 0x01, 0x00],
        &[0xd4, 0x05, 0x00],
        &[0xa1, 0xff],
        &deep,
    ] {
        let bytes = startup_with(
            |body| body["ti_context"]["dag_run"]["conf"] = json!({"odd": "HERE", "fine": 3}),
            bytes,
        );
        let report = Supervisor::new().first_frame(bytes).run_task(looks);
        report.assert_success();
        assert!(
            report.has_log("is absent: ti_context.dag_run.conf.odd: "),
            "{report}"
        );
    }
}

#[test]
fn what_a_resumed_task_is_given_may_be_unreadable() {
    fn looks(task: &Task) {
        let resume = task.resume().unwrap();
        for error in [
            resume.event::<f64>().unwrap_err(),
            resume.arg::<f64>("event").unwrap_err(),
        ] {
            assert_eq!(error.kind(), ClientErrorKind::Decode);
        }
    }
    let bytes = startup_with(
        |body| {
            body["ti_context"]["next_method"] = "woken".into();
            body["ti_context"]["next_kwargs"] = json!({"event": "HERE"});
        },
        &[0xc4, 0x00],
    );
    Supervisor::new()
        .first_frame(bytes)
        .run_task(looks)
        .assert_success();
}

#[test]
fn a_reply_that_cannot_be_read_is_the_error_of_its_request() {
    fn asks(task: &Task) -> Result<()> {
        for _ in 0..2 {
            let error = task.variable("rate").unwrap_err();
            assert_eq!(error.kind(), ClientErrorKind::Decode, "{error}");
            assert!(
                error
                    .to_string()
                    .starts_with("the reply to GetVariable (key \"rate\") can't be read: "),
                "{error}"
            );
        }
        assert_eq!(task.connection("db")?.conn_type, "generic");
        Ok(())
    }
    // With the request's id: a byte string, a float that JSON cannot hold, nonsense; and without an id that can be read.
    let payloads: [fn(u64) -> Vec<u8>; 5] = [
        |id| [&[0x93, 0xcf], &id.to_be_bytes()[..], &[0xc4, 0, 0xc0]].concat(),
        |id| {
            [
                &[0x93, 0xcf],
                &id.to_be_bytes()[..],
                &[0xca, 0x7f, 0xc0, 0, 0, 0xc0],
            ]
            .concat()
        },
        |id| [&[0x93, 0xcf], &id.to_be_bytes()[..], &[0xc1]].concat(),
        |_| vec![0x93, 0xc0, 0xc0, 0xc0],
        |_| vec![0xc1],
    ];
    for payload in payloads {
        let report = Supervisor::new()
            .connection("db", json!({}))
            .payload("GetVariable", payload)
            .run_task(asks);
        report.assert_success();
    }
}

/// The supervisor answers in the order of the requests all that it can decode.
#[test]
fn a_request_that_was_passed_over_is_told_from_one_that_takes_long() {
    // `[0, nil, nil]` answers nobody.
    let silent = || Supervisor::new().payload("GetVariable", |_| vec![0x93, 0, 0xc0, 0xc0]);
    let alone = |task: &Task| {
        let error = task.variable("rate").unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Timeout);
        assert!(error.to_string().contains("slow or away"), "{error}");
    };
    let beside = |task: &Task| {
        let other = task.clone();
        let first = std::thread::spawn(move || other.variable("rate").unwrap_err());
        // Asks until the first has given up, so that replies to later requests come in any case.
        while !first.is_finished() {
            task.connection("db").unwrap();
        }
        let error = first.join().unwrap();
        assert_eq!(error.kind(), ClientErrorKind::Timeout);
        assert!(
            error.to_string().contains("Unable to decode message"),
            "{error}"
        );
    };
    let bundle = Bundle::new()
        .reply_timeout(Duration::from_millis(300))
        .register("d", "alone", alone)
        .register("d", "beside", beside);
    for task in ["alone", "beside"] {
        let supervisor = silent().connection("db", json!({}));
        supervisor.run(&bundle, "d", task).assert_success();
    }
}

#[test]
fn an_outcome_whose_reply_cannot_be_read_is_delivered() {
    let report = Supervisor::new()
        .payload("SucceedTask", |_| vec![0xc1])
        .run_task(|| {});
    assert!(report.exited_well(), "{report}");
    assert!(report.has_log("can't be read"), "{report}");
}
