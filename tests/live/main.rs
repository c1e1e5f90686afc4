//! Bundles under a whole Airflow 3.3.2, and under a whole Airflow 3.4.0b2: API server, scheduler, Dag processor and triggerer,
//! on the loopback.
//!
//! `cargo test --test live` runs it, and nothing else should run beside it: a compile makes Airflow's API time out. Airflow
//! is installed from the package index; its home is `target/live/3.3` or `target/live/3.4`, which is kept, with all logs, until
//! the next run.
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
#[path = "../common/packer.rs"]
mod packer;
mod parsing;
mod pipeline;
#[path = "../common/python.rs"]
mod python;
mod release;
#[path = "../common/releases.rs"]
mod releases;
mod tour;

use std::sync::{Mutex, PoisonError};

use airflow::Airflow;
use release::Release;

/// One Airflow at a time: two are too much for a small machine.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn bundles_under_airflow_3_3() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let airflow = Airflow::start(Release::V3_3, &PROJECTS);
    everything(&airflow);
}

#[test]
fn bundles_under_airflow_3_4() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let airflow = Airflow::start(Release::V3_4, &[&PROJECTS[..], &["sdk-refused"]].concat());
    everything(&airflow);
    // By now each bundle was parsed more than once, and the answers are stored.
    parsing::import_errors(&airflow);
}

const PROJECTS: [&str; 3] = ["sdk-tour", "sdk-pipeline", "sdk-abort"];

/// The parts are told apart by their names in the failure.
fn everything(airflow: &Airflow) {
    pipeline::aborts(airflow);
    pipeline::orders(airflow);
    tour::everything(airflow);
    tour::history(airflow);
    tour::two_hundred(airflow);
}
