//! The bundle of this package.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "west_sync" => { run } }.serve()
}
