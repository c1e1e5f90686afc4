//! A deferral to a trigger, for `Outcome::defer`.

use std::time::Duration;

use airflow_protocol::terminal::Deferral;
use serde::Serialize;
use serde_json::Map;

use crate::client::error::ClientError;
use crate::value::encode;

/// A deferral: which trigger to wait for, and what to hand to the task when it is resumed.
///
/// The trigger is a Python class that the triggerer can import. When it has fired, the same handler is called again and
/// [`Task::resume`](crate::Task::resume) tells it so.
///
/// ```
/// use std::time::Duration;
/// use airflow_sdk::{Defer, Outcome, Result, Task, json, python};
///
/// fn wait_a_minute(task: &Task) -> Result<String> {
///     if let Some(resume) = task.resume() {
///         return Ok(resume.event::<String>()?);
///     }
///     let moment = python::DateTime(jiff::Timestamp::now());
///     Err(Outcome::defer(
///         Defer::new("airflow.providers.standard.triggers.temporal.DateTimeTrigger", "woken")
///             .trigger_arg("moment", moment)?
///             .timeout(Duration::from_secs(600)),
///     ))?
/// }
/// ```
#[derive(Debug)]
pub struct Defer(pub(crate) Deferral);

impl Defer {
    /// A deferral to the trigger class of this import path. `next_method` is a name for the handler's own use: it comes
    /// back as [`Resume::method`](crate::Resume::method).
    pub fn new(classpath: impl Into<String>, next_method: impl Into<String>) -> Self {
        Self(Deferral {
            classpath: classpath.into(),
            next_method: next_method.into(),
            trigger_kwargs: Map::new(),
            next_kwargs: Map::new(),
            timeout: None,
            queue: None,
        })
    }

    /// A keyword argument of the trigger. Fails if the value can't be sent.
    pub fn trigger_arg(mut self, name: &str, value: impl Serialize) -> Result<Self, ClientError> {
        let value = encode(&value, &format!("the trigger's argument {name:?}"))?;
        self.0.trigger_kwargs.insert(name.to_owned(), value);
        Ok(self)
    }

    /// A value to hand to the handler when it is resumed. Fails if the value can't be sent.
    pub fn next_arg(mut self, name: &str, value: impl Serialize) -> Result<Self, ClientError> {
        let value = encode(
            &value,
            &format!("the argument {name:?} for the resumed task"),
        )?;
        self.0.next_kwargs.insert(name.to_owned(), value);
        Ok(self)
    }

    /// How long to wait for the trigger before the task fails; a hundred years at most.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// The triggerer queue, where Airflow is set up with such.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.0.queue = Some(queue.into());
        self
    }
}
