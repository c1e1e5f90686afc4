//! A bundle that is built with instrumentation, and whose panics abort.

use std::ffi::c_int;

use airflow_sdk::Task;

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

// Without a result: both kinds of `main` compile.
fn main() {
    airflow_sdk::bundle! { "instrumented" => { nothing, exits, panics, panics_elsewhere, panics_after_the_outcome } }.serve()
}
