//! The `cargo-airflow-bundle` executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_airflow_bundle::run(std::env::args_os())
}
