//! Tasks for [Apache Airflow](https://airflow.apache.org) in Rust.
//!
//! The Dag stays in Python, with stubs in it. The tasks are ordinary functions, registered with [`bundle!`]; the executable
//! is packed by `cargo airflow-bundle`, and started for each task by the `ExecutableCoordinator` of Airflow 3.3 and 3.4.
//!
//! ```no_run
//! use airflow_sdk::{Result, Task, bundle};
//!
//! fn extract(task: &Task) -> Result<Vec<u64>> {
//!     let api = task.connection("orders_api")?;
//!     log::info!(host = api.host.as_deref(); "asking for orders");
//!     Ok(vec![3, 4, 5]) // the return value is the XCom `return_value`
//! }
//!
//! fn load(task: &Task) -> Result<()> {
//!     let rows: Vec<u64> = task.xcom("extract")?;
//!     log::info!(rows = rows.len(); "loading");
//!     Ok(())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     bundle! { "sales" => { extract, load } }.serve()
//! }
//! ```
//!
//! The README has the way from nothing to a green task, and the table of capabilities.
//!
//! # Where to find what
//!
//! | To ... | look at |
//! | --- | --- |
//! | register tasks | [`bundle!`], [`Bundle::register`], [`TaskHandler`] |
//! | take the arguments of the task's call in the Dag | [`TaskHandler`], [`Parameter`], [`Lazy`], [`Args`], [`Task::args`] |
//! | know the element of a mapped task | [`Task::mapped_item`] |
//! | read and write XComs | [`Task::xcom`], [`Task::xcom_of`], [`Task::push_xcom`], [`XCom`], [`Output`] |
//! | exchange Python's own types | [`python`] |
//! | use variables and connections | [`Task::variable`], [`Task::connection`], [`Connection`] |
//! | keep state between tries or runs | [`Task::state`], [`Task::asset_state`] |
//! | produce and read asset events | [`Task::produce`], [`Task::asset_events`] |
//! | trigger and read Dag runs | [`Task::trigger_dag_run`], [`Task::find_dag_run`], [`Filter`] |
//! | end in another way than success | [`Error`], [`Context`], [`Outcome`], [`Defer`], [`HumanInput`] |
//! | stop when told to, or after a time | [`Task::cancellation`], [`Task::set_execution_timeout`] |
//! | run other programs | [`Task::run_command`], [`Task::command_output`] |
//! | do something before the outcome is reported | [`Bundle::before_outcome`] |
//! | test without Airflow | [`testing`] |
//!
//! # Errors
//!
//! `?` converts whatever can be boxed as an error into [`Error`], which remembers where that was; [`Context`], [`bail!`] and [`ensure!`] have
//! anyhow's forms. Handlers may return errors of other crates: [`IntoError`]. A handler that returns an error has failed: it is
//! retried if it has tries left. The error, its sources and their place are in the task's log.
//!
//! An [`Outcome`] counts below errors that were put in front of it, as far as their sources lead to it. An error's `Display`, `Debug`, `source`
//! and `Drop` run on the handler's thread, before the outcome is reported, and may panic: what they give is told, 64 errors of a chain and
//! 64 KiB of each at most, and the outcome stays. Destructors of the handler's thread-locals do not run.
//!
//! # Values from Airflow
//!
//! A date that a [`jiff::Timestamp`] cannot hold is the nearest that it can: `9999-12-31T00:00:00Z` is [`jiff::Timestamp::MAX`]. A reply that
//! cannot be read is an error of the kind [`ClientErrorKind::Decode`] of the call that asked, and the task goes on.
//!
//! # Logs
//!
//! Records of the [`log`](https://docs.rs/log) facade, with their key-value pairs, are the task's log; with the feature
//! `tracing`, the events of `tracing` are too. Airflow's `logging_level` and `namespace_levels` are obeyed; a target `a::b`
//! is Airflow's logger `a.b`. Keys that Airflow's supervisor claims for itself (`target`, `msg`, `event`, ...) get an underscore
//! at their end. Standard output and standard error go to the task's log as they are.
//!
//! A program that has set a logger of its own, or a `tracing` subscriber without `AirflowLayer`, before [`Bundle::serve`] keeps it, and its
//! records are text on standard output, if that; the first record of the task's log says so.
//!
//! # Being told to stop
//!
//! SIGTERM and SIGINT cancel the task's token. Two seconds later at the latest the outcome is reported, whatever the task does, as
//! one that is retried if that is allowed and else failed; then the process ends. So do the end of the supervisor, though nobody takes the
//! outcome then, and the limit of [`Task::set_execution_timeout`]. What Airflow has decided meanwhile (the task was marked failed or success, or
//! cleared) is an info record. Programs that were started by
//! [`Task::run_command`] end before.
//!
//! # The end of the process
//!
//! [`Bundle::serve`] does not return: once the outcome is delivered, the process ends without running exit handlers or destructors, so
//! that nothing changes the outcome any more. A handler ends by returning. `std::process::exit` in one, on whatever thread, fails the
//! task, on Unix with a record in the log that says so; elsewhere the SDK does not learn of it. A stack that overflows ends the process
//! by SIGABRT: the last lines of the task's log are those that Rust's runtime writes to standard error (`thread 'TASK_ID' (THREAD) has
//! overflowed its stack`). `RUST_MIN_STACK` gives a handler more than 8 MiB.
// Not `forbid`: one function reads the link section back, and `bundle!` names it; the end of the process needs C's `atexit` and
// `fflush`, and LLVM's way to write a profile.
#![deny(unsafe_code)]

mod arguments;
mod bundle;
mod client;
mod ending;
mod logging;
mod process;
pub mod python;
mod serving;
mod task;
pub mod testing;
mod value;

#[doc(inline)]
pub use airflow_protocol::ids::IdFault;
#[doc(inline)]
pub use airflow_protocol::startup::{ConsumedAsset, ConsumedAssetEvent, DagRun, LoopContext};

pub use arguments::{Args, Argument, Lazy, Parameter};
pub use bundle::handler::TaskHandler;
pub use bundle::manifest::{SUPERVISOR_SCHEMA_VERSION, SUPERVISOR_SCHEMA_VERSIONS};
pub use bundle::returns::{IntoOutput, Output, TaskResult};
pub use bundle::{Bundle, RegistrationError};
pub use client::error::{ClientError, ClientErrorKind};
pub use ending::{BoxError, Context, Defer, Error, HumanInput, IntoError, Outcome, Result};
#[cfg(feature = "tracing")]
pub use logging::tracing::AirflowLayer;
pub use task::{
    Asset, AssetEvent, AssetEvents, Cancellation, Cancelled, CommandError, Connection, DagInfo,
    Downstream, Filter, InactiveAsset, MappedOver, PreviousTask, Resume, RunTimes, StateStore,
    Task, TaskStates, TriggerDagRun, XCom,
};
pub use value::{ValueError, plain};

pub use jiff;
pub use serde_json::{Value, json};

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the expansion of [`bundle!`] uses.
#[doc(hidden)]
pub mod __private {
    pub use crate::bundle::declared::{
        Declared, Named, entry, is_path, no_attributes, no_comma, no_handler, no_id,
    };
    pub use crate::bundle::manifest::{
        DagDeclaration, TaskDeclaration, function_name, record, record_len, slots, validate,
    };
    pub use crate::ending::context::{Bail, BailLocal, BailText, fails};
}
