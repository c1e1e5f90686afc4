//! The tokio runtime that `async fn` handlers run on.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::ending::error::Error;
use crate::logging::current;
use crate::task::Task;

/// Runs a handler's future to its end on a runtime of its own.
pub(crate) fn block_on<F: Future>(_task: &Task, future: F) -> Result<F::Output, Error> {
    let route = current::route();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("airflow-task-worker")
        .on_thread_start(move || current::follow(route.clone()))
        .build()?;
    let output = catch_unwind(AssertUnwindSafe(|| runtime.block_on(future)));
    // Not dropped, which waits for all that was spawned: a spawned task that blocks must not keep the outcome from being reported.
    runtime.shutdown_background();
    output.map_or_else(|payload| resume_unwind(payload), Ok)
}
