//! A bundle that is built with instrumentation, and whose panics abort.

use std::ffi::c_int;
use std::fmt;
use std::time::Duration;

use airflow_sdk::{Outcome, Result, Task};

unsafe extern "C" {
    safe fn atexit(function: extern "C" fn()) -> c_int;
}

extern "C" fn abort_at_exit() {
    std::process::abort();
}

fn nothing() {
    atexit(abort_at_exit);
}

fn exits() {
    std::process::exit(0);
}

fn panics() {
    atexit(abort_at_exit);
    panic!("on purpose");
}

fn panics_elsewhere() {
    std::thread::spawn(|| panic!("on purpose")).join().ok();
}

/// Leaves a thread behind that sees that the outcome is on its way.
fn panics_after_the_outcome(task: &Task) {
    let task = task.clone();
    std::thread::spawn(move || {
        while task.mask_secret("a secret").is_ok() {}
        panic!("on purpose");
    });
    std::thread::sleep(std::time::Duration::from_millis(50));
}

/// Panics when it is written, or when it is dropped.
#[derive(Debug)]
struct Panics {
    in_display: bool,
    source: Option<Outcome>,
}

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_display {
            panic!("on purpose");
        }
        f.write_str("broken")
    }
}

impl std::error::Error for Panics {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|outcome| outcome as _)
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

fn fails_for_good() -> Result<()> {
    Err(Outcome::fail(Panics { in_display: true, source: None }))?
}

fn waits_longer() -> Result<()> {
    let error = Panics { in_display: false, source: None };
    Err(Outcome::retry(error).after(Duration::from_secs(9)))?
}

fn skips() -> Result<()> {
    Err(Panics { in_display: false, source: Some(Outcome::skip("no rows")) })?
}

// Without a result: both kinds of `main` compile.
fn main() {
    airflow_sdk::bundle! { "instrumented" => {
        nothing, exits, panics, panics_elsewhere, panics_after_the_outcome, fails_for_good, waits_longer, skips,
    } }
    .serve()
}
