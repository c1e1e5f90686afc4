//! The main program.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "main_dag" => { run } }.serve()
}
