//! Replies of the supervisor: a result, or an error in one of two places.

use std::fmt;

use serde_json::{Value, json};

use crate::WireError;
use crate::frame::Frame;
use crate::message::name;

/// The type of an error's body.
const ERROR_RESPONSE: &str = "ErrorResponse";

/// What the supervisor says is wrong with a request.
///
/// Source: `ErrorType` in `airflow/sdk/exceptions.py` of the task SDK 1.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Airflow has no variable of this key.
    VariableNotFound,
    /// Airflow has no connection of this id.
    ConnectionNotFound,
    /// The XCom was never pushed; only for an item of a sequence.
    XComNotFound,
    /// Airflow has no asset of this name or URI.
    AssetNotFound,
    /// The task has no state of this key.
    TaskStoreNotFound,
    /// The asset has no state of this key.
    AssetStoreNotFound,
    /// A Dag run of this id exists already.
    DagRunAlreadyExists,
    /// The task may not read the variable or connection.
    PermissionDenied,
    /// Airflow's API answered with another error, or the supervisor failed.
    ApiServerError,
    /// The code of an error whose code is absent.
    GenericError,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 10] = [
        Self::VariableNotFound,
        Self::ConnectionNotFound,
        Self::XComNotFound,
        Self::AssetNotFound,
        Self::TaskStoreNotFound,
        Self::AssetStoreNotFound,
        Self::DagRunAlreadyExists,
        Self::PermissionDenied,
        Self::ApiServerError,
        Self::GenericError,
    ];

    /// The code as messages carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VariableNotFound => "VARIABLE_NOT_FOUND",
            Self::ConnectionNotFound => "CONNECTION_NOT_FOUND",
            Self::XComNotFound => "XCOM_NOT_FOUND",
            Self::AssetNotFound => "ASSET_NOT_FOUND",
            Self::TaskStoreNotFound => "TASK_STORE_NOT_FOUND",
            Self::AssetStoreNotFound => "ASSET_STORE_NOT_FOUND",
            Self::DagRunAlreadyExists => "DAGRUN_ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ApiServerError => "API_SERVER_ERROR",
            Self::GenericError => "GENERIC_ERROR",
        }
    }

    /// What a code says in a sentence; `None` for the codes that leave it to the error's detail.
    const fn sentence(self) -> Option<&'static str> {
        Some(match self {
            Self::VariableNotFound => "the variable does not exist",
            Self::ConnectionNotFound => "the connection does not exist",
            Self::XComNotFound => "the XCom does not exist",
            Self::AssetNotFound => "the asset does not exist",
            Self::TaskStoreNotFound | Self::AssetStoreNotFound => "the key is not in the store",
            Self::DagRunAlreadyExists => "the Dag run exists already",
            Self::PermissionDenied => "the task may not read this",
            Self::ApiServerError | Self::GenericError => return None,
        })
    }
}

/// An error that the supervisor has answered with: the body `ErrorResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorBody {
    /// The code; `None` for a code that is not known here.
    pub code: Option<ErrorCode>,
    /// The status of Airflow's API, where the error has one.
    pub status: Option<u16>,
    /// Whether Airflow's API could not be reached: nobody has refused anything.
    pub unreachable: bool,
    /// The state in which Airflow has the task instance, where that is why it refuses a message.
    pub state: Option<String>,
    /// Whether Airflow's API says that it has no such thing, by its reason `not_found`.
    pub gone: bool,
    /// What is wrong, as the end of a sentence.
    text: String,
}

