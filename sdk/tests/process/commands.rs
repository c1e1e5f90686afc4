//! Programs that a task runs.

use std::time::Duration;

use crate::supervisor::{Order, Outcome};

/// The longest time from a signal to the outcome.
const PROMISE: Duration = Duration::from_secs(3);

/// The processes that a program has named, none of which may run any more.
#[track_caller]
fn all_gone(outcome: &Outcome, count: usize) {
    let pids: Vec<&str> = outcome
        .logs
        .iter()
        .filter_map(|record| record["event"].as_str()?.strip_prefix("pid "))
        .collect();
    assert_eq!(pids.len(), count, "{outcome:#?}");
    for pid in pids {
        let state = std::process::Command::new("ps")
            .args(["-o", "state=", "-p", pid])
            .output()
            .unwrap();
        let state = String::from_utf8(state.stdout).unwrap();
        // One that has ended may wait for the first process of the system to take note.
        assert!(
            state.trim().is_empty() || state.trim().starts_with('Z'),
            "{pid} is in state {state:?}\n{outcome:#?}"
        );
    }
}

pub fn a_grandchild_ends_with_the_task() {
    for task in ["grandchild", "asynchronous"] {
        let outcome = Order::new(task).retries().signal_at("ready").run();
        outcome.check("RetryTask", 0);
        let reason = outcome.messages.last().unwrap()["retry_reason"]
            .as_str()
            .unwrap();
        assert!(
            reason.contains("the program \"sh\" was ended: the task was cancelled"),
            "{reason}"
        );
        assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
        all_gone(&outcome, 1);
        let record = |event: &str| {
            let found = outcome.logs.iter().find(|record| record["event"] == *event);
            found.map(|record| (record["logger"].as_str(), record["level"].as_str()))
        };
        assert_eq!(record("ready"), Some((Some("task.stdout"), Some("info"))));
        if task == "grandchild" {
            assert_eq!(record("wrong"), Some((Some("task.stderr"), Some("error"))));
        }
        assert_eq!(outcome.stdout, "");
    }
}

pub fn a_stubborn_group_is_killed_in_time() {
    let outcome = Order::new("stubborn").signal_at("ready").run();
    outcome.check("failed", 0);
    assert!(outcome.said("the task stopped: "), "{outcome:#?}");
    assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
    all_gone(&outcome, 2);
}

pub fn nothing_is_left_behind() {
    let outcome = Order::new("leaves_some_behind").run();
    outcome.check("SucceedTask", 0);
    all_gone(&outcome, 2);
    assert!(outcome.said("said"), "{outcome:#?}");
    let xcom = outcome
        .messages
        .iter()
        .find(|message| message["type"] == "SetXCom");
    assert_eq!(xcom.unwrap()["value"], "returned\n");
    let lengths: Vec<usize> = outcome
        .logs
        .iter()
        .filter_map(|record| Some(record["event"].as_str()?.len()))
        .filter(|length| *length > 10_000)
        .collect();
    assert_eq!(lengths, [64 * 1024, 100_000 - 64 * 1024]);
}

pub fn an_inherited_output_holds_the_end_and_a_copied_one_does_not() {
    let outcome = Order::new("inherits").run();
    outcome.check("SucceedTask", 0);
    assert!(outcome.over >= Duration::from_secs(2), "{outcome:#?}");
    let outcome = Order::new("copies").run();
    outcome.check("SucceedTask", 0);
    assert!(outcome.over < Duration::from_secs(2), "{outcome:#?}");
}

pub fn the_returned_output_is_whole_or_an_error() {
    let outcome = Order::new("returns_late").run();
    outcome.check("SucceedTask", 0);
    let xcom = outcome
        .messages
        .iter()
        .find(|message| message["type"] == "SetXCom");
    assert_eq!(xcom.unwrap()["value"], "soon\nlate\n");
    let outcome = Order::new("never_ends").run();
    outcome.check("failed", 0);
    assert!(
        outcome.said("a process that has left the group holds it open"),
        "{outcome:#?}"
    );
    let outcome = Order::new("never_ends").signal_at("ready").run();
    outcome.check("failed", 0);
    assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
}

pub fn exit_in_another_thread_ends_them() {
    let outcome = Order::new("exits_beside_a_command").retries().run();
    outcome.check("RetryTask", 1);
    // The signal is sent; the kernel takes a moment.
    std::thread::sleep(Duration::from_millis(200));
    all_gone(&outcome, 1);
}
