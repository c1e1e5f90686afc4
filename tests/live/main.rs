//! Bundles under a whole Airflow 3.3.2: API server, scheduler, Dag processor and triggerer, on the loopback.
//!
//! `cargo test --test live` runs it, and nothing else should run beside it: a compile makes Airflow's API time out. Airflow
//! is installed from the package index into `target/live/venv`, its home is `target/live/home`, which is kept, with all logs, until the
//! next run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test"
)]

mod airflow;
mod api;
mod bundles;
mod bystander;
mod install;
mod pipeline;
mod tour;

/// One test, for one Airflow: its parts are told apart by their names in the failure.
#[test]
fn tasks_in_rust_under_airflow() {
    let airflow = airflow::Airflow::start(&["sdk-tour", "sdk-pipeline", "sdk-abort"]);
    pipeline::aborts(&airflow);
    pipeline::orders(&airflow);
    tour::everything(&airflow);
    tour::history(&airflow);
    tour::two_hundred(&airflow);
}
