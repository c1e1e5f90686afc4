//! The check of every text that Airflow's client puts into the path of a URL, before a request is sent.
//!
//! Without it a request would be about something else: the variable `a#staging` would be written as `a`.

mod text;

use std::fmt;

use serde_json::Value;

use crate::message::name;
pub use text::{Place, fault};

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

/// A text of a request that would become another text on its way, so that the request would be about something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFault {
    place: Place,
    /// The text; only its beginning if it is long.
    text: String,
    /// What is wrong with the text, as the end of a sentence that begins with it.
    fault: String,
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, text, fault } = self;
        write!(f, "the {} {text:?} {fault}", place.name())
    }
}

impl std::error::Error for PathFault {}

/// Refuses a request with a text that would become another text on its way.
pub fn check(request: &Value) -> Result<(), PathFault> {
    for (field, place) in fields(name(request)) {
        if let Some(text) = request.get(*field).and_then(Value::as_str)
            && let Some(fault) = fault(*place, text)
        {
            return Err(PathFault {
                place: *place,
                text: shown(text).to_owned(),
                fault,
            });
        }
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
