//! What an Airflow 3.3 worker makes of a bundle.
//!
//! The worker's `ExecutableCoordinator` looks for a bundle each time it starts a task, and passes over
//! what it dislikes with a debug line. The modules here follow it step by step (source:
//! `airflow.sdk.coordinators.executable.coordinator` of `apache-airflow-task-sdk` 1.3.2) and say why.

pub mod glibc;
pub mod manifest;
pub(crate) mod sources;
pub mod verdict;
pub mod walk;
mod warnings;

/// A problem or a warning. Codes are stable; the README lists them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What kind, in kebab-case.
    pub code: &'static str,
    /// What was found, and what to do.
    pub message: String,
}

impl Finding {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
