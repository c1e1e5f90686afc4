//! How a process stops, and what it says of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use airflow_protocol::Release;

use crate::supervisor::Order;

/// The longest time from a sign to stop to the end of the process.
const PROMISE: Duration = Duration::from_secs(3);

/// Airflow 3.4 forwards no SIGTERM of a worker that ends: that the supervisor is gone is the only sign.
pub fn the_end_of_the_socket_stops_a_task() {
    for release in Release::ALL {
        let outcome = Order::new("tidies")
            .airflow(release)
            .hang_up_at("ready")
            .run();
        outcome.check("nothing", 1);
        assert_eq!(outcome.stdout, "tidied up\n", "{outcome:#?}");
        assert!(outcome.over < PROMISE, "{outcome:#?}");
        let over = "error: the conversation with the supervisor is over";
        assert!(outcome.stderr.contains(over), "{outcome:#?}");
    }
}

pub fn a_task_that_ignores_the_end_is_ended() {
    for release in Release::ALL {
        let order = Order::new("ignores").airflow(release);
        let outcome = order.hang_up_at("ready").run();
        outcome.check("nothing", 1);
        assert!(outcome.over < PROMISE, "{outcome:#?}");
        let order = Order::new("ignores").airflow(release).retries();
        let outcome = order.signal_at("ready").run();
        outcome.check("RetryTask", 0);
        assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
    }
}

/// SIGKILL comes five seconds after SIGTERM, so the process does not wait for an API server that is slow. Nobody is sent to look for a
/// message that can't be decoded.
pub fn a_slow_airflow_is_told_as_such() {
    for release in Release::ALL {
        let outcome = Order::new("waits")
            .airflow(release)
            .retries()
            .silent("GetTaskStates")
            .silent("RetryTask")
            .signal_at("ready")
            .run();
        outcome.check("RetryTask", 1);
        assert!(outcome.over < Duration::from_secs(5), "{outcome:#?}");
        assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
        let asked = "Task stopped, Airflow is asked for a retry: SIGTERM: the task stopped: ";
        assert!(outcome.said(asked), "{outcome:#?}");
        for text in [
            "the task's outcome was sent, and is not confirmed: no reply to RetryTask within ",
            "Airflow's API is slow or away, and the supervisor goes on trying",
        ] {
            assert!(outcome.said(text), "{outcome:#?}");
            assert!(outcome.stderr.contains(text), "{outcome:#?}");
        }
        let everything = format!("{outcome:?}");
        assert!(!everything.contains("decode"), "{outcome:#?}");
        assert!(!everything.contains("up for retry"), "{outcome:#?}");
    }
}

/// Who has sent the signal ends the process five seconds later, whatever has told the task to stop before.
pub fn a_signal_after_the_time_limit_counts() {
    for release in Release::ALL {
        let outcome = Order::new("limits_itself")
            .airflow(release)
            .retries()
            .silent("RetryTask")
            .signal_at("the execution timeout of 200 ms: the task is told to stop")
            .run();
        outcome.check("RetryTask", 1);
        assert!(outcome.over < Duration::from_secs(5), "{outcome:#?}");
        assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
        let told = "SIGTERM: the task is told to stop";
        assert!(outcome.said(told), "{outcome:#?}");
        let asked = outcome
            .messages
            .iter()
            .any(|message| message["type"] == "GetTaskStates");
        assert!(asked, "{outcome:#?}");
    }
}

pub fn the_environment_of_the_process_is_the_workers() {
    let order = || Order::new("rate").variable("rate", "of Airflow");
    let own = order().env("AIRFLOW_VAR_RATE", "of the worker").run();
    own.check("SucceedTask", 0);
    assert!(own.said("the rate is of the worker"), "{own:#?}");
    let off = order()
        .env("AIRFLOW_VAR_RATE", "of the worker")
        .env("AIRFLOW_RUST_WORKER_SECRETS", "False")
        .run();
    assert!(off.said("the rate is of Airflow"), "{off:#?}");
    let odd = OsStr::from_bytes(b"\xff");
    let odd = order().env("AIRFLOW_VAR_RATE", odd).run();
    assert!(odd.said("the rate is of Airflow"), "{odd:#?}");
    assert!(
        odd.said("AIRFLOW_VAR_RATE of the worker can't be read"),
        "{odd:#?}"
    );
}
