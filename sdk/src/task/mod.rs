//! What a handler can ask of Airflow and do as a task.

mod assets;
mod cancel;
mod commands;
mod connection_url;
mod connections;
mod context;
mod dag_runs;
mod downstream;
mod filter;
mod mapped_item;
mod release;
mod state_store;
mod variables;
mod worker_secrets;
mod xcom;

pub use assets::{Asset, AssetEvent, AssetEvents, InactiveAsset};
pub use cancel::{Cancellation, Cancelled};
pub use commands::CommandError;
pub(crate) use commands::kill_all;
pub use connections::Connection;
pub(crate) use context::Surroundings;
pub use context::{Resume, Task};
pub use dag_runs::{DagInfo, PreviousTask, RunTimes, TaskStates, TriggerDagRun};
pub use downstream::Downstream;
pub use filter::Filter;
pub use mapped_item::MappedOver;
pub(crate) use mapped_item::NO_LITERALS;
pub use state_store::StateStore;
pub(crate) use worker_secrets::Environment;
pub use xcom::XCom;
pub(crate) use xcom::{RETURN_VALUE, Returned};
