//! Which messages the supervisor of Airflow 3.3.2 can decode: the types that a task may send, with their fields.
//!
//! From `airflow/sdk/execution_time/schema/schema.json`, narrowed to what pydantic takes from the wire.

/// What a field may hold.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    /// One of these texts.
    One(&'static [&'static str]),
    Integer,
    Number,
    Bool,
    Uuid,
    /// A datetime with an offset, as text.
    Time,
    /// A number of seconds, or an ISO 8601 duration.
    Duration,
    /// Any JSON.
    Json,
    Map,
    /// A list of these.
    List(&'static Kind),
    /// `task_id`, or `[task_id, map_index]`.
    TaskOrMapped,
    /// An asset's `{name, uri, type}`.
    Profile,
    /// `{id, name}`.
    User,
}

pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub nullable: bool,
}

/// Required and never null.
const fn must(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        nullable: false,
    }
}

/// Required, may be null.
const fn must_null(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        nullable: true,
    }
}

/// May be absent, never null.
const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: false,
    }
}

/// May be absent or null.
const fn may_null(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: true,
    }
}

use Kind::{
    Bool, Duration, Integer, Json, List, Number, One, Profile, TaskOrMapped, Text, Time, User, Uuid,
};

const TEXTS: Kind = List(&Text);
const TIMES: Kind = List(&Time);
const DAG: Field = must("dag_id", Text);
const RUN: Field = must("run_id", Text);
const KEY: Field = must("key", Text);
const NAME: Field = must("name", Text);
const URI: Field = must("uri", Text);
const TI: Field = must("ti_id", Uuid);
const VALUE: Field = must_null("value", Json);
const MAP_INDEX: Field = may_null("map_index", Integer);
const LABEL: Field = may_null("rendered_map_index", Text);
const END: Field = must("end_date", Time);
const NEXT: Field = must("next_method", Text);
const NEXT_KWARGS: Field = may_null("next_kwargs", Kind::Map);
const STATES: Kind = One(&[
    "removed",
    "scheduled",
    "queued",
    "running",
    "success",
    "restarting",
    "failed",
    "up_for_retry",
    "up_for_reschedule",
    "upstream_failed",
    "skipped",
    "deferred",
    "awaiting_input",
]);

