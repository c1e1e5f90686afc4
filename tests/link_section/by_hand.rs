//! An executable that somebody starts by hand, and how large it is.

use std::fs;
use std::process::Command;

use crate::project::{DECLARED, RELEASE, STRIPPED, build, run};

#[test]
fn it_says_what_it_is() {
    let executable = build(DECLARED, RELEASE, "by-hand", &[]);
    let output = run(&mut Command::new(&executable));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(output.stdout, b"");
    for part in [
        "sdk-minimal-release-by-hand holds tasks for Apache Airflow",
        "  minimal: nothing, größe\n",
        "  reports.monthly-1: monthly, yearly\n",
        "cargo airflow-bundle --release",
        "--airflow-metadata",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_bundle_that_does_nothing_is_small() {
    let executable = build(DECLARED, STRIPPED, "size", &[]);
    let size = fs::metadata(executable).unwrap().len();
    assert!(size < 1_200_000, "{size} bytes");
}
