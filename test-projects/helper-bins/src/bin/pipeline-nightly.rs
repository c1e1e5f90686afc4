//! A second program that could be packed.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "nightly" => { run } }.serve()
}
