//! The tasks of two executables, in one library.

use airflow_sdk::{Bundle, bundle};

fn extract() {}
fn check() {}

pub fn sales() -> Bundle {
    bundle! { "sales" => { extract } }
}

pub fn audit() -> Bundle {
    bundle! { "audit" => { check, "again" => check } }
}
