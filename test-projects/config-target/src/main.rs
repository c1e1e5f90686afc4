//! Packed with a setting in `.cargo/config.toml`.

use std::process::ExitCode;

fn run() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "config_target" => { run } }.serve()
}
