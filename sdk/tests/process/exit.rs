//! The end of the process, and what calls it too early.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use crate::supervisor::Order;
use crate::tasks::DEPTH;

pub fn an_exit_handler_that_aborts_changes_nothing() {
    Order::new("aborts_at_exit").run().check("SucceedTask", 0);
    Order::new("skips_and_aborts_at_exit")
        .retries()
        .run()
        .check("skipped", 0);
}

pub fn standard_output_is_flushed() {
    let outcome = Order::new("prints").run();
    outcome.check("SucceedTask", 0);
    assert!(
        outcome.stdout.contains("from Rust without an end of line")
            && outcome.stdout.contains("from C\n"),
        "{outcome:#?}"
    );
}

pub fn nothing_holds_the_end_up() {
    let outcome = Order::new("keeps_stdout").run();
    outcome.check("SucceedTask", 0);
    assert!(outcome.over < Duration::from_secs(20), "{outcome:#?}");
}

pub fn a_task_that_exits_is_told_and_retried() {
    for task in ["exits", "exits_elsewhere"] {
        let outcome = Order::new(task).retries().run();
        outcome.check("RetryTask", 1);
        let reason = outcome.messages.last().unwrap()["retry_reason"]
            .as_str()
            .unwrap();
        assert!(
            reason.starts_with("the task ended the process itself, by std::process::exit"),
            "{reason}"
        );
        assert!(
            outcome.said("Task failed, it is up for retry: the task ended the process itself"),
            "{outcome:#?}"
        );
        let outcome = Order::new(task).run();
        outcome.check("failed", 1);
        assert!(
            outcome.said("it has no tries left: the task ended the process itself"),
            "{outcome:#?}"
        );
    }
}

pub fn exit_while_locks_are_held() {
    for task in [
        "exits_in_display",
        "exits_in_serialize",
        "exits_in_an_error",
        "exits_with_stdout",
        "exits_with_a_lock",
    ] {
        let outcome = Order::new(task).retries().run();
        outcome.check("RetryTask", 1);
        assert!(
            outcome.said("the task ended the process itself"),
            "{outcome:#?}"
        );
    }
}

pub fn a_forked_child_exits_for_itself() {
    let outcome = Order::new("forks").run();
    outcome.check("SucceedTask", 0);
    assert!(outcome.over < Duration::from_secs(20), "{outcome:#?}");
}

pub fn exit_after_the_signal() {
    let outcome = Order::new("exits_when_stopped")
        .retries()
        .signal_at("ready")
        .run();
    outcome.check("RetryTask", 1);
    assert!(
        outcome.reported.unwrap() < Duration::from_secs(3),
        "{outcome:#?}"
    );
}

pub fn the_delivered_outcome_stands() {
    for _ in 0..10 {
        Order::new("exits_after_the_outcome")
            .run()
            .check("SucceedTask", 0);
    }
}

pub fn a_closed_conversation_ends_with_1() {
    let outcome = Order::new("waits").hang_up_at("ready").run();
    outcome.check("nothing", 1);
    assert!(
        outcome
            .stderr
            .contains("error: the conversation with the supervisor is over"),
        "{outcome:#?}"
    );
}

/// The README shows these lines.
pub fn an_overflow_says_what_the_readme_shows() {
    let outcome = Order::new("overflows").run();
    assert_eq!(outcome.state(), "nothing");
    // SIGABRT.
    assert_eq!(outcome.status.signal(), Some(6), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("thread 'overflows'")
            && outcome.stderr.contains("has overflowed its stack")
            && outcome
                .stderr
                .contains("fatal runtime error: stack overflow, aborting"),
        "{outcome:#?}"
    );
}

pub fn the_stack_is_as_large_as_asked_for() {
    let most = |stack: Option<&str>, depth: u32| {
        let order = Order::new("goes_deep").env(DEPTH, depth.to_string());
        match stack {
            Some(stack) => order.env("RUST_MIN_STACK", stack).run(),
            None => order.run(),
        }
    };
    let mib = 1024 * 1024;
    // A frame of a debug build is larger than what the handler asks for.
    most(None, 3 * mib).check("SucceedTask", 0);
    most(Some("65536"), 3 * mib).check("SucceedTask", 0);
    most(Some("134217728"), 24 * mib).check("SucceedTask", 0);
    let overflown = most(None, 24 * mib);
    assert_eq!(overflown.status.signal(), Some(6), "{overflown:#?}");
}
