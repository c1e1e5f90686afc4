//! The ends of a task.

use std::time::Duration;

use airflow_sdk::testing::{State, Supervisor};
use airflow_sdk::{Defer, Error, HumanInput, Outcome, Result, Task, bundle, jiff};
use serde_json::json;

fn broken(_: &Task) -> Result<i32> {
    "x".parse::<i32>()
        .map_err(|error| Error::new(error).context("reading the port"))
}

#[test]
fn success() {
    let report = Supervisor::new().run_task(|| {});
    report.assert_success();
    let terminal = report.terminal().unwrap();
    assert_eq!(terminal["type"], "SucceedTask");
    assert_eq!(terminal["task_outlets"], json!([]));
    assert!(report.exited_well());
}

#[test]
fn an_error_is_retried_only_if_allowed() {
    let last = Supervisor::new().run_task(broken);
    assert_eq!(last.state(), State::Failed);
    assert_eq!(last.terminal().unwrap()["type"], "TaskState");
    let first = Supervisor::new().retries(1).run_task(broken);
    assert_eq!(first.state(), State::UpForRetry);
    let terminal = first.terminal().unwrap();
    assert_eq!(
        terminal["retry_reason"],
        "reading the port: invalid digit found in string"
    );
    assert!(terminal.get("retry_delay_seconds").is_none());
    let second = Supervisor::new().retries(1).try_number(2).run_task(broken);
    assert_eq!(second.state(), State::Failed);
}

