//! Does not compile.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    let _: u32 = "not a number";
    airflow_sdk::bundle! { "build_error" => { run } }.serve()
}
