//! The `cargo-airflow-bundle` executable.

fn main() {}
