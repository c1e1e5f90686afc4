//! Bundles and readers of both sides: the packer's bundles under the released Airflow, and the
//! reader here on bundles that others pack.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

#[path = "../common/python.rs"]
mod python;

#[test]
fn environment_works() {
    let python = python::environment("requirements.txt");
    assert!(python.exists());
}
