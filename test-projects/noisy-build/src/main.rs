//! Compiles with hundreds of kilobytes of warnings: far more than a pipe holds.

use std::process::ExitCode;

include!(concat!(env!("OUT_DIR"), "/unused.rs"));

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "noisy_build" => { run } }.serve()
}
