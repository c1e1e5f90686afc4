//! The second Dag: its id and its tasks come from a module.

/// The Dag's id.
pub const DAG: &str = "reports.monthly-1";

pub fn monthly() {}
