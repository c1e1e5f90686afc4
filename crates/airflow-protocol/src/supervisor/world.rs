//! The Airflow behind the supervisor: what it stores, and how it answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::reply::ErrorCode;

/// Where an XCom is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct XComPlace {
    /// The Dag's id.
    pub dag_id: String,
    /// The run's id.
    pub run_id: String,
    /// The task's id.
    pub task_id: String,
    /// The key; that of a return value is `return_value`.
    pub key: String,
    /// The place among the instances of a mapped task, from 0; -1 for a task that is not mapped.
    pub map_index: i64,
}

impl XComPlace {
    /// Whether both are of one key and one task, though not of one instance.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.dag_id, &self.run_id) == (&other.dag_id, &other.run_id)
            && (&self.task_id, &self.key) == (&other.task_id, &other.key)
    }
}

/// An answer to a request.
pub(super) enum Answer {
    Body(Value),
    /// An expected negative answer, which comes as a body.
    Negative(ErrorCode, Value),
    /// An unexpected failure, which comes in the error slot.
    Refused(u16, String),
}

/// The Airflow that a task runs against. Tasks and runs that no field holds do not exist.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Variables by key.
    pub variables: BTreeMap<String, Option<String>>,
    /// The bodies of `ConnectionResult`, by the connection's id.
    pub connections: BTreeMap<String, Value>,
    /// XComs.
    pub xcoms: BTreeMap<XComPlace, Value>,
    /// `[core] max_map_length`, the longest length that may go along with an XCom; `None` for 1024, which Airflow has by default.
    pub max_map_length: Option<u64>,
    /// The values of state stores, by owner (the id of a task instance, the name or URI of an asset) and key.
    pub states: BTreeMap<(String, String), Value>,
    /// The bodies of `AssetResult`, without their type.
    pub assets: Vec<Value>,
    /// The messages `TriggerDagRun` that were answered with a new run.
    pub triggered: Vec<Value>,
    /// The values that the task has masked.
    pub masked: Vec<Value>,
    /// The note that the task has given its run; `Some(null)` for one that it has removed.
    pub note: Option<Value>,
    /// The states of task instances, by Dag and run, and by task id; the id of an instance of a mapped task ends with `_` and its index. A
    /// conversation that starts a task adds that task as running, unless it is there.
    pub task_states: BTreeMap<(String, String), BTreeMap<String, Value>>,
    /// Answers that take the place of this Airflow's own, by the type of the request.
    pub replies: BTreeMap<String, Value>,
    /// What is wrong with requests of a type, terminal ones too: the detail of an error `API_SERVER_ERROR`.
    pub failures: BTreeMap<String, Value>,
    /// Payloads that take the place of a frame's, by the type of the request. Each is made from the request's id.
    pub payloads: BTreeMap<String, fn(u64) -> Vec<u8>>,
}

