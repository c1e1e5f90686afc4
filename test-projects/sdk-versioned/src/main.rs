//! A task that returns which version of the program it is.

use std::process::ExitCode;

fn version() -> airflow_sdk::Result<u32> {
    Ok(if cfg!(feature = "second") { 2 } else { 1 })
}

fn main() -> ExitCode {
    airflow_sdk::bundle! { "versioned" => { version } }.serve()
}
