//! Finding and running the handler of a task.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::bundle::handler::BoxHandler;
use crate::client::error::ClientErrorKind;
use crate::ending::chosen::End;
use crate::ending::error::Error;
use crate::ending::error_chain::UNWRITABLE;
use crate::ending::render::{self, MAX_MESSAGE};
use crate::serving::completion::{Completion, Ending, Failure, completion};
use crate::serving::last_words;
use crate::task::Task;

/// The handler of the task, or the ending of one that this bundle does not serve.
pub(crate) fn find(bundle: &Bundle, task: &Task) -> Result<Arc<BoxHandler>, Ending> {
    let problems = bundle.problems();
    if !problems.is_empty() {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(Ending::Refused(format!(
            "this bundle can't be served: {}",
            problems.join("; ")
        )));
    }
    if let Some(handler) = bundle.handler(task.dag_id(), task.task_id()) {
        return Ok(handler);
    }
    let mut text = format!(
        "this bundle does not serve the task {:?} of dag {:?}; it serves ",
        task.task_id(),
        task.dag_id()
    );
    for (index, (dag, tasks)) in bundle.tasks().enumerate() {
        // Writing to a string has no way to fail.
        let _ = write!(
            text,
            "{}{dag}: {}",
            if index > 0 { "; " } else { "" },
            tasks.join(", ")
        );
    }
    Err(Ending::Refused(text))
}

/// Runs the handler on the current thread, with all that belongs to it: stale XComs are deleted before, the return value is
/// pushed after.
pub(crate) fn run(handler: &BoxHandler, task: &Task) -> Completion {
    let result = catch_unwind(AssertUnwindSafe(|| {
        clear_stale_xcoms(task)?;
        let returned = handler(task)?;
        task.push_returned(returned).map_err(|error| {
            Error::new(error)
                .context("the return value could not be pushed")
                .without_place()
        })
    }));
    match result {
        Ok(Ok(())) => {
            last_words::decide(|| Completion::Returned);
            Completion::Returned
        }
        Ok(Err(error)) => read(error, task),
        Err(payload) => {
            let message = render::cut(render::panic_text(&*payload), MAX_MESSAGE);
            render::discard(payload);
            Completion::Panicked(message)
        }
    }
}

/// Reads all that has to be known of a handler's error, and drops it: here, on the handler's thread, since its `Display`, its `source`
/// and its `Drop` are the user's code.
fn read(error: Error, task: &Task) -> Completion {
    let end = error.chosen().map(|chosen| &*chosen.0);
    if let Some(End::AwaitInput(input)) = end
        && let Err(refused) = task.tell(&input.detail(task.id()))
    {
        render::discard(error);
        let refused = Error::new(refused).context("the question could not be asked");
        return Completion::Failed(Failure::read(&refused, task));
    }
    // Where panics abort the process, one in the lines below must not change the outcome.
    let decide = |reason: &str| {
        let failure = Failure {
            reason: reason.to_owned(),
            detail: Value::Null,
        };
        last_words::decide(|| completion(end, failure));
    };
    decide(UNWRITABLE);
    let failure = Failure::read(&error, task);
    decide(&failure.reason);
    let completion = completion(end, failure);
    render::discard(error);
    completion
}

/// Deletes what an earlier try has left, as the Python runner does: else a failed retry would leave stale values.
fn clear_stale_xcoms(task: &Task) -> Result<(), Error> {
    let keys = task
        .details()
        .ti_context
        .xcom_keys_to_clear
        .iter()
        .flatten();
    for key in keys {
        match task.own_xcom(key).delete() {
            // Another XCom would be deleted in its place.
            Err(error) if error.kind() == ClientErrorKind::Name => {
                log::warn!("the stale XCom {key:?} of an earlier try stays: {error}");
            }
            result => result.map_err(|error| {
                Error::new(error).context(format!("the stale XCom {key:?} could not be deleted"))
            })?,
        }
    }
    Ok(())
}
