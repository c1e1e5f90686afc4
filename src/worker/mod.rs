//! What a worker of a release of Airflow makes of a bundle.
//!
//! The worker's `ExecutableCoordinator` looks for a bundle each time it starts a task, and passes over
//! a file that it cannot use with a debug line. The modules here follow it step by step (source:
//! `airflow.sdk.coordinators.executable.coordinator` of `apache-airflow-task-sdk` 1.3.2 and 1.4.0b2) and say why. Where the
//! Dag processor reads bundles too, they follow that.
//! Facts in which releases differ are fields of [`Release`]; nothing here names one.

mod code;
pub(crate) mod glibc;
pub(crate) mod ignore;
pub(crate) mod listing;
pub mod manifest;
pub(crate) mod parsing;
mod shown_source;
pub(crate) mod sources;
pub(crate) mod survey;
pub mod verdict;
mod verdicts;
pub mod walk;
mod warnings;

pub use airflow_protocol::Release;
pub use code::{Code, Severity};
pub use parsing::Parsing;
pub use verdicts::{ReleaseVerdict, Shared, Verdicts};

/// A problem or a warning.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: Code,
    /// What was found, and what to do.
    pub message: String,
}

impl Finding {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
