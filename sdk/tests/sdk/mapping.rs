//! The length of a return value, over which other tasks are expanded.

use std::collections::BTreeMap;

use airflow_sdk::testing::{Release, Report, State, Supervisor};
use airflow_sdk::{Output, Result, Value, json, python};
use serde::Serialize;

/// The lengths that went along with the pushes of the return value.
#[track_caller]
fn lengths(report: &Report) -> Vec<Value> {
    let pushes = report.messages_of("SetXCom");
    pushes.map(|push| push["mapped_length"].clone()).collect()
}

#[track_caller]
fn check<T: Serialize + Clone + Send + Sync + 'static>(value: &T, length: Value) {
    let value = value.clone();
    let report = Supervisor::new().run_task(move || -> Result<T> { Ok(value.clone()) });
    report.assert_success();
    assert_eq!(lengths(&report), [length], "{report}");
}

fn rows(count: u64) -> impl Fn() -> Result<Vec<u64>> {
    move || Ok((0..count).collect())
}

#[test]
fn what_python_maps_over_has_a_length() {
    check(&vec!["eu", "us"], json!(2));
    check(&Vec::<u32>::new(), json!(0));
    check(&BTreeMap::from([("eu", 1)]), json!(1));
    check(&json!({"a": 1, "b": [1, 2, 3]}), json!(2));
    check(&python::Tuple(("a", 1, 2.5)), json!(3));
    check(&"a text", Value::Null);
    check(&7, Value::Null);
    check(&python::Set(["a", "b"]), Value::Null);
    let date = python::Date("2026-01-02".parse().unwrap());
    check(&date, Value::Null);
}

/// The scheduler counts the instances.
#[test]
fn an_instance_of_a_mapped_task_sends_none() {
    let report = Supervisor::new().map_index(1).run_task(rows(3));
    report.assert_success();
    assert_eq!(lengths(&report), [Value::Null], "{report}");
    let report = Supervisor::new()
        .map_index(1)
        .run_task(|| -> Result<Output<Vec<u32>>> { Ok(Output::new(vec![1]).mapped()) });
    assert_eq!(lengths(&report), [json!(1)], "{report}");
}

#[test]
fn a_long_list_is_a_plain_result() {
    for release in Release::ALL {
        let report = Supervisor::new().airflow(release).run_task(rows(2000));
        report.assert_success();
        assert_eq!(lengths(&report), [Value::Null], "{report}");
        assert_eq!(report.return_value::<Vec<u64>>().unwrap().len(), 2000);
        let said = "the return value has 2000 entries, and no task can be expanded over it: its length was not sent";
        let record = report
            .logs()
            .iter()
            .find(|record| record.event().contains(said));
        assert_eq!(record.unwrap().level(), "info", "{report}");
    }
    let report = Supervisor::new().run_task(rows(1024));
    assert_eq!(lengths(&report), [json!(1024)], "{report}");
    assert!(!report.has_log("no task can be expanded"), "{report}");
}

/// The administrator has set `[core] max_map_length` lower.
#[test]
fn a_refused_length_costs_no_result() {
    let report = Supervisor::new().max_map_length(10).run_task(rows(11));
    report.assert_success();
    assert_eq!(lengths(&report), [json!(11), Value::Null], "{report}");
    assert_eq!(report.return_value::<Vec<u64>>().unwrap().len(), 11);
    let said = "the return value has 11 entries, and no task can be expanded over it: Airflow has refused its length";
    assert!(report.has_log(said), "{report}");
}

/// What is refused for another reason stays refused.
#[test]
fn another_refusal_is_an_error() {
    for (status, pushes) in [(400, 2), (403, 1)] {
        let detail =
            json!({"status_code": status, "message": "Server returned error", "detail": null});
        let report = Supervisor::new()
            .failure("SetXCom", detail)
            .run_task(rows(2));
        assert_eq!(report.state(), State::Failed, "{report}");
        assert_eq!(lengths(&report).len(), pushes, "{report}");
        assert!(
            report.has_log("the return value could not be pushed"),
            "{report}"
        );
        assert!(!report.has_log("no task can be expanded"), "{report}");
    }
}

#[test]
fn what_was_declared_must_be_taken() {
    let report = Supervisor::new()
        .run_task(|| -> Result<Output<Vec<u64>>> { Ok(Output::new((0..1025).collect()).mapped()) });
    assert_eq!(report.state(), State::Failed, "{report}");
    assert_eq!(lengths(&report), [json!(1025)], "{report}");
    let report = Supervisor::new()
        .max_map_length(5000)
        .run_task(|| -> Result<Output<Vec<u64>>> { Ok(Output::new((0..1025).collect()).mapped()) });
    report.assert_success();
    let report = Supervisor::new().run_task(|| -> Result<Output<python::Set<[u8; 1]>>> {
        Ok(Output::new(python::Set([1])).mapped())
    });
    assert!(report.has_log("it is no list and no map"), "{report}");
}

/// Airflow 3.3 keeps the length of an earlier try: a task would be expanded over the beginning of the new value. With the length 0 it is
/// skipped, which the run does not show as a failure.
#[test]
fn the_length_of_an_earlier_try_is_replaced() {
    for (release, length, level) in [
        (Release::AIRFLOW_3_3, json!(0), "warning"),
        (Release::AIRFLOW_3_4, Value::Null, "info"),
    ] {
        let again = || {
            Supervisor::new()
                .airflow(release)
                .try_number(2)
                .stale_xcom("return_value", [1, 2])
        };
        let check = |report: Report, pushed: &[Value]| {
            report.assert_success();
            assert_eq!(lengths(&report), pushed, "{report}");
            let record = report
                .logs()
                .iter()
                .find(|record| record.event().contains("no task can be expanded over it"));
            let record = record.unwrap();
            assert_eq!(record.level(), level, "{report}");
            let skips = "Airflow will skip a task that is expanded over this value, and the run can succeed without it";
            assert_eq!(
                record.event().contains(skips),
                release == Release::AIRFLOW_3_3,
                "{report}"
            );
        };
        check(again().run_task(rows(2000)), std::slice::from_ref(&length));
        let refused = again().max_map_length(2).run_task(rows(3));
        check(refused, &[json!(3), length.clone()]);
        let report = again().run_task(rows(3));
        assert_eq!(lengths(&report), [json!(3)], "{report}");
        assert!(!report.has_log("no task can be expanded"), "{report}");
    }
}
