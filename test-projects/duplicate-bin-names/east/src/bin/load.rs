//! The bundle of this package.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "east_load" => { run } }.serve()
}
