//! What a task says when Airflow has decided its state meanwhile, or is away.

use std::time::Duration;

use airflow_sdk::testing::{Release, Report, State, Supervisor};
use airflow_sdk::{ClientErrorKind, Outcome, Result, Task, Value, json};

const SOON: Duration = Duration::from_millis(100);

fn waits(task: &Task) -> Result<()> {
    task.cancellation().sleep(Duration::from_mins(1))?;
    Ok(())
}

/// Checks that an info record has this text, that no record is an error, and that nothing is said to be retried.
#[track_caller]
fn is_an_info(report: &Report, text: &str) {
    let found = report
        .logs()
        .iter()
        .find(|record| record.event().contains(text));
    let found = found.unwrap_or_else(|| panic!("no {text:?}: {report}"));
    assert_eq!(found.level(), "info", "{report}");
    for record in report.logs() {
        assert!(!matches!(record.level(), "error" | "critical"), "{report}");
        assert!(!record.event().contains("retry"), "{report}");
    }
    assert!(report.exited_well(), "{report}");
}

fn refusal(state: &str) -> Value {
    let inner = json!({
        "reason": "invalid_state", "message": "TI was not in the running state so it cannot be updated", "previous_state": state,
    });
    json!({"status_code": 409, "message": "Server returned error", "detail": {"detail": inner}})
}

#[test]
fn what_airflow_decided_is_an_info() {
    for release in Release::ALL {
        for (state, text) in [
            ("failed", "Airflow has the task as failed meanwhile"),
            ("success", "Airflow has the task as success meanwhile"),
            ("restarting", "the task was cleared meanwhile"),
        ] {
            for retries in [0, 1] {
                let supervisor = Supervisor::new().airflow(release).retries(retries);
                let supervisor = supervisor.decided(state).stop_after(SOON);
                // 3.3 passes the outcome on, and the server refuses it; 3.4 drops it.
                let supervisor = if release == Release::AIRFLOW_3_3 {
                    supervisor
                        .failure("RetryTask", refusal(state))
                        .failure("TaskState", refusal(state))
                } else {
                    supervisor
                };
                let report = supervisor.map_index(3).run_task(waits);
                is_an_info(
                    &report,
                    &format!(
                        "{text}: the outcome of this try counts no more: SIGTERM: the task stopped: "
                    ),
                );
            }
        }
    }
}

/// Between two heartbeats, the supervisor does not know it yet, and sends no signal.
#[test]
fn a_failure_after_a_decision_is_an_info() {
    fn fails() -> Result<()> {
        Err(airflow_sdk::Error::msg("on purpose"))
    }
    fn gives_up() -> Result<()> {
        Err(Outcome::fail("on purpose").into())
    }
    for release in Release::ALL {
        for for_good in [false, true] {
            let supervisor = Supervisor::new()
                .airflow(release)
                .retries(1)
                .decided("failed");
            // 3.4 drops the outcome.
            let supervisor = if release == Release::AIRFLOW_3_3 {
                supervisor
                    .failure("RetryTask", refusal("failed"))
                    .failure("TaskState", refusal("failed"))
            } else {
                supervisor
            };
            let report = if for_good {
                supervisor.run_task(gives_up)
            } else {
                supervisor.run_task(fails)
            };
            let text = "Airflow has the task as failed meanwhile: the outcome of this try counts no more: on purpose";
            is_an_info(&report, text);
            assert_eq!(report.logs().len(), 1, "{report}");
        }
    }
    let report = Supervisor::new().retries(1).run_task(fails);
    assert!(
        report.has_log("Task failed, it is up for retry: on purpose"),
        "{report}"
    );
    // Nobody says, so nothing speaks against it.
    let away =
        json!({"status_code": null, "message": "timed out", "exception_type": "ReadTimeout"});
    let report = Supervisor::new()
        .retries(1)
        .failure("GetTaskStates", away)
        .run_task(fails);
    assert!(
        report.has_log("Task failed, it is up for retry: on purpose"),
        "{report}"
    );
}

