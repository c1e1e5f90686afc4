//! Packed with a profile of its own.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "custom_profile" => { run } }.serve()
}
