//! Pack a Rust program into an Apache Airflow executable bundle.

pub mod bundle;
pub mod executable;
pub mod manifest;
mod platform;
mod text;
pub mod worker;
