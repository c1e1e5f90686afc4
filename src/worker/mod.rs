//! What an Airflow 3.3 worker makes of a bundle.

pub mod pyyaml;
pub mod walk;
