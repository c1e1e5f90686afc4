//! Cancellation, time-outs and the order of messages.

use std::time::{Duration, Instant};

use airflow_sdk::testing::{State, Supervisor};
use airflow_sdk::{Result, Task};

const SOON: Duration = Duration::from_millis(100);

#[test]
fn a_task_that_watches_its_token_stops_at_once() {
    fn waits(task: &Task) -> Result<()> {
        task.cancellation().sleep(Duration::from_mins(1))?;
        Ok(())
    }
    let started = Instant::now();
    let report = Supervisor::new()
        .retries(1)
        .stop_after(SOON)
        .run_task(waits);
    assert!(started.elapsed() < Duration::from_secs(2), "{report}");
    assert_eq!(report.state(), State::UpForRetry);
    let reason = report.terminal().unwrap()["retry_reason"].clone();
    assert_eq!(reason, "SIGTERM: the task stopped: the task was cancelled");
}

#[test]
fn a_task_that_ignores_its_token_is_reported_within_three_seconds() {
    fn ignores() {
        std::thread::sleep(Duration::from_secs(20));
    }
    for (retries, state) in [(1, State::UpForRetry), (0, State::Failed)] {
        let started = Instant::now();
        let report = Supervisor::new()
            .retries(retries)
            .stop_after(SOON)
            .run_task(ignores);
        assert!(
            started.elapsed() < Duration::from_secs(3) + SOON,
            "{report}"
        );
        assert_eq!(report.state(), state);
        assert!(report.exited_well());
        assert!(report.has_log("did not stop in time"), "{report}");
    }
}

#[test]
fn a_cancelled_task_is_never_a_success() {
    fn finishes(task: &Task) -> Result<()> {
        let _ = task.cancellation().sleep(Duration::from_mins(1));
        Ok(())
    }
    let report = Supervisor::new().stop_after(SOON).run_task(finishes);
    assert_eq!(report.state(), State::Failed);
}

#[test]
fn a_task_that_logs_without_end_is_reported_in_time() {
    fn floods(_: &Task) {
        let end = Instant::now() + Duration::from_secs(8);
        while Instant::now() < end {
            log::info!("{}", "x".repeat(2000));
        }
    }
    let started = Instant::now();
    let report = Supervisor::new().stop_after(SOON).run_task(floods);
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(report.state(), State::Failed);
}

#[test]
fn nothing_follows_the_terminal_message() {
    fn goes_on(task: &Task) {
        let task = task.clone();
        std::thread::spawn(move || while task.variable("v").is_ok() {});
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = Supervisor::new().variable("v", "1").run_task(goes_on);
    report.assert_success();
    assert_eq!(report.messages().last().unwrap()["type"], "SucceedTask");
}

#[test]
fn many_requests_at_once_are_matched_to_their_replies() {
    fn asks(task: &Task) -> Result<()> {
        std::thread::scope(|scope| {
            for n in 0..8 {
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert_eq!(task.variable(&format!("v{n}")).unwrap(), n.to_string());
                    }
                });
            }
        });
        Ok(())
    }
    let mut supervisor = Supervisor::new();
    for n in 0..8 {
        supervisor = supervisor.variable(&format!("v{n}"), &n.to_string());
    }
    supervisor.run_task(asks).assert_success();
}

#[test]
fn the_label_of_a_mapped_instance_goes_with_the_outcome() {
    fn labels(task: &Task) -> Result<()> {
        Ok(task.set_map_index_label("eu")?)
    }
    let report = Supervisor::new().map_index(0).run_task(labels);
    report.assert_success();
    assert_eq!(report.terminal().unwrap()["rendered_map_index"], "eu");
}

#[test]
fn a_reply_may_be_given_all_the_time_there_is() {
    fn asks(task: &Task) -> Result<String> {
        Ok(task.variable("v")?)
    }
    let bundle = airflow_sdk::Bundle::new()
        .register("d", "asks", asks)
        .reply_timeout(Duration::MAX)
        .before_outcome(Duration::MAX, || log::info!("before the outcome"));
    let report = Supervisor::new()
        .variable("v", "1")
        .run(&bundle, "d", "asks");
    report.assert_success();
    assert!(report.has_log("before the outcome"), "{report}");
}

/// A thread of the handler's own belongs to no task, so the program's lines go nowhere; the program must not learn of it.
#[cfg(unix)]
#[test]
fn a_program_without_a_log_runs_to_its_end() {
    fn runs(task: &Task) -> Result<()> {
        let task = task.clone();
        let thread = std::thread::spawn(move || {
            // More than a pipe holds.
            task.run_command(std::process::Command::new("head").args(["-c", "300000", "/dev/zero"]))
        });
        thread.join().unwrap()?;
        Ok(())
    }
    Supervisor::new().run_task(runs).assert_success();
}
