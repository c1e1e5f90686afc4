//! What a reply means: the two shapes of an error, and the type of a result.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client_error::{ClientError, ClientErrorKind};
use crate::comm::client::{describe, name};
use crate::comm::frame::Frame;

/// The body of a reply to `request`, or the error that it carries in either of the two places.
pub(crate) fn unwrap(frame: Frame, request: &Value) -> Result<Value, ClientError> {
    let (body, error) = frame.content.map_err(|error| {
        ClientError::new(
            ClientErrorKind::Decode,
            format!("the reply to {} can't be read: {error}", describe(request)),
        )
    })?;
    if !error.is_null() {
        return Err(refused(&error, request));
    }
    if name(&body) == "ErrorResponse" {
        return Err(refused(&body, request));
    }
    Ok(body)
}

/// Reads a reply's body as a response struct.
pub(crate) fn parse<T: DeserializeOwned>(body: Value, request: &Value) -> Result<T, ClientError> {
    let kind = name(&body).to_owned();
    serde_json::from_value(body).map_err(|error| {
        ClientError::new(
            ClientErrorKind::Decode,
            format!(
                "the reply to {} is a {kind} that can't be read: {error}",
                describe(request)
            ),
        )
    })
}

fn refused(error: &Value, request: &Value) -> ClientError {
    let code = error
        .get("error")
        .and_then(Value::as_str)
        .unwrap_or("GENERIC_ERROR");
    let detail = error.get("detail").filter(|detail| !detail.is_null());
    let status = detail
        .and_then(|detail| detail.get("status_code"))
        .and_then(Value::as_u64);
    let kind = match code {
        "VARIABLE_NOT_FOUND" => ClientErrorKind::VariableNotFound,
        "CONNECTION_NOT_FOUND" => ClientErrorKind::ConnectionNotFound,
        "XCOM_NOT_FOUND" => ClientErrorKind::XComNotFound,
        "ASSET_NOT_FOUND" => ClientErrorKind::AssetNotFound,
        "TASK_STORE_NOT_FOUND" | "ASSET_STORE_NOT_FOUND" => ClientErrorKind::StateNotFound,
        "DAGRUN_ALREADY_EXISTS" => ClientErrorKind::DagRunAlreadyExists,
        "PERMISSION_DENIED" => ClientErrorKind::PermissionDenied,
        _ => ClientErrorKind::Api(status.and_then(|status| u16::try_from(status).ok())),
    };
    let text = match kind {
        ClientErrorKind::VariableNotFound => "the variable does not exist".to_owned(),
        ClientErrorKind::ConnectionNotFound => "the connection does not exist".to_owned(),
        ClientErrorKind::XComNotFound => "the XCom does not exist".to_owned(),
        ClientErrorKind::AssetNotFound => "the asset does not exist".to_owned(),
        ClientErrorKind::StateNotFound => "the key is not in the store".to_owned(),
        ClientErrorKind::DagRunAlreadyExists => "the Dag run exists already".to_owned(),
        ClientErrorKind::PermissionDenied => "the task may not read this".to_owned(),
        _ => api_text(code, detail),
    };
    ClientError::new(
        kind,
        format!("Airflow refused {}: {text}", describe(request)),
    )
}

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{Value, json};

    use super::unwrap;
    use crate::client_error::{ClientError, ClientErrorKind};
    use crate::comm::frame::Frame;

    fn error(body: Value, error: Value) -> ClientError {
        unwrap(
            Frame {
                id: Some(1),
                content: Ok((body, error)),
            },
            &json!({"type": "GetVariable", "key": "k"}),
        )
        .unwrap_err()
    }

    #[test]
    fn errors_come_in_two_places() {
        let inside = error(
            json!({"type": "ErrorResponse", "error": "VARIABLE_NOT_FOUND", "detail": {"key": "k"}}),
            Value::Null,
        );
        assert_eq!(inside.kind(), ClientErrorKind::VariableNotFound);
        assert_eq!(
            inside.to_string(),
            "Airflow refused GetVariable (key \"k\"): the variable does not exist"
        );
        let detail =
            json!({"status_code": 422, "message": "Unprocessable", "detail": {"detail": "bad"}});
        let beside = error(
            Value::Null,
            json!({"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail}),
        );
        assert_eq!(beside.kind(), ClientErrorKind::Api(Some(422)));
        let text = beside.to_string();
        assert!(
            text.contains("Unprocessable") && text.contains("bad"),
            "{text}"
        );
        let odd = error(Value::Null, json!("what"));
        assert_eq!(odd.kind(), ClientErrorKind::Api(None));
    }

    #[test]
    fn a_null_reply_means_done() {
        let frame = Frame {
            id: Some(1),
            content: Ok((Value::Null, Value::Null)),
        };
        assert_eq!(
            unwrap(frame, &json!({"type": "PutVariable"})).unwrap(),
            Value::Null
        );
    }
}
