//! The check of every text that Airflow's client puts into the path of a URL, before a request is sent.
//!
//! Without it a request would be about something else: the variable `a#staging` would be written as `a`.

mod text;

use serde_json::Value;

use crate::client_error::{ClientError, ClientErrorKind};
use crate::comm::client::name;
use text::Place;

const DAG: (&str, Place) = ("dag_id", Place::DagId);
const RUN: (&str, Place) = ("run_id", Place::RunId);
const TASK: (&str, Place) = ("task_id", Place::TaskId);

/// The fields of a message that become part of a path; all others are sent as a query or a body. `GetDag` is not among these
/// messages: both clients quote its Dag's id, and where quoting does not help (`.`, `..`, no text) the server has no route.
///
/// Source: the supervisor's `_handle_request` and `airflow/sdk/api/client.py` of both releases.
fn fields(message: &str) -> &'static [(&'static str, Place)] {
    match message {
        "GetVariable" | "PutVariable" | "DeleteVariable" => &[("key", Place::VariableKey)],
        "GetConnection" => &[("conn_id", Place::ConnectionId)],
        "GetXCom"
        | "GetXComCount"
        | "GetXComSequenceItem"
        | "GetXComSequenceSlice"
        | "SetXCom"
        | "DeleteXCom" => &[("key", Place::XComKey), TASK, DAG, RUN],
        "GetDagRun" | "GetDagRunState" | "TriggerDagRun" => &[DAG, RUN],
        "GetPreviousTI" => &[DAG, TASK],
        "GetTaskStateStore" | "SetTaskStateStore" | "DeleteTaskStateStore" => {
            &[("key", Place::StateKey)]
        }
        _ => &[],
    }
}

/// Refuses a request with a text that would become another one on its way; the error names the text and the reason.
pub(crate) fn check(request: &Value) -> Result<(), ClientError> {
    let message = name(request);
    for (field, place) in fields(message) {
        let text = request.get(*field).and_then(Value::as_str);
        let Some((text, fault)) = text.and_then(|text| Some((text, text::fault(*place, text)?)))
        else {
            continue;
        };
        return Err(ClientError::new(
            ClientErrorKind::Name,
            format!(
                "{message} was not sent: the {} {:?} {fault}",
                place.name(),
                shown(text)
            ),
        ));
    }
    Ok(())
}

/// The text, cut where a message would be too long.
fn shown(text: &str) -> &str {
    text.char_indices()
        .nth(300)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}
