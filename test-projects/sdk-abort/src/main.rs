//! A bundle whose panics abort the process, made as small as it gets.

use std::process::ExitCode;

use airflow_sdk::Task;

fn nothing() {}

fn panics(task: &Task) {
    assert!(task.try_number() > 1, "the first try panics");
}

fn always_panics() {
    let nothing: Option<i32> = None;
    nothing.expect("there is a number");
}

fn panics_elsewhere() {
    std::thread::spawn(|| panic!("in a thread of its own")).join().ok();
}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "abort" => { nothing, panics, always_panics, panics_elsewhere } }.serve()
}
