//! An example that can be packed.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "sensor" => { run } }.serve()
}
