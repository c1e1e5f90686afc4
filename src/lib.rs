//! Pack a Rust program into an Apache Airflow executable bundle.

pub mod executable;
pub mod platform;
pub mod worker;
