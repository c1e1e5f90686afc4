//! Has the name of the other package's bundle.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "west_load" => { run } }.serve()
}