/// A success that Airflow has stored already is one, and what is not found by somebody else says nothing of the task.
#[test]
fn not_every_refusal_is_a_decision() {
    let report = Supervisor::new()
        .failure("SucceedTask", refusal("success"))
        .run_task(|| {});
    assert!(report.exited_well(), "{report}");
    assert!(!report.has_log("counts no more"), "{report}");
    assert!(!report.has_log("refused"), "{report}");
    let proxy = json!({"status_code": 404, "message": "Server returned error", "detail": {"detail": "Not Found"}});
    let report = Supervisor::new()
        .failure("SucceedTask", proxy)
        .run_task(|| {});
    assert!(!report.has_log("cleared"), "{report}");
    let text = "the task's outcome was refused: Airflow refused SucceedTask";
    assert!(report.has_log(text), "{report}");
}

/// Between two heartbeats, the supervisor does not know it yet.
#[test]
fn an_outcome_that_is_too_late_is_an_info() {
    let report = Supervisor::new()
        .failure("SucceedTask", refusal("failed"))
        .run_task(|| {});
    is_an_info(
        &report,
        "Airflow has the task as failed meanwhile: the outcome of this try counts no more (Airflow refused SucceedTask",
    );
    for status in [404, 410] {
        let gone = json!({"status_code": status, "message": "Server returned error", "detail": {"detail": {"reason": "not_found"}}});
        let report = Supervisor::new()
            .failure("SucceedTask", gone)
            .run_task(|| {});
        is_an_info(&report, "the task was cleared or deleted meanwhile");
    }
    let bad = json!({"status_code": 422, "message": "Remote server returned validation error", "detail": null});
    let report = Supervisor::new()
        .failure("SucceedTask", bad)
        .run_task(|| {});
    assert!(
        report.has_log("the task's outcome was refused: Airflow refused SucceedTask"),
        "{report}"
    );
}

/// A worker that ends, and an Airflow that does not say.
#[test]
fn a_stop_that_airflow_did_not_decide_is_a_failure() {
    let stopped = || Supervisor::new().retries(1).stop_after(SOON);
    let report = stopped().run_task(waits);
    assert!(
        report.has_log("Task failed, it is up for retry: SIGTERM: the task stopped: "),
        "{report}"
    );
    let away =
        json!({"status_code": null, "message": "timed out", "exception_type": "ReadTimeout"});
    let report = stopped().failure("GetTaskStates", away).run_task(waits);
    assert_eq!(report.state(), State::UpForRetry);
    let text = "Task stopped, Airflow is asked for a retry: SIGTERM: the task stopped: ";
    let record = report
        .logs()
        .iter()
        .find(|record| record.event().contains(text));
    assert_eq!(record.unwrap().level(), "warning", "{report}");
}

#[test]
fn an_api_that_is_away_is_told_from_one_that_refuses() {
    let away = json!({"status_code": null, "message": "[Errno 111] Connection refused", "exception_type": "ConnectError"});
    let broken = json!({"status_code": 500, "message": "Internal Server Error", "detail": null});
    let report = Supervisor::new()
        .failure("GetVariable", away.clone())
        .failure("GetConnection", broken)
        .run_task(|task: &Task| {
            let error = task.variable("rate").unwrap_err();
            assert_eq!(error.kind(), ClientErrorKind::Unreachable);
            assert_eq!(
                error.to_string(),
                "Airflow's API could not be reached for GetVariable (key \"rate\"): ConnectError: [Errno 111] Connection refused"
            );
            // Absence is another thing.
            assert!(task.find_variable("rate").is_err());
            let error = task.connection("db").unwrap_err();
            assert_eq!(error.kind(), ClientErrorKind::Api(Some(500)));
            assert!(error.to_string().starts_with("Airflow refused GetConnection"), "{error}");
        });
    report.assert_success();
    let report = Supervisor::new()
        .failure("SucceedTask", away)
        .run_task(|| {});
    let text = "the supervisor tells Airflow the task's outcome once more: Airflow's API could not be reached for SucceedTask";
    let record = report
        .logs()
        .iter()
        .find(|record| record.event().contains(text));
    assert_eq!(record.unwrap().level(), "warning", "{report}");
    assert!(report.exited_well(), "{report}");
}
