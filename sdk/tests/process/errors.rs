//! Errors whose own code panics, and panics that end the process, in a process of their own.

use std::fmt;
use std::path::PathBuf;

use airflow_sdk::{Outcome, Result};

use crate::supervisor::Order;
use crate::tasks::HOOK;

/// Which of its methods the error of a task panics in.
const WHERE: &str = "TEST_PANICS_IN";

fn panics_in(method: &str) -> bool {
    std::env::var(WHERE).is_ok_and(|wanted| wanted == method)
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!panics_in("display"), "on purpose");
        f.write_str("broken")
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!panics_in("debug"), "on purpose");
        f.write_str("Panics")
    }
}

impl std::error::Error for Panics {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        assert!(!panics_in("source"), "on purpose");
        panics_in("nothing, but it is its own source").then_some(self)
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(!panics_in("drop"), "on purpose");
    }
}

pub fn error_with_panics() -> Result<()> {
    Err(Outcome::fail(Panics))?
}

/// A destructor panics while another panic unwinds, which the standard library ends by an abort.
pub fn drop_in_cleanup() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            panic!("in cleanup");
        }
    }
    let _guard = Guard;
    panic!("on purpose");
}

/// A callback for a C library panics.
pub fn cannot_unwind() {
    extern "C" fn callback() {
        panic!("on purpose");
    }
    callback();
}

/// The destructor of a thread-local panics, which the standard library ends by an abort.
pub fn thread_local() {
    struct Buffer;
    impl Drop for Buffer {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    thread_local!(static BUFFER: Buffer = const { Buffer });
    BUFFER.with(|_| {});
}

fn order(task: &str) -> Order {
    Order::of(
        &std::env::current_exe().unwrap_or_else(|_| PathBuf::new()),
        "errors",
        task,
    )
    .retries()
}

pub fn whatever_an_error_does_the_outcome_is_reported() {
    for (place, told) in [
        ("display", "an error whose message cannot be written"),
        ("debug", "broken"),
        (
            "source",
            "broken: [the source of this error cannot be read]",
        ),
        ("drop", "broken"),
        (
            "nothing, but it is its own source",
            "broken: [the chain of errors is cut here, after 64]",
        ),
    ] {
        let outcome = order("error_with_panics").env(WHERE, place).run();
        outcome.check("failed", 0);
        assert!(
            outcome.said(&format!("Task failed, not to be retried: {told}")),
            "{outcome:#?}"
        );
        assert_eq!(
            outcome.said("on purpose"),
            !place.starts_with("nothing"),
            "{outcome:#?}"
        );
        assert_eq!(outcome.stderr, "", "{outcome:#?}");
    }
}

pub fn a_panic_that_cannot_unwind_is_reported() {
    for (task, reason) in [
        ("drop_in_cleanup", "panic in a destructor during cleanup"),
        ("cannot_unwind", "panic in a function that cannot unwind"),
    ] {
        let outcome = order(task).run();
        outcome.check("RetryTask", 0);
        assert_eq!(
            outcome.messages.last().unwrap()["retry_reason"],
            format!("the task panicked: {reason}")
        );
        assert!(outcome.said("on purpose"), "{outcome:#?}");
    }
}

pub fn thread_locals_are_left_alone() {
    order("thread_local").run().check("SucceedTask", 0);
    order("error_with_panics")
        .env(HOOK, "thread-local")
        .run()
        .check("failed", 0);
}
