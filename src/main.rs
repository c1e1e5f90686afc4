//! The `cargo-airflow-bundle` executable.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_airflow_bundle::run(std::env::args_os())
}
