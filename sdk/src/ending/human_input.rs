//! A question to a person, for `Outcome::await_input`.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::client::error::ClientError;
use crate::value::encode;
use airflow_protocol::message::message;
use airflow_protocol::terminal::InputWait;

/// A question that a person answers in Airflow's UI while the task is parked as *`awaiting_input`*.
///
/// When the answer is there, the same handler is called again, and [`Task::resume`](crate::Task::resume) tells it so.
///
/// ```
/// use airflow_sdk::{HumanInput, Outcome, Result, Task};
///
/// fn approve(task: &Task) -> Result<()> {
///     if task.resume().is_none() {
///         Err(Outcome::await_input(HumanInput::new("Ship it?", ["Approve", "Reject"]).body("Release 1.2")))?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct HumanInput {
    subject: String,
    options: Vec<String>,
    body: Option<String>,
    defaults: Option<Vec<String>>,
    multiple: bool,
    params: Map<String, Value>,
    assigned_users: Vec<Value>,
    next_method: String,
    next_kwargs: Map<String, Value>,
    timeout: Option<Duration>,
}

impl HumanInput {
    /// A question and the options to choose from; at least one.
    pub fn new<O: Into<String>>(
        subject: impl Into<String>,
        options: impl IntoIterator<Item = O>,
    ) -> Self {
        Self {
            subject: subject.into(),
            options: options.into_iter().map(Into::into).collect(),
            body: None,
            defaults: None,
            multiple: false,
            params: Map::new(),
            assigned_users: Vec::new(),
            next_method: "resumed".to_owned(),
            next_kwargs: Map::new(),
            timeout: None,
        }
    }

    /// The text below the question, in Markdown.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The options that are taken when the time is up.
    #[must_use]
    pub fn defaults<O: Into<String>>(mut self, defaults: impl IntoIterator<Item = O>) -> Self {
        self.defaults = Some(defaults.into_iter().map(Into::into).collect());
        self
    }

    /// Lets the person choose several options.
    #[must_use]
    pub fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    /// A form field with its default value. Fails if the value can't be sent.
    pub fn param(mut self, name: &str, value: impl Serialize) -> Result<Self, ClientError> {
        self.params.insert(
            name.to_owned(),
            encode(&value, &format!("the form field {name:?}"))?,
        );
        Ok(self)
    }

    /// Only this user may answer; can be called several times.
    #[must_use]
    pub fn assigned_user(mut self, id: &str, name: &str) -> Self {
        self.assigned_users.push(json!({"id": id, "name": name}));
        self
    }

    /// A value to hand to the handler when it is resumed. Fails if the value can't be sent.
    pub fn next_arg(mut self, name: &str, value: impl Serialize) -> Result<Self, ClientError> {
        let value = encode(
            &value,
            &format!("the argument {name:?} for the resumed task"),
        )?;
        self.next_kwargs.insert(name.to_owned(), value);
        Ok(self)
    }

    /// How long to wait for the answer; a hundred years at most.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// `CreateHITLDetailPayload`, sent before the task is parked. The empty containers are sent as such: absent or null is a 422.
    pub(crate) fn detail(&self, ti_id: &str) -> Value {
        message(
            "CreateHITLDetailPayload",
            &[
                ("ti_id", Some(ti_id.into())),
                ("options", Some(self.options.clone().into())),
                ("subject", Some(self.subject.as_str().into())),
                ("body", self.body.as_deref().map(Value::from)),
                ("defaults", self.defaults.clone().map(Value::from)),
                ("multiple", Some(self.multiple.into())),
                ("params", Some(self.params.clone().into())),
                ("assigned_users", Some(self.assigned_users.clone().into())),
            ],
        )
    }

    /// The task's end: it waits for the answer.
    pub(crate) fn wait(&self) -> InputWait {
        InputWait {
            next_method: self.next_method.clone(),
            next_kwargs: self.next_kwargs.clone(),
            timeout: self.timeout,
        }
    }
}
