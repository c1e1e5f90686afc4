//! The smallest program that can be packed: one dag, two tasks.

use std::process::ExitCode;

fn extract() {}
fn load() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "one_bin" => { extract, load } }.serve()
}
