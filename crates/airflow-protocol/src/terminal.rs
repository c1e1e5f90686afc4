//! How a task can end: the messages of which each task sends exactly one, as its last.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Release;
use crate::message::{message, now, seconds};
use crate::timestamp;

/// How many characters of a reason the server keeps.
const REASON_ROOM: usize = 500;

/// The end of a task.
///
/// Source of the messages: `schema.json` of the task SDK 1.3.2, and what `airflow/api_fastapi/execution_api` of Airflow 3.3.2 answers
/// to each.
#[derive(Clone, Debug, PartialEq)]
pub enum Terminal {
    /// The task has succeeded.
    Succeed {
        /// The assets that the task has produced.
        outlets: Vec<Value>,
        /// What the task attaches to their events.
        events: Vec<Value>,
    },
    /// The task has reached this state, and is not tried again.
    State {
        /// The state.
        state: FinalState,
        /// Why; Airflow keeps 500 characters since 3.4, and has no place for it before.
        reason: Option<String>,
    },
    /// The try has failed, and the task is tried again.
    Retry {
        /// Why; the server keeps 500 characters.
        reason: String,
        /// The time before the next try, instead of the task's `retry_delay`.
        delay: Option<Duration>,
    },
    /// The same try starts anew at this time.
    Reschedule(Timestamp),
    /// The task waits for a trigger.
    Defer(Box<Deferral>),
    /// The task waits for the answer of a person, who was asked before.
    AwaitInput(Box<InputWait>),
}

/// The begin of a reason, as long as the server keeps.
fn cut(reason: &str) -> String {
    reason.chars().take(REASON_ROOM).collect()
}

/// What a message that ends a task says beside the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The label of a mapped task instance. Where the message takes a label and has none, the server forgets the label that
    /// `SetRenderedMapIndex` has set.
    pub label: Option<&'a str>,
    /// What the gate of a loop has decided; since 3.4.
    pub loop_decision: Option<&'a LoopDecision>,
}

/// What the gate of a loop has decided.
///
/// Source: `LoopDecisionPayload` in `airflow/sdk/api/datamodels/_generated.py` of `apache-airflow-task-sdk` 1.4.0b2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopDecision {
    /// Whether the loop ends with this pass.
    pub stop: bool,
    /// Why.
    pub reason: Option<String>,
}

/// A state that [`Terminal::State`] can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalState {
    /// The task has failed.
    Failed,
    /// The task has skipped itself.
    Skipped,
}

impl FinalState {
    /// The state as messages carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What `DeferTask` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Deferral {
    /// The import path of the trigger's Python class.
    pub classpath: String,
    /// The name by which the resumed task knows where to go on.
    pub next_method: String,
    /// The trigger's keyword arguments.
    pub trigger_kwargs: Map<String, Value>,
    /// What the resumed task is given.
    pub next_kwargs: Map<String, Value>,
    /// How long to wait for the trigger.
    pub timeout: Option<Duration>,
    /// The triggerer's queue.
    pub queue: Option<String>,
}

/// What `AwaitInputTask` says.
#[derive(Clone, Debug, PartialEq)]
pub struct InputWait {
    /// The name by which the resumed task knows where to go on.
    pub next_method: String,
    /// What the resumed task is given.
    pub next_kwargs: Map<String, Value>,
    /// How long to wait for the answer.
    pub timeout: Option<Duration>,
}

impl Terminal {
    /// The end of a task that has failed: another try if the task has tries left, else failed.
    pub fn retry_or_failed(tries_left: bool, reason: &str, delay: Option<Duration>) -> Self {
        if tries_left {
            Self::Retry {
                reason: cut(reason),
                delay,
            }
        } else {
            Self::failed(reason)
        }
    }

    /// The end of a task that has failed for good.
    pub fn failed(reason: &str) -> Self {
        Self::State {
            state: FinalState::Failed,
            reason: Some(cut(reason)),
        }
    }

    /// The end of a task that has skipped itself.
    pub const fn skipped() -> Self {
        Self::State {
            state: FinalState::Skipped,
            reason: None,
        }
    }

    /// Which message reports the end.
    pub const fn kind(&self) -> TerminalKind {
        match self {
            Self::Succeed { .. } => TerminalKind::Succeed,
            Self::State { .. } => TerminalKind::State,
            Self::Retry { .. } => TerminalKind::Retry,
            Self::Reschedule(_) => TerminalKind::Reschedule,
            Self::Defer(_) => TerminalKind::Defer,
            Self::AwaitInput(_) => TerminalKind::AwaitInput,
        }
    }

    /// The message that reports the end now, to a supervisor of this release.
    pub fn message(self, release: Release, beside: Beside<'_>) -> Value {
        let ended = Some(now());
        let kind = self.kind();
        let label = beside.label.filter(|_| kind.takes_label());
        let label = ("rendered_map_index", label.map(Value::from));
        let new = release.takes_2026_10_30();
        let decision = beside
            .loop_decision
            .filter(|_| new)
            .map(|decision| json!({"stop": decision.stop, "reason": decision.reason}));
        let decision = ("loop_decision", decision);
        let kind = kind.name();
        match self {
            Self::Succeed { outlets, events } => message(
                kind,
                &[
                    ("end_date", ended),
                    ("task_outlets", Some(outlets.into())),
                    ("outlet_events", Some(events.into())),
                    label,
                    decision,
                ],
            ),
            Self::State { state, reason } => message(
                kind,
                &[
                    ("state", Some(state.as_str().into())),
                    ("end_date", ended),
                    ("retry_reason", reason.filter(|_| new).map(Value::from)),
                    label,
                    decision,
                ],
            ),
            Self::Retry { reason, delay } => message(
                kind,
                &[
                    ("end_date", ended),
                    ("retry_reason", Some(reason.into())),
                    ("retry_delay_seconds", delay.map(seconds)),
                    label,
                ],
            ),
            Self::Reschedule(at) => message(
                kind,
                &[
                    ("reschedule_date", Some(timestamp::text(at).into())),
                    ("end_date", ended),
                    label,
                ],
            ),
            Self::Defer(defer) => message(
                kind,
                &[
                    ("classpath", Some(defer.classpath.into())),
                    ("next_method", Some(defer.next_method.into())),
                    ("trigger_kwargs", Some(defer.trigger_kwargs.into())),
                    ("next_kwargs", Some(defer.next_kwargs.into())),
                    ("trigger_timeout", defer.timeout.map(seconds)),
                    ("queue", defer.queue.map(Value::from)),
                    label,
                ],
            ),
            Self::AwaitInput(wait) => message(
                kind,
                &[
                    ("next_method", Some(wait.next_method.into())),
                    ("next_kwargs", Some(wait.next_kwargs.into())),
                    ("timeout", wait.timeout.map(seconds)),
                    label,
                ],
            ),
        }
    }
}

