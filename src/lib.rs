//! Pack a Rust program into an Apache Airflow executable bundle.

pub mod bundle;
mod cargo;
pub mod executable;
mod exit;
mod interrupt;
mod introspect;
pub mod manifest;
mod platform;
mod shell;
mod text;
pub mod worker;
