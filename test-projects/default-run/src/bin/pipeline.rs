//! The bundle.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "pipeline" => { run } }.serve()
}
