//! The supervisor's side: what Airflow's supervisor makes of an executable's messages and log lines.

pub mod log_check;
