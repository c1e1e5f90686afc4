//! What can go wrong in a conversation with the supervisor.

use std::fmt;

use airflow_protocol::message::describe;
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
}

impl ClientError {
    pub(crate) fn new(kind: ClientErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The error of a request that the supervisor has refused, or whose reply cannot be read.
    pub(crate) fn of_reply(error: ReplyError, request: &Value) -> Self {
        use ClientErrorKind as Kind;
        let request = describe(request);
        match error {
            ReplyError::Unreadable(error) => Self::new(
                Kind::Decode,
                format!("the reply to {request} can't be read: {error}"),
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
                Self::new(kind, format!("Airflow refused {request}: {error}"))
            }
        }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ClientErrorKind {
        self.kind
    }

    /// Whether the supervisor has answered at all.
    pub(crate) fn was_answered(&self) -> bool {
        use ClientErrorKind as Kind;
        !matches!(
            self.kind,
            Kind::Value | Kind::Name | Kind::Timeout | Kind::Disconnected | Kind::Ended
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

/// Turns "not found" into `None`.
pub(crate) fn optional<T>(result: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
