//! The tokio runtime that `async fn` handlers run on.

use std::future::Future;

use crate::context::Task;
use crate::error::Error;
use crate::logging::current;

/// Runs a handler's future to its end on a runtime of its own.
pub(crate) fn block_on<F: Future>(_task: &Task, future: F) -> Result<F::Output, Error> {
    let route = current::route();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("airflow-task-worker")
        .on_thread_start(move || current::follow(route.clone()))
        .build()?;
    let output = runtime.block_on(future);
    // A spawned task that blocks must not keep the outcome from being reported.
    runtime.shutdown_background();
    Ok(output)
}
