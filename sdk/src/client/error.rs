//! What can go wrong in a conversation with the supervisor.

use std::fmt;

use airflow_protocol::message::{describe, name};
use airflow_protocol::reply::{ErrorCode, ReplyError};
use serde_json::Value;

/// The kind of a [`ClientError`], for code that wants to react to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// Airflow has no variable of this key.
    VariableNotFound,
    /// Airflow has no connection of this id.
    ConnectionNotFound,
    /// The XCom was never pushed (a pushed null is not absent).
    XComNotFound,
    /// Airflow has no asset of this name or URI.
    AssetNotFound,
    /// The task or asset state store has no such key.
    StateNotFound,
    /// A Dag run of this id exists already.
    DagRunAlreadyExists,
    /// The task may not read this.
    PermissionDenied,
    /// Airflow's API answered with another error; the HTTP status, if there was one.
    Api(Option<u16>),
    /// Airflow's API could not be reached: the supervisor has tried again and again, and nobody has refused anything. A task may wait and
    /// ask once more, or end with the error and be retried.
    Unreachable,
    /// The Airflow that runs the task is too old for this, and would never answer: nothing was sent.
    Unsupported,
    /// The value can't be sent: see the message.
    Value,
    /// A key or an id can't be sent, because on its way to Airflow's server it would become another one: see the message.
    Name,
    /// What Airflow sent is not of the type that was asked for.
    Decode,
    /// A reply did not come in time.
    Timeout,
    /// The connection to the supervisor is gone.
    Disconnected,
    /// The task has reported its outcome already: nothing can be asked any more.
    Ended,
}

/// An error of a call on [`Task`](crate::Task) and what it hands out.
#[derive(Clone, Debug)]
pub struct ClientError {
    kind: ClientErrorKind,
    message: String,
    /// The state in which Airflow has the task instance, where that is why it has refused a message.
    state: Option<Box<str>>,
    /// Whether Airflow has no such task instance, or the message asked for the state in which it has the instance already.
    gone: bool,
    repeated: bool,
}

impl ClientError {
    pub(crate) fn new(kind: ClientErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            state: None,
            gone: false,
            repeated: false,
        }
    }

    /// The error of a request that the supervisor has refused, or whose reply cannot be read.
    pub(crate) fn of_reply(error: ReplyError, request: &Value) -> Self {
        use ClientErrorKind as Kind;
        let asked = reported_state(request);
        let request = describe(request);
        match error {
            ReplyError::Unreadable(error) => Self::new(
                Kind::Decode,
                format!("the reply to {request} can't be read: {error}"),
            ),
            ReplyError::Refused(error) if error.unreachable => Self::new(
                Kind::Unreachable,
                format!("Airflow's API could not be reached for {request}: {error}"),
            ),
            ReplyError::Refused(error) => {
                let kind = match error.code {
                    Some(ErrorCode::VariableNotFound) => Kind::VariableNotFound,
                    Some(ErrorCode::ConnectionNotFound) => Kind::ConnectionNotFound,
                    Some(ErrorCode::XComNotFound) => Kind::XComNotFound,
                    Some(ErrorCode::AssetNotFound) => Kind::AssetNotFound,
                    Some(ErrorCode::TaskStoreNotFound | ErrorCode::AssetStoreNotFound) => {
                        Kind::StateNotFound
                    }
                    Some(ErrorCode::DagRunAlreadyExists) => Kind::DagRunAlreadyExists,
                    Some(ErrorCode::PermissionDenied) => Kind::PermissionDenied,
                    _ => Kind::Api(error.status),
                };
                let message = format!("Airflow refused {request}: {error}");
                Self {
                    repeated: error.state.is_some() && error.state.as_deref() == asked,
                    gone: error.gone,
                    state: error.state.map(Into::into),
                    ..Self::new(kind, message)
                }
            }
        }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ClientErrorKind {
        self.kind
    }

    /// What Airflow had decided of the task before it was told the outcome, if that is why it has refused the outcome: the instance is in
    /// another state than running (409), was cleared (410) or deleted (404, with the reason `not_found`). A 404 without that reason comes from
    /// something else than the API, such as a proxy.
    pub(crate) fn overruled(&self) -> Option<String> {
        match (self.kind, &self.state) {
            (ClientErrorKind::Api(Some(409)), Some(state)) => Some(decision(Some(state))),
            (ClientErrorKind::Api(Some(409)), None) => {
                Some("Airflow has the task as running no more".to_owned())
            }
            (ClientErrorKind::Api(Some(404 | 410)), _) if self.gone => {
                Some("the task was cleared or deleted meanwhile".to_owned())
            }
            _ => None,
        }
    }

    /// Whether Airflow has refused an outcome because it was told it before.
    pub(crate) fn is_repeated(&self) -> bool {
        self.repeated && self.kind == ClientErrorKind::Api(Some(409))
    }

    /// Whether the supervisor has answered at all.
    pub(crate) fn was_answered(&self) -> bool {
        use ClientErrorKind as Kind;
        !matches!(
            self.kind,
            Kind::Value
                | Kind::Name
                | Kind::Unsupported
                | Kind::Timeout
                | Kind::Disconnected
                | Kind::Ended
        )
    }

    /// Whether Airflow answered that the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        use ClientErrorKind as Kind;
        matches!(
            self.kind,
            Kind::VariableNotFound
                | Kind::ConnectionNotFound
                | Kind::XComNotFound
                | Kind::AssetNotFound
                | Kind::StateNotFound
                | Kind::Api(Some(404))
        )
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ClientError {}

/// The state that a terminal message asks for (`TaskInstanceState` in `airflow/sdk/api/datamodels/_generated.py` of 3.3.2 and 3.4.0b2).
fn reported_state(message: &Value) -> Option<&str> {
    Some(match name(message) {
        "SucceedTask" => "success",
        "RetryTask" => "up_for_retry",
        "DeferTask" => "deferred",
        "RescheduleTask" => "up_for_reschedule",
        "AwaitInputTask" => "awaiting_input",
        "TaskState" => message.get("state").and_then(Value::as_str)?,
        _ => return None,
    })
}

/// What Airflow has decided of a task instance that runs, and is in this state for Airflow; `None` for one without a state. Clearing
/// makes a running instance `restarting`, and what comes next is its next try.
pub(crate) fn decision(state: Option<&str>) -> String {
    match state {
        None | Some("restarting" | "scheduled" | "queued") => {
            "the task was cleared meanwhile".to_owned()
        }
        Some(state) => format!("Airflow has the task as {state} meanwhile"),
    }
}

/// Turns "not found" into `None`.
pub(crate) fn optional<T>(result: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