/// The messages that report the end of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalKind {
    /// [`Terminal::Succeed`].
    Succeed,
    /// [`Terminal::State`].
    State,
    /// [`Terminal::Retry`].
    Retry,
    /// [`Terminal::Reschedule`].
    Reschedule,
    /// [`Terminal::Defer`].
    Defer,
    /// [`Terminal::AwaitInput`].
    AwaitInput,
}

impl TerminalKind {
    /// All of these messages.
    pub const ALL: [Self; 6] = [
        Self::Succeed,
        Self::State,
        Self::Retry,
        Self::Reschedule,
        Self::Defer,
        Self::AwaitInput,
    ];

    /// The message's type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeed => "SucceedTask",
            Self::State => "TaskState",
            Self::Retry => "RetryTask",
            Self::Reschedule => "RescheduleTask",
            Self::Defer => "DeferTask",
            Self::AwaitInput => "AwaitInputTask",
        }
    }

    /// The message of this type; `None` for a type that ends no task.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The fields that may be absent by the schema, and without which Airflow's API answers 422.
    pub const fn containers(self) -> &'static [&'static str] {
        match self {
            Self::Succeed => &["task_outlets", "outlet_events"],
            Self::Defer => &["trigger_kwargs", "next_kwargs"],
            Self::AwaitInput => &["next_kwargs"],
            Self::State | Self::Retry | Self::Reschedule => &[],
        }
    }

    /// Whether the message takes the label of a mapped task instance.
    const fn takes_label(self) -> bool {
        !matches!(self, Self::Reschedule)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::Map;

    use super::{Beside, Deferral, InputWait, LoopDecision, Terminal, TerminalKind};
    use crate::Release;
    use crate::schema::{Receiver, Schema};

    fn each() -> [Terminal; 6] {
        [
            Terminal::Succeed {
                outlets: Vec::new(),
                events: Vec::new(),
            },
            Terminal::failed("why"),
            Terminal::retry_or_failed(true, "no", Some(Duration::from_secs(3))),
            Terminal::Reschedule(Timestamp::UNIX_EPOCH),
            Terminal::Defer(Box::new(Deferral {
                classpath: "a.B".into(),
                next_method: "woken".into(),
                trigger_kwargs: Map::new(),
                next_kwargs: Map::new(),
                timeout: Some(Duration::from_secs(3)),
                queue: None,
            })),
            Terminal::AwaitInput(Box::new(InputWait {
                next_method: "resumed".into(),
                next_kwargs: Map::new(),
                timeout: None,
            })),
        ]
    }

    #[test]
    fn the_supervisor_takes_each_message() {
        let decision = LoopDecision {
            stop: true,
            reason: None,
        };
        for release in Release::ALL {
            let schema = Schema::of(release.schema_versions[0]).unwrap();
            for (terminal, kind) in each().into_iter().zip(TerminalKind::ALL) {
                assert_eq!(terminal.kind(), kind);
                assert_eq!(TerminalKind::of(kind.name()), Some(kind));
                for label in [None, Some("third")] {
                    let beside = Beside {
                        label,
                        loop_decision: Some(&decision),
                    };
                    let body = terminal.clone().message(release, beside);
                    assert_eq!(schema.check(Receiver::ToSupervisor, &body), Ok(()));
                    assert_eq!(body["type"], kind.name());
                    let labelled = !body["rendered_map_index"].is_null();
                    assert_eq!(
                        labelled,
                        label.is_some() && kind != TerminalKind::Reschedule
                    );
                    for key in kind.containers() {
                        assert!(!body[*key].is_null(), "{body}: {key}");
                    }
                    // 3.3 has no such fields: it drops the one, and never answers a message with the other.
                    let new = release == Release::AIRFLOW_3_4;
                    let ends = matches!(kind, TerminalKind::Succeed | TerminalKind::State);
                    assert_eq!(body.get("loop_decision").is_some(), new && ends, "{body}");
                    if kind == TerminalKind::State {
                        assert_eq!(body.get("retry_reason").is_some(), new, "{body}");
                    }
                }
            }
        }
        assert_eq!(TerminalKind::of("SetXCom"), None);
    }

    #[test]
    fn a_failed_task_is_retried_while_it_has_tries_left() {
        let reason = "ü".repeat(600);
        for (tries_left, kind) in [(true, "RetryTask"), (false, "TaskState")] {
            let end = Terminal::retry_or_failed(tries_left, &reason, None);
            let body = end.message(Release::AIRFLOW_3_4, Beside::default());
            assert_eq!(body["type"], kind);
            assert_eq!(body["retry_reason"], "ü".repeat(500));
        }
    }
}