fn text(body: &Value, key: &str) -> String {
    body.get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn ok() -> Answer {
    Answer::Body(json!({"type": "OKResponse", "ok": true}))
}

impl World {
    /// Answers a request that has passed the schema.
    pub(super) fn answer(&mut self, body: &Value) -> Answer {
        let kind = text(body, "type");
        if let Some(reply) = self.replies.get(&kind) {
            return Answer::Body(reply.clone());
        }
        match kind.as_str() {
            "GetVariable" | "GetVariableKeys" | "PutVariable" | "DeleteVariable" => {
                self.variable(&kind, body)
            }
            "GetConnection" => self.connection(body),
            "MaskSecret" => {
                self.masked
                    .push(body.get("value").cloned().unwrap_or_default());
                Answer::Body(Value::Null)
            }
            "SetRenderedFields" | "SetRenderedMapIndex" | "SkipDownstreamTasks" => {
                Answer::Body(Value::Null)
            }
            "CreateHITLDetailPayload" => Self::question(body),
            kind if kind.contains("XCom") => self.xcom(kind, body),
            kind if kind.contains("StateStore") => self.state(kind, body),
            kind if kind.contains("Asset") || kind == "ValidateInletsAndOutlets" => {
                self.asset(kind, body)
            }
            kind => self.run(kind, body),
        }
    }

    fn variable(&mut self, kind: &str, body: &Value) -> Answer {
        let key = text(body, "key");
        match kind {
            "GetVariable" => match self.variables.get(&key) {
                Some(value) => {
                    Answer::Body(json!({"type": "VariableResult", "key": key, "value": value}))
                }
                None => Answer::Negative(ErrorCode::VariableNotFound, json!({"key": key})),
            },
            "GetVariableKeys" => {
                let prefix = text(body, "prefix");
                let number =
                    |key, default| body.get(key).and_then(Value::as_u64).unwrap_or(default);
                let keys: Vec<&String> = self
                    .variables
                    .keys()
                    .filter(|key| key.starts_with(&prefix))
                    .collect();
                let total = keys.len();
                let skip = usize::try_from(number("offset", 0)).unwrap_or(usize::MAX);
                let take = usize::try_from(number("limit", 1000)).unwrap_or(usize::MAX);
                let keys: Vec<&String> = keys.into_iter().skip(skip).take(take).collect();
                Answer::Body(
                    json!({"type": "VariableKeysResult", "keys": keys, "total_entries": total}),
                )
            }
            "PutVariable" => {
                // The server stores the text of Python's None.
                let value = body.get("value").and_then(Value::as_str).unwrap_or("None");
                self.variables.insert(key, Some(value.to_owned()));
                Answer::Body(Value::Null)
            }
            _ => {
                self.variables.remove(&key);
                ok()
            }
        }
    }

    fn connection(&self, body: &Value) -> Answer {
        let id = text(body, "conn_id");
        match self.connections.get(&id) {
            Some(connection) => Answer::Body(connection.clone()),
            None => Answer::Negative(ErrorCode::ConnectionNotFound, json!({"conn_id": id})),
        }
    }

    fn question(body: &Value) -> Answer {
        if !body["params"].is_object() || !body["assigned_users"].is_array() {
            return Answer::Refused(
                422,
                "params and assigned_users must be containers".to_owned(),
            );
        }
        let mut reply = body.clone();
        reply["type"] = "HITLDetailRequestResult".into();
        Answer::Body(reply)
    }

    fn xcom(&mut self, kind: &str, body: &Value) -> Answer {
        let key = text(body, "key");
        if key.is_empty() {
            return Answer::Refused(422, "the XCom key is empty".to_owned());
        }
        let place = XComPlace {
            dag_id: text(body, "dag_id"),
            run_id: text(body, "run_id"),
            task_id: text(body, "task_id"),
            key: key.clone(),
            map_index: body.get("map_index").and_then(Value::as_i64).unwrap_or(-1),
        };
        let series: Vec<Value> = self
            .xcoms
            .iter()
            .filter(|(other, _)| place.is_beside(other))
            .map(|(_, value)| value.clone())
            .collect();
        match kind {
            "GetXCom" => {
                let value = self.xcoms.get(&place).cloned().unwrap_or_default();
                Answer::Body(json!({"type": "XComResult", "key": key, "value": value}))
            }
            "SetXCom" => {
                if body
                    .get("mapped_length")
                    .and_then(Value::as_u64)
                    .is_some_and(|length| length > self.max_map_length.unwrap_or(1024))
                {
                    return Answer::Refused(
                        400,
                        "mapped_length is over [core] max_map_length".to_owned(),
                    );
                }
                self.xcoms
                    .insert(place, body.get("value").cloned().unwrap_or_default());
                Answer::Body(Value::Null)
            }
            "DeleteXCom" => {
                self.xcoms.remove(&place);
                Answer::Body(Value::Null)
            }
            "GetXComCount" => {
                Answer::Body(json!({"type": "XComCountResponse", "len": series.len()}))
            }
            "GetXComSequenceItem" => {
                let offset = body.get("offset").and_then(Value::as_i64).unwrap_or(0);
                match series.get(place_of(offset, series.len())) {
                    Some(value) => {
                        Answer::Body(json!({"type": "XComSequenceIndexResult", "root": value}))
                    }
                    None => Answer::Negative(ErrorCode::XComNotFound, body.clone()),
                }
            }
            _ => {
                let bound = |key| body.get(key).and_then(Value::as_i64);
                match slice(
                    &series,
                    bound("start"),
                    bound("stop"),
                    bound("step").unwrap_or(1),
                ) {
                    Some(root) => {
                        Answer::Body(json!({"type": "XComSequenceSliceResult", "root": root}))
                    }
                    None => Answer::Refused(422, "the step of a slice is 0".to_owned()),
                }
            }
        }
    }

    fn state(&mut self, kind: &str, body: &Value) -> Answer {
        let of_task = kind.contains("Task");
        let owner = ["name", "uri", "ti_id"]
            .into_iter()
            .map(|key| text(body, key))
            .find(|id| !id.is_empty());
        let owner = owner.unwrap_or_default();
        let known =
            |asset: &Value| asset["name"] == owner.as_str() || asset["uri"] == owner.as_str();
        if !of_task && !kind.starts_with("Get") && !self.assets.iter().any(known) {
            return Answer::Refused(404, format!("no asset {owner:?}"));
        }
        let place = (owner, text(body, "key"));
        if kind.starts_with("Get") {
            let (result, missing) = if of_task {
                ("TaskStateStoreResult", ErrorCode::TaskStoreNotFound)
            } else {
                ("AssetStateStoreResult", ErrorCode::AssetStoreNotFound)
            };
            return match self.states.get(&place) {
                Some(value) => Answer::Body(json!({"type": result, "value": value})),
                None => Answer::Negative(missing, json!({"key": place.1})),
            };
        }
        if kind.starts_with("Set") {
            self.states
                .insert(place, body.get("value").cloned().unwrap_or_default());
        } else if kind.starts_with("Delete") {
            self.states.remove(&place);
        } else {
            self.states.retain(|(owner, _), _| *owner != place.0);
        }
        ok()
    }

    fn asset(&self, kind: &str, body: &Value) -> Answer {
        match kind {
            "GetAssetByName" | "GetAssetByUri" => {
                let key = if kind == "GetAssetByName" {
                    "name"
                } else {
                    "uri"
                };
                let wanted = text(body, key);
                match self
                    .assets
                    .iter()
                    .find(|asset| asset[key] == wanted.as_str())
                {
                    Some(asset) => Answer::Body(typed("AssetResult", asset)),
                    None => Answer::Negative(ErrorCode::AssetNotFound, json!({key: wanted})),
                }
            }
            "GetAssetsByAlias" => {
                Answer::Body(json!({"type": "AssetsByAliasResult", "assets": []}))
            }
            // Empty lists are left out of these replies, as the real ones leave out defaults.
            "ValidateInletsAndOutlets" => Answer::Body(json!({"type": "InactiveAssetsResult"})),
            _ => Answer::Body(json!({"type": "AssetEventsResult", "asset_events": []})),
        }
    }

    fn run(&mut self, kind: &str, body: &Value) -> Answer {
        let (dag, run) = (text(body, "dag_id"), text(body, "run_id"));
        let known =
            |trigger: &&Value| text(trigger, "dag_id") == dag && text(trigger, "run_id") == run;
        match kind {
            "TriggerDagRun" => {
                let reset = body
                    .get("reset_dag_run")
                    .and_then(Value::as_bool)
                    .unwrap_or(false);
                if !reset && self.triggered.iter().any(|trigger| known(&trigger)) {
                    return Answer::Negative(ErrorCode::DagRunAlreadyExists, Value::Null);
                }
                self.triggered.push(body.clone());
                ok()
            }
            "GetDagRunState" => match self.triggered.iter().find(known) {
                Some(_) => Answer::Body(json!({"type": "DagRunStateResult", "state": "queued"})),
                None => Answer::Refused(404, format!("no run {run:?} of dag {dag:?}")),
            },
            "GetTICount" => Answer::Body(json!({"type": "TICount", "count": 0})),
            "GetDRCount" => Answer::Body(json!({"type": "DRCount", "count": 0})),
            "GetTaskStates" => {
                let runs = self.task_states.iter();
                let states: Map<String, Value> = runs
                    .filter(|((of, _), _)| *of == dag)
                    .map(|((_, run), states)| (run.clone(), json!(states)))
                    .collect();
                Answer::Body(json!({"type": "TaskStatesResult", "task_states": states}))
            }
            "SetExecutionTimeout" => Answer::Body(Value::Null),
            "UpdateDagRunNote" => {
                self.note = Some(body.get("note").cloned().unwrap_or_default());
                Answer::Body(Value::Null)
            }
            "GetTaskBreadcrumbs" => {
                Answer::Body(json!({"type": "TaskBreadcrumbsResult", "breadcrumbs": []}))
            }
            "GetPreviousDagRun" => {
                Answer::Body(json!({"type": "PreviousDagRunResult", "dag_run": null}))
            }
            "GetPreviousTI" => {
                Answer::Body(json!({"type": "PreviousTIResult", "task_instance": null}))
            }
            "GetPrevSuccessfulDagRun" => {
                Answer::Body(json!({"type": "PrevSuccessfulDagRunResult"}))
            }
            "GetTaskRescheduleStartDate" => {
                Answer::Body(json!({"type": "TaskRescheduleStartDate", "start_date": null}))
            }
            "GetDag" | "GetDagRun" => {
                Answer::Refused(404, format!("no dag {dag:?} with a run {run:?}"))
            }
            _ => Answer::Refused(400, "Unhandled request".to_owned()),
        }
    }
}

fn typed(kind: &str, body: &Value) -> Value {
    let mut fields: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    fields.insert("type".to_owned(), kind.into());
    Value::Object(fields)
}

/// The index of an offset by Python's rules; beyond the list for one that is out of range.
fn place_of(offset: i64, len: usize) -> usize {
    let from_end = i64::try_from(len).unwrap_or(i64::MAX);
    let offset = if offset < 0 {
        offset.saturating_add(from_end)
    } else {
        offset
    };
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// A slice by Python's rules; `None` for a step of 0.
fn slice(items: &[Value], start: Option<i64>, end: Option<i64>, step: i64) -> Option<Vec<Value>> {
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |bound: Option<i64>, default: i64| match bound {
        None => default,
        Some(at) => (if at < 0 { at.saturating_add(len) } else { at }).clamp(low, high),
    };
    let (mut at, last) = match step {
        0 => return None,
        1.. => (bound(start, 0), bound(end, len)),
        _ => (bound(start, len - 1), bound(end, -1)),
    };
    let mut taken = Vec::new();
    while (step > 0 && at < last) || (step < 0 && at > last) {
        taken.extend(
            usize::try_from(at)
                .ok()
                .and_then(|at| items.get(at))
                .cloned(),
        );
        at = at.saturating_add(step);
    }
    Some(taken)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use serde_json::{Value, json};

    use super::{Answer, World, place_of, slice};
    use crate::release::SCHEMA_2026_06_16;
    use crate::schema::{Receiver, Schema};

    #[test]
    fn a_task_can_decode_each_answer() {
        let schema = Schema::of(SCHEMA_2026_06_16).unwrap();
        let mut world = World::default();
        world.variables.insert("k".into(), Some("1".into()));
        world
            .assets
            .push(json!({"name": "n", "uri": "u", "group": "asset", "extra": {}}));
        // The values that any request needs, where it needs them.
        let mut request = json!({
            "key": "k", "dag_id": "d", "run_id": "r", "task_id": "t", "ti_id": "01990000-0000-7000-8000-000000000001", "name": "n",
            "uri": "u", "value": "1", "description": null, "offset": 0, "start": null, "stop": null, "step": null,
            "conn_id": "c", "alias_name": "a", "expires_at": null, "rendered_fields": {}, "rendered_map_index": "i",
            "logical_date": "2026-01-01T00:00:00Z", "options": ["o"], "chosen_options": ["o"], "subject": "s", "params": {},
            "assigned_users": [], "tasks": [],
        });
        let (mut answered, mut unhandled) = (0, Vec::new());
        let put_first = |kind: &&str| !kind.starts_with("Set") && !kind.starts_with("Put");
        let mut kinds: Vec<&str> = schema.messages(Receiver::ToSupervisor).collect();
        kinds.sort_by_key(put_first);
        for kind in kinds {
            request["type"] = kind.into();
            if schema.check(Receiver::ToSupervisor, &request).is_err() {
                // Messages without other fields than their own, which are the terminal ones.
                continue;
            }
            match world.answer(&request) {
                Answer::Body(Value::Null) | Answer::Negative(..) => {}
                Answer::Body(body) => {
                    assert_eq!(schema.check(Receiver::ToTask, &body), Ok(()), "{kind}");
                    answered += 1;
                }
                Answer::Refused(400, _) => unhandled.push(kind),
                Answer::Refused(..) => {}
            }
        }
        assert!(answered > 25, "{answered}");
        // Airflow answers these with 400 as well.
        let never = [
            "GetHITLDetailResponse",
            "ResendLoggingFD",
            "UpdateHITLDetail",
        ];
        assert_eq!(unhandled, never);
    }

    #[test]
    fn slices_are_pythons() {
        let items: Vec<Value> = (0..5).map(Value::from).collect();
        let taken = |start, stop, step| slice(&items, start, stop, step).map(Value::from);
        assert_eq!(taken(None, None, 1), Some(json!([0, 1, 2, 3, 4])));
        assert_eq!(taken(Some(-2), None, 1), Some(json!([3, 4])));
        assert_eq!(taken(Some(1), Some(-1), 2), Some(json!([1, 3])));
        assert_eq!(taken(None, None, -2), Some(json!([4, 2, 0])));
        assert_eq!(taken(Some(9), None, 1), Some(json!([])));
        assert_eq!(taken(None, None, 0), None);
        assert_eq!(place_of(-1, 5), 4);
        assert!(place_of(-6, 5) >= 5);
    }
}
