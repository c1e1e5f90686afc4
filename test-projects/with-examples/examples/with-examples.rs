//! An example with the name of the bin.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "example_dag" => { run } }.serve()
}
