//! Functions that run before the outcome is reported.

use std::time::Duration;

use crate::supervisor::Order;
use crate::tasks::HOOK;

/// The longest time from a signal to the outcome.
const PROMISE: Duration = Duration::from_secs(3);

pub fn they_run_before_the_outcome() {
    for (task, state, code) in [
        ("nothing", "SucceedTask", 0),
        ("fails", "RetryTask", 0),
        ("exits", "RetryTask", 1),
    ] {
        let outcome = Order::new(task).retries().env(HOOK, "two").run();
        outcome.check(state, code);
        let place = |text: &str| {
            outcome
                .logs
                .iter()
                .position(|record| record["event"] == *text)
        };
        let (first, second) = (place("the first is done"), place("the second is done"));
        assert!(first.is_some() && first < second, "{outcome:#?}");
        assert!(
            outcome.reported.unwrap() >= Duration::from_millis(300),
            "{outcome:#?}"
        );
    }
}

pub fn late_and_panicking_ones_change_nothing() {
    let outcome = Order::new("nothing").env(HOOK, "late").run();
    outcome.check("SucceedTask", 0);
    assert!(
        outcome.said("a function of `before_outcome` did not end within 2"),
        "{outcome:#?}"
    );
    assert!(outcome.said("the next is done"), "{outcome:#?}");
    assert!(outcome.over < Duration::from_secs(20), "{outcome:#?}");

    let outcome = Order::new("nothing").env(HOOK, "panics").run();
    outcome.check("SucceedTask", 0);
    assert!(outcome.said("in the hook"), "{outcome:#?}");
    assert!(
        outcome.said("a function of `before_outcome` panicked"),
        "{outcome:#?}"
    );
}

pub fn a_signal_shortens_them() {
    // While the handler runs.
    let outcome = Order::new("waits")
        .env(HOOK, "hangs")
        .retries()
        .signal_at("ready")
        .run();
    outcome.check("RetryTask", 0);
    assert!(outcome.said("the hook runs"), "{outcome:#?}");
    assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
    // While they run: the handler has succeeded already.
    let outcome = Order::new("nothing")
        .env(HOOK, "hangs")
        .signal_at("the hook runs")
        .run();
    outcome.check("SucceedTask", 0);
    assert!(
        outcome.said("SIGTERM: the task is told to stop"),
        "{outcome:#?}"
    );
    assert!(outcome.reported.unwrap() < PROMISE, "{outcome:#?}");
}

/// The limit that the task has set to its own time.
pub fn the_time_limit_holds_for_them() {
    let outcome = Order::new("sets_a_limit").env(HOOK, "hangs").run();
    outcome.check("SucceedTask", 0);
    assert!(outcome.over < Duration::from_secs(10), "{outcome:#?}");
    for text in [
        "the execution timeout of 200 ms: the task is told to stop",
        "a function of `before_outcome` did not end within ",
    ] {
        assert!(outcome.said(text), "{outcome:#?}");
    }
}

pub fn exit_in_one_is_a_failure() {
    let outcome = Order::new("nothing").env(HOOK, "exits").retries().run();
    outcome.check("RetryTask", 1);
    assert!(
        outcome.said("the task ended the process itself"),
        "{outcome:#?}"
    );
}