/// The fields of a message, and whether any other makes it undecodable.
pub struct Shape {
    pub fields: Vec<Field>,
    pub strict: bool,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "lets the arms of a match end in it"
)]
fn open<const N: usize>(fields: [Field; N]) -> Option<Shape> {
    Some(Shape {
        fields: fields.into(),
        strict: false,
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "lets the arms of a match end in it"
)]
fn strict<const N: usize>(fields: [Field; N]) -> Option<Shape> {
    Some(Shape {
        fields: fields.into(),
        strict: true,
    })
}

/// The fields of a message type; `None` for one that the supervisor does not know.
pub fn shape(kind: &str) -> Option<Shape> {
    match kind {
        "GetVariable" | "DeleteVariable" => open([KEY]),
        "GetVariableKeys" => open([
            may_null("prefix", Text),
            may("limit", Integer),
            may("offset", Integer),
        ]),
        "PutVariable" => open([
            KEY,
            must_null("value", Text),
            must_null("description", Text),
        ]),
        "GetConnection" => open([must("conn_id", Text)]),
        "MaskSecret" => open([VALUE, may_null("name", Text)]),
        "SetRenderedFields" => open([must("rendered_fields", Kind::Map)]),
        "SetRenderedMapIndex" => open([must("rendered_map_index", Text)]),
        "SkipDownstreamTasks" => strict([must("tasks", List(&TaskOrMapped))]),
        "ResendLoggingFD" => open([]),
        // For a Dag processor.
        "DagFileParsingResult" => open([
            must("fileloc", Text),
            must("serialized_dags", List(&Kind::Map)),
            may_null("import_errors", Kind::Map),
            may_null("warnings", List(&Json)),
        ]),
        _ => xcom_shape(kind)
            .or_else(|| run_shape(kind))
            .or_else(|| asset_shape(kind))
            .or_else(|| human_shape(kind))
            .or_else(|| terminal_shape(kind)),
    }
}

fn xcom_shape(kind: &str) -> Option<Shape> {
    const TASK: Field = must("task_id", Text);
    const PRIOR: Field = may("include_prior_dates", Bool);
    match kind {
        "GetXCom" => open([KEY, DAG, RUN, TASK, MAP_INDEX, PRIOR]),
        "SetXCom" => open([
            KEY,
            DAG,
            RUN,
            TASK,
            VALUE,
            MAP_INDEX,
            may("dag_result", Bool),
            may_null("mapped_length", Integer),
        ]),
        "DeleteXCom" => open([KEY, DAG, RUN, TASK, MAP_INDEX]),
        "GetXComCount" => open([KEY, DAG, RUN, TASK]),
        "GetXComSequenceItem" => open([KEY, DAG, RUN, TASK, must("offset", Integer)]),
        "GetXComSequenceSlice" => open([
            KEY,
            DAG,
            RUN,
            TASK,
            must_null("start", Integer),
            must_null("stop", Integer),
            must_null("step", Integer),
            PRIOR,
        ]),
        _ => None,
    }
}

fn run_shape(kind: &str) -> Option<Shape> {
    const TASKS: Field = may_null("task_ids", TEXTS);
    const GROUP: Field = may_null("task_group_id", Text);
    const DATES: Field = may_null("logical_dates", TIMES);
    const RUNS: Field = may_null("run_ids", TEXTS);
    const ANY_STATES: Field = may_null("states", TEXTS);
    match kind {
        "GetDag" => open([DAG]),
        "GetDagRun" | "GetDagRunState" | "GetTaskBreadcrumbs" => open([DAG, RUN]),
        "GetPreviousDagRun" => open([DAG, must("logical_date", Time), may_null("state", Text)]),
        "GetPrevSuccessfulDagRun" | "ValidateInletsAndOutlets" => open([TI]),
        "GetPreviousTI" => open([
            DAG,
            must("task_id", Text),
            may_null("logical_date", Time),
            may("map_index", Integer),
            may_null("state", STATES),
        ]),
        "GetTICount" => open([DAG, MAP_INDEX, TASKS, GROUP, DATES, RUNS, ANY_STATES]),
        "GetTaskStates" => open([DAG, MAP_INDEX, TASKS, GROUP, DATES, RUNS]),
        "GetDRCount" => open([DAG, DATES, RUNS, ANY_STATES]),
        "GetTaskRescheduleStartDate" => open([TI, may("try_number", Integer)]),
        "TriggerDagRun" => strict([
            DAG,
            RUN,
            may_null("logical_date", Time),
            may_null("run_after", Time),
            may_null("conf", Kind::Map),
            may_null("reset_dag_run", Bool),
            may_null("partition_key", Text),
            may_null("note", Text),
        ]),
        _ => None,
    }
}

fn asset_shape(kind: &str) -> Option<Shape> {
    const AFTER: Field = may_null("after", Time);
    const BEFORE: Field = may_null("before", Time);
    const LIMIT: Field = may_null("limit", Integer);
    const ASCENDING: Field = may("ascending", Bool);
    match kind {
        "GetAssetByName" | "ClearAssetStateStoreByName" => open([NAME]),
        "GetAssetByUri" | "ClearAssetStateStoreByUri" => open([URI]),
        "GetAssetsByAlias" => open([must("alias_name", Text)]),
        "GetAssetEventByAsset" => open([
            must_null("name", Text),
            must_null("uri", Text),
            AFTER,
            BEFORE,
            LIMIT,
            ASCENDING,
        ]),
        "GetAssetEventByAssetAlias" => {
            open([must("alias_name", Text), AFTER, BEFORE, LIMIT, ASCENDING])
        }
        "GetTaskStateStore" | "DeleteTaskStateStore" => open([TI, KEY]),
        "SetTaskStateStore" => open([TI, KEY, VALUE, must_null("expires_at", Time)]),
        "ClearTaskStateStore" => open([TI]),
        "GetAssetStateStoreByName" | "DeleteAssetStateStoreByName" => open([NAME, KEY]),
        "GetAssetStateStoreByUri" | "DeleteAssetStateStoreByUri" => open([URI, KEY]),
        "SetAssetStateStoreByName" => open([NAME, KEY, VALUE]),
        "SetAssetStateStoreByUri" => open([URI, KEY, VALUE]),
        _ => None,
    }
}

fn human_shape(kind: &str) -> Option<Shape> {
    match kind {
        "CreateHITLDetailPayload" => open([
            TI,
            must("options", TEXTS),
            must("subject", Text),
            may_null("body", Text),
            may_null("defaults", TEXTS),
            may_null("multiple", Bool),
            may_null("params", Kind::Map),
            may_null("assigned_users", List(&User)),
        ]),
        "UpdateHITLDetail" => open([
            TI,
            must("chosen_options", TEXTS),
            may_null("params_input", Kind::Map),
        ]),
        "GetHITLDetailResponse" => open([TI]),
        _ => None,
    }
}

fn terminal_shape(kind: &str) -> Option<Shape> {
    match kind {
        "SucceedTask" => strict([
            END,
            may("state", One(&["success"])),
            may_null("task_outlets", List(&Profile)),
            may_null("outlet_events", List(&Kind::Map)),
            LABEL,
        ]),
        "TaskState" => open([
            must("state", One(&["failed", "skipped", "removed"])),
            may_null("end_date", Time),
            LABEL,
        ]),
        "RetryTask" => strict([
            END,
            may("state", One(&["up_for_retry"])),
            LABEL,
            may_null("retry_delay_seconds", Number),
            may_null("retry_reason", Text),
        ]),
        "RescheduleTask" => strict([
            END,
            must("reschedule_date", Time),
            may("state", One(&["up_for_reschedule"])),
        ]),
        "DeferTask" => strict([
            must("classpath", Text),
            NEXT,
            may_null("trigger_kwargs", Kind::Map),
            NEXT_KWARGS,
            may_null("trigger_timeout", Duration),
            may_null("queue", Text),
            may("state", One(&["deferred"])),
            LABEL,
        ]),
        "AwaitInputTask" => strict([
            NEXT,
            NEXT_KWARGS,
            may_null("timeout", Duration),
            may("state", One(&["awaiting_input"])),
            LABEL,
        ]),
        _ => None,
    }
}
