//! Tasks for [Apache Airflow](https://airflow.apache.org) in Rust.

mod assets;
mod bundle;
mod cancel;
mod client_error;
mod comm;
mod connections;
mod context;
mod dag_runs;
mod error;
mod fields;
mod handler;
mod human_input;
mod ids;
mod logging;
mod macros;
mod mailbox;
mod manifest;
mod outcome;
mod panic;
mod platform;
pub mod python;
mod reply;
#[cfg(feature = "tokio")]
mod runtime;
mod serve;
mod session;
mod startup;
mod state_store;
mod task_run;
pub mod testing;
mod value;
mod variables;
mod xcom;

pub use assets::{Asset, AssetEvent, AssetEvents, InactiveAsset};
pub use bundle::{Bundle, RegistrationError};
pub use cancel::{Cancellation, Cancelled};
pub use client_error::{ClientError, ClientErrorKind};
pub use connections::Connection;
pub use context::{Resume, Task};
pub use dag_runs::{DagInfo, Filter, PreviousTask, RunTimes, TaskStates, TriggerDagRun};
pub use error::{BoxError, Error, Result};
pub use handler::{IntoError, IntoOutput, Output, TaskHandler, TaskResult};
pub use human_input::HumanInput;
pub use ids::IdFault;
#[cfg(feature = "tracing")]
pub use logging::tracing::AirflowLayer;
pub use manifest::SUPERVISOR_SCHEMA_VERSION;
pub use outcome::{Defer, Outcome};
pub use startup::{ConsumedAsset, ConsumedAssetEvent, DagRun};
pub use state_store::StateStore;
pub use value::{ValueError, plain};
pub use xcom::XCom;

pub use jiff;
pub use serde_json::{Value, json};

/// What the expansion of [`bundle!`] uses.
#[doc(hidden)]
pub mod __private {
    pub use crate::manifest::{DagDeclaration, function_name, record, record_len, validate};
}