impl ErrorBody {
    /// Reads an error; a body of any other shape is an error without details.
    fn read(body: &Value) -> Self {
        let written = body
            .get("error")
            .and_then(Value::as_str)
            .unwrap_or(ErrorCode::GenericError.as_str());
        let code = ErrorCode::ALL
            .into_iter()
            .find(|code| code.as_str() == written);
        let detail = body.get("detail").filter(|detail| !detail.is_null());
        let status = detail
            .and_then(|detail| detail.get("status_code"))
            .and_then(Value::as_u64);
        let status = status.and_then(|status| u16::try_from(status).ok());
        let inner = detail.and_then(|detail| detail.get("detail"));
        let said = |key: &str| {
            let inner = inner.and_then(|inner| inner.get("detail"));
            inner
                .and_then(|inner| inner.get(key))
                .and_then(Value::as_str)
        };
        let state = said("previous_state");
        Self {
            code,
            status,
            unreachable: code == Some(ErrorCode::ApiServerError)
                && detail.is_some_and(|detail| unreachable(status, detail)),
            state: state.map(str::to_owned),
            gone: said("reason") == Some("not_found"),
            text: match code.and_then(ErrorCode::sentence) {
                Some(sentence) => sentence.to_owned(),
                None => api_text(written, detail),
            },
        }
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether an error of this detail says that Airflow's API was not reached: by an exception of the supervisor's HTTP client (`httpx` in
/// 3.3.2, `httpx2` in 3.4.0b2), or by the answer of a proxy in front of the API server. An answer that is no JSON is an exception too
/// (`ServerResponseError.from_response` in `airflow/sdk/api/client.py` of both).
fn unreachable(status: Option<u16>, detail: &Value) -> bool {
    /// What is neither a refusal nor a fault of the supervisor: httpx's `TransportError` and those below it.
    const TRANSPORT: [&str; 12] = [
        "ConnectError",
        "ConnectTimeout",
        "ReadError",
        "ReadTimeout",
        "WriteError",
        "WriteTimeout",
        "PoolTimeout",
        "CloseError",
        "NetworkError",
        "ProxyError",
        "RemoteProtocolError",
        "TransportError",
    ];
    let text = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default();
    let status = status.or_else(|| {
        // "Server error '503 Service Unavailable' for url ..."
        let (_, quoted) = text("message").split_once('\'')?;
        let known = text("exception_type") == "HTTPStatusError";
        quoted.get(..3).filter(|_| known)?.parse().ok()
    });
    match status {
        Some(status) => matches!(status, 502..=504),
        None => TRANSPORT.contains(&text("exception_type")),
    }
}

/// The text of an error by its detail: `{status_code, message, detail}` for an answer of Airflow's API, `{message, exception_type}` for
/// an exception in the supervisor.
fn api_text(code: &str, detail: Option<&Value>) -> String {
    let Some(detail) = detail else {
        return code.to_owned();
    };
    let message = detail
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or(code);
    let inner = detail.get("detail").filter(|inner| !inner.is_null());
    let exception = detail.get("exception_type").and_then(Value::as_str);
    match (inner, exception) {
        (Some(inner), _) => format!("{message} {inner}"),
        (None, Some(exception)) => format!("{exception}: {message}"),
        (None, None) => message.to_owned(),
    }
}

/// Why a reply has no result.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyError {
    /// The frame cannot be read.
    Unreadable(WireError),
    /// The supervisor has refused the request.
    Refused(ErrorBody),
}

/// The body of a reply; null if the request asked for nothing. Expected errors come in the place of the body, unexpected ones in the
/// frame's third part; both are looked at.
pub fn unwrap(frame: Frame) -> Result<Value, ReplyError> {
    let (body, error) = frame.content.map_err(ReplyError::Unreadable)?;
    if !error.is_null() {
        return Err(ReplyError::Refused(ErrorBody::read(&error)));
    }
    if name(&body) == ERROR_RESPONSE {
        return Err(ReplyError::Refused(ErrorBody::read(&body)));
    }
    Ok(body)
}

/// The body of an error, for the supervisor's side.
pub fn error_body(code: ErrorCode, detail: &Value) -> Value {
    json!({"type": ERROR_RESPONSE, "error": code.as_str(), "detail": detail})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{Value, json};

    use super::{ErrorBody, ErrorCode, ReplyError, error_body, unwrap};
    use crate::frame::Frame;

    fn reply(body: Value, error: Value) -> Result<Value, ReplyError> {
        unwrap(Frame {
            id: Some(1),
            content: Ok((body, error)),
        })
    }

    fn refused(body: Value, error: Value) -> ErrorBody {
        match reply(body, error).unwrap_err() {
            ReplyError::Refused(error) => error,
            ReplyError::Unreadable(error) => unreachable!("{error}"),
        }
    }

    #[test]
    fn errors_come_in_two_places() {
        let inside = refused(
            error_body(ErrorCode::VariableNotFound, &json!({"key": "k"})),
            Value::Null,
        );
        assert_eq!(inside.code, Some(ErrorCode::VariableNotFound));
        assert_eq!(inside.to_string(), "the variable does not exist");
        let detail =
            json!({"status_code": 422, "message": "Unprocessable", "detail": {"detail": "bad"}});
        let beside = refused(Value::Null, error_body(ErrorCode::ApiServerError, &detail));
        assert_eq!(beside.status, Some(422));
        assert_eq!(beside.to_string(), "Unprocessable {\"detail\":\"bad\"}");
        let raised = json!({"message": "no", "exception_type": "ValueError"});
        let beside = refused(Value::Null, error_body(ErrorCode::ApiServerError, &raised));
        assert_eq!(beside.to_string(), "ValueError: no");
    }

    #[test]
    fn an_api_that_is_away_is_told_from_one_that_refuses() {
        let unreachable = |detail: Value| {
            refused(Value::Null, error_body(ErrorCode::ApiServerError, &detail)).unreachable
        };
        let raised = |kind: &str, message: &str| json!({"status_code": null, "message": message, "exception_type": kind});
        for away in [
            raised("ConnectError", "[Errno 111] Connection refused"),
            raised("ReadTimeout", "The read operation timed out"),
            raised(
                "HTTPStatusError",
                "Server error '503 Service Unavailable' for url 'http://localhost/'",
            ),
            json!({"status_code": 502, "message": "Bad Gateway", "detail": null}),
        ] {
            assert!(unreachable(away.clone()), "{away}");
        }
        for there in [
            raised("ValueError", "Out of range float values"),
            raised(
                "HTTPStatusError",
                "Client error '404 Not Found' for url 'http://localhost/'",
            ),
            raised("HTTPStatusError", "'ü"),
            json!({"status_code": 500, "message": "Internal Server Error", "detail": null}),
            json!({"status_code": 409, "message": "Conflict", "exception_type": "ConnectError"}),
        ] {
            assert!(!unreachable(there.clone()), "{there}");
        }
    }

    #[test]
    fn a_refusal_tells_the_state_that_airflow_has() {
        let detail = json!({
            "status_code": 409, "message": "Server returned error",
            "detail": {"detail": {"reason": "invalid_state", "message": "TI was not in the running state so it cannot be updated",
                                  "previous_state": "failed"}},
        });
        let error = refused(Value::Null, error_body(ErrorCode::ApiServerError, &detail));
        assert_eq!(error.state.as_deref(), Some("failed"));
    }

    #[test]
    fn an_odd_error_is_an_error_all_the_same() {
        let odd = refused(Value::Null, json!("what"));
        assert_eq!(odd.code, Some(ErrorCode::GenericError));
        assert_eq!(
            (odd.status, odd.to_string()),
            (None, "GENERIC_ERROR".into())
        );
        let new = refused(
            json!({"type": "ErrorResponse", "error": "NEW"}),
            Value::Null,
        );
        assert_eq!((new.code, new.to_string()), (None, "NEW".into()));
    }

    #[test]
    fn a_null_reply_means_done() {
        assert_eq!(reply(Value::Null, Value::Null), Ok(Value::Null));
    }
}