#[test]
fn a_long_reason_is_cut() {
    let report = Supervisor::new()
        .retries(1)
        .run_task(|| -> Result<()> { Err(Error::msg("ü".repeat(2000))) });
    assert_eq!(
        report.terminal().unwrap()["retry_reason"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        500
    );
}

#[test]
fn a_retry_can_have_its_own_delay() {
    fn handler() -> Result<()> {
        Err(Outcome::retry("not yet")
            .after(Duration::from_millis(1500))
            .into())
    }
    let report = Supervisor::new().retries(1).run_task(handler);
    assert_eq!(report.state(), State::UpForRetry);
    assert_eq!(report.terminal().unwrap()["retry_delay_seconds"], 1.5);
    assert_eq!(Supervisor::new().run_task(handler).state(), State::Failed);
}

#[test]
fn a_time_to_wait_ends_within_airflows_calendar() {
    let century = 3_155_760_000.0;
    let report = Supervisor::new()
        .retries(1)
        .run_task(|| -> Result<()> { Err(Outcome::retry("not yet").after(Duration::MAX))? });
    assert_eq!(report.terminal().unwrap()["retry_delay_seconds"], century);
    let report = Supervisor::new().run_task(|| -> Result<()> {
        let defer = Defer::new("my.Trigger", "woken").timeout(Duration::MAX);
        Err(Outcome::defer(defer))?
    });
    assert_eq!(report.terminal().unwrap()["trigger_timeout"], century);
    let report = Supervisor::new().run_task(|| -> Result<()> {
        let input = HumanInput::new("Ship?", ["Yes"]).timeout(Duration::MAX);
        Err(Outcome::await_input(input))?
    });
    assert_eq!(report.terminal().unwrap()["timeout"], century);
}

#[test]
fn failing_for_good_is_never_retried() {
    let report = Supervisor::new()
        .retries(3)
        .run_task(|| -> Result<i32> { Ok("x".parse().map_err(Outcome::fail)?) });
    assert_eq!(report.state(), State::Failed);
    assert!(
        report.has_log("not to be retried: invalid digit"),
        "{report}"
    );
    let record = &report.logs()[0];
    assert_eq!(
        record.field("error_detail").unwrap()[0]["exc_type"],
        "ParseIntError"
    );
}

#[test]
fn skip_and_reschedule() {
    let report = Supervisor::new().run_task(|| -> Result<()> { Err(Outcome::skip("no rows"))? });
    assert_eq!(report.state(), State::Skipped);
    assert!(report.has_log("no rows"));
    let at: jiff::Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let report =
        Supervisor::new().run_task(move || -> Result<()> { Err(Outcome::reschedule(at).into()) });
    assert_eq!(report.state(), State::UpForReschedule);
    assert_eq!(
        report.terminal().unwrap()["reschedule_date"],
        "2030-01-01T00:00:00Z"
    );
}

#[test]
fn defer_and_resume() {
    fn wait(task: &Task) -> Result<i32> {
        match task.resume() {
            Some(resume) if resume.method() == "woken" => Ok(resume.event()?),
            _ => {
                let defer = Defer::new("my.Trigger", "woken")
                    .trigger_arg("seconds", 3)?
                    .timeout(Duration::from_secs(9));
                Err(Outcome::defer(defer).into())
            }
        }
    }
    let report = Supervisor::new().run_task(wait);
    assert_eq!(report.state(), State::Deferred);
    let terminal = report.terminal().unwrap();
    assert_eq!(terminal["trigger_kwargs"], json!({"seconds": 3}));
    assert_eq!(terminal["next_kwargs"], json!({}));
    assert_eq!(terminal["trigger_timeout"], 9.0);
    let report = Supervisor::new().resumed("woken", 42).run_task(wait);
    assert_eq!(report.return_value(), Some(42));
}

#[test]
fn a_question_is_asked_before_the_task_is_parked() {
    fn ask() -> Result<()> {
        let input = HumanInput::new("Ship?", ["Yes", "No"])
            .body("1.2")
            .param("note", "none")?;
        Err(Outcome::await_input(input).into())
    }
    let report = Supervisor::new().run_task(ask);
    assert_eq!(report.state(), State::AwaitingInput, "{report}");
    assert_eq!(report.messages()[0]["type"], "CreateHITLDetailPayload");
    assert_eq!(report.messages()[0]["assigned_users"], json!([]));
    assert!(report.rejections().is_empty(), "{report}");
}

#[test]
fn an_unknown_task_fails_at_once_and_names_what_is_served() {
    fn known() {}
    let bundle = bundle! { "sales" => { known, "second" => known }, "audit" => { known } };
    for (dag, task) in [("sales", "unknown"), ("nowhere", "known")] {
        let report = Supervisor::new().retries(5).run(&bundle, dag, task);
        assert_eq!(report.state(), State::Failed);
        assert!(
            report.has_log("sales: known, second; audit: known"),
            "{report}"
        );
    }
}

#[test]
fn a_panic_is_a_failure_with_message_place_and_backtrace() {
    fn panics() -> Result<()> {
        let nothing: Option<i32> = None;
        nothing.expect("there is a number");
        Ok(())
    }
    let report = Supervisor::new().retries(1).run_task(panics);
    assert_eq!(report.state(), State::UpForRetry);
    assert_eq!(
        report.terminal().unwrap()["retry_reason"],
        "the task panicked: there is a number"
    );
    let record = report
        .logs()
        .iter()
        .find(|record| record.event().starts_with("panicked at"))
        .unwrap();
    assert!(record.event().contains("outcomes.rs"), "{report}");
    let detail = record.field("error_detail").unwrap();
    assert_eq!(detail[0]["exc_type"], "panic");
    assert_eq!(detail[0]["exc_value"], "there is a number");
    assert_ne!(detail[0]["frames"], json!([]));
    assert!(report.rejections().is_empty(), "{report}");
}

#[test]
fn an_error_is_logged_with_its_causes_and_place() {
    let report = Supervisor::new().run_task(broken);
    let record = report
        .logs()
        .iter()
        .find(|record| record.event().starts_with("Task failed"))
        .unwrap();
    assert_eq!(record.level(), "error");
    let detail = record.field("error_detail").unwrap();
    assert_eq!(detail[0]["exc_value"], "reading the port");
    let frames = detail[0]["frames"].as_array().unwrap();
    assert!(
        frames.last().unwrap()["filename"]
            .as_str()
            .unwrap()
            .ends_with("outcomes.rs"),
        "{frames:?}"
    );
    assert_eq!(detail[1]["exc_type"], "ParseIntError");
    assert_eq!(detail[1]["is_cause"], true);
}

#[test]
fn stale_xcoms_are_deleted_before_the_handler_runs() {
    fn looks(task: &Task) -> Result<bool> {
        Ok(task.own_xcom("left").find::<i32>()?.is_none())
    }
    let report = Supervisor::new()
        .retries(1)
        .try_number(2)
        .stale_xcom("left", 3)
        .stale_xcom("odd?key", 1)
        .run_task(looks);
    assert_eq!(report.return_value(), Some(true));
    // A URL would make `odd` of the other.
    assert_eq!(report.messages_of("DeleteXCom").count(), 1);
    assert!(report.has_log("the stale XCom \"odd?key\" of an earlier try stays"));
}

#[test]
fn a_bundle_with_refused_registrations_fails_its_tasks() {
    let bundle = airflow_sdk::Bundle::new()
        .register("d", "t", || {})
        .register("d", "t", || {});
    let report = Supervisor::new().retries(1).run(&bundle, "d", "t");
    assert_eq!(report.state(), State::Failed);
    assert!(report.has_log("registered twice"), "{report}");
}
