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
mod arguments;
mod bundles;
mod bystander;
mod faults;
#[path = "../common/packer.rs"]
mod packer;
mod parsing;
mod pipeline;
#[path = "../common/python.rs"]
mod python;
#[path = "../common/quotes.rs"]
mod quotes;
mod release;
#[path = "../common/releases.rs"]
mod releases;
mod stops;
mod tour;
mod versions;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use airflow::Airflow;
use release::{Release, V3_3, V3_4};
use versions::Repository;

/// One Airflow at a time: two are too much for a small machine.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn bundles_under_airflow_3_3() {
    everything(&V3_3);
}

#[test]
fn bundles_under_airflow_3_4() {
    everything(&V3_4);
}

const PROJECTS: [&str; 3] = ["sdk-tour", "sdk-pipeline", "sdk-abort"];

/// One Airflow of the release for everything. The parts wait side by side, and are told apart by the names of their threads in a
/// failure.
fn everything(release: &Release) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut repository = None;
    let projects = [&PROJECTS[..], release.refused, release.with_arguments].concat();
    let airflow = Airflow::start(release, &projects, |home, settings| {
        faults::add_to(home);
        if release.has_versions {
            let made = repository.insert(Repository::make(home));
            made.add_to(settings);
        }
    });
    let (airflow, repository) = (&airflow, repository.as_ref());
    let abort = || pipeline::aborts(airflow);
    let orders = || pipeline::orders(airflow);
    let tour = || {
        tour::everything(airflow, release);
        tour::two_hundred(airflow);
    };
    let history = || tour::history(airflow);
    let stops = || stops::everything(airflow, release);
    let versions = || {
        if let Some(repository) = repository {
            versions::everything(airflow, repository);
        }
    };
    let faults = || faults::everything(airflow);
    let arguments = || {
        if !release.with_arguments.is_empty() {
            arguments::everything(airflow);
        }
    };
    let parts: [(&str, &(dyn Fn() + Sync)); 8] = [
        ("tour", &tour),
        ("stops", &stops),
        ("versions", &versions),
        ("arguments", &arguments),
        ("abort", &abort),
        ("orders", &orders),
        ("history", &history),
        ("faults", &faults),
    ];
    let start = Instant::now();
    std::thread::scope(|scope| {
        for (name, part) in parts {
            let thread = std::thread::Builder::new().name(name.to_owned());
            let timed = move || {
                part();
                println!("{name}: {:?}", start.elapsed());
            };
            thread.spawn_scoped(scope, timed).unwrap();
        }
    });
    if !release.refused.is_empty() {
        // By now each bundle was parsed more than once, and the answers are stored.
        parsing::import_errors(airflow, &["sdk-versioned"], faults::import_errors(airflow));
    }
}
