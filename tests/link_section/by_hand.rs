//! An executable that somebody starts by hand, and how large it is.

use std::fs;
use std::process::Command;

use crate::builds::{DECLARED, RELEASE, STRIPPED, build};
use crate::project::run;

#[test]
fn it_says_what_it_is() {
    let executable = build(DECLARED, RELEASE, "by-hand", &[]);
    run(&mut Command::new(&executable)).fails(
        2,
        &[
            "sdk-minimal-release-by-hand holds tasks for Apache Airflow",
            "  minimal: nothing, größe\n",
            "  reports.monthly-1: monthly, yearly\n",
            "cargo airflow-bundle --release",
            "--airflow-metadata",
        ],
    );
}

#[test]
fn a_bundle_that_does_nothing_is_small() {
    let executable = build(DECLARED, STRIPPED, "size", &[]);
    let size = fs::metadata(executable).unwrap().len();
    assert!(size < 1_200_000, "{size} bytes");
}
