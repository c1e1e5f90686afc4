//! What came with Airflow 3.4, under 3.4 and under 3.3.

use std::time::{Duration, Instant};

use airflow_sdk::testing::{Release, Report, State, Supervisor};
use airflow_sdk::{
    Bundle, ClientError, ClientErrorKind, Error, Outcome, Result, Task, Value, json,
};

const NEW: Release = Release::AIRFLOW_3_4;

fn on(release: Release) -> Supervisor {
    Supervisor::new().airflow(release)
}

#[test]
fn a_final_failure_has_its_reason() {
    let run = |release, end: u8| -> Report {
        let supervisor = on(release).retries(u32::from(end == 1));
        supervisor.run_task(move |_: &Task| -> Result<()> {
            match end {
                0 => Err(Error::msg("no such order").context("loading")),
                1 => Err(Outcome::fail("never again"))?,
                2 => panic!("overrun"),
                _ => Err(Error::msg("ü".repeat(600))),
            }
        })
    };
    let long = "ü".repeat(500);
    for (end, reason) in [
        (0, "loading: no such order"),
        (1, "never again"),
        (2, "the task panicked: overrun"),
        (3, &long),
    ] {
        let report = run(NEW, end);
        assert_eq!(report.state(), State::Failed, "{report}");
        let terminal = report.terminal().unwrap();
        assert_eq!(terminal["type"], "TaskState");
        assert_eq!(terminal["retry_reason"], reason);
        assert!(report.rejections().is_empty(), "{report}");
        let report = run(Release::AIRFLOW_3_3, end);
        assert_eq!(report.terminal().unwrap().get("retry_reason"), None);
        assert!(report.rejections().is_empty(), "{report}");
    }
    let bundle = Bundle::new().register("d", "t", || {});
    let report = on(NEW).run(&bundle, "d", "other");
    let reason = report.terminal().unwrap()["retry_reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("does not serve the task"),
        "{reason}"
    );
    let report = on(NEW).run_task(|| -> Result<()> { Err(Outcome::skip("no rows"))? });
    assert_eq!(report.terminal().unwrap().get("retry_reason"), None);
}

/// Each call of 3.4, with what it sends.
type Call = fn(&Task) -> std::result::Result<(), ClientError>;

const CALLS: [(&str, Call); 11] = [
    ("UpdateDagRunNote", |task| {
        task.update_dag_run_note(Some("n"))
    }),
    ("UpdateDagRunNote", |task| task.update_dag_run_note(None)),
    ("SucceedTask", |task| task.decide_loop(true, Some("enough"))),
    ("GetXCom", |task| {
        let xcom = task.xcom_of("t").map_index(0).previous_iteration();
        xcom.find::<Value>().map(drop)
    }),
    ("GetXComCount", |task| {
        task.xcom_of("t").previous_iteration().count().map(drop)
    }),
    ("GetXComSequenceItem", |task| {
        let xcom = task.xcom_of("t").previous_iteration();
        xcom.find_item::<Value>(0).map(drop)
    }),
    ("GetXComSequenceSlice", |task| {
        let xcom = task.xcom_of("t").previous_iteration();
        xcom.all::<Value>().map(drop)
    }),
    ("GetAssetEventByAsset", |task| {
        task.asset_events("a").partition_key("eu").fetch().map(drop)
    }),
    ("GetAssetEventByAsset", |task| {
        let events = task.asset_events_by_uri("u");
        events.partition_key_pattern("^eu").fetch().map(drop)
    }),
    ("GetAssetEventByAsset", |task| {
        let events = task.asset_events("a").extra("k", "v").extra("l", "w");
        events.fetch().map(drop)
    }),
    ("GetAssetEventByAssetAlias", |task| {
        let events = task.asset_events_by_alias("a").partition_key("eu");
        events.extra("k", "v").fetch().map(drop)
    }),
];

#[test]
fn what_3_4_knows_is_sent_to_it_alone() {
    let mut sent = Vec::new();
    for (kind, call) in CALLS {
        let report = on(NEW).run_task(move |task: &Task| -> Result<()> { Ok(call(task)?) });
        report.assert_success();
        let mut message = report.messages_of(kind).next().unwrap().clone();
        let own = [
            "type",
            "key",
            "dag_id",
            "run_id",
            "task_id",
            "map_index",
            "name",
            "uri",
            "end_date",
        ];
        for key in own {
            message.as_object_mut().unwrap().remove(key);
        }
        sent.push(message);

        let report = on(Release::AIRFLOW_3_3).run_task(move |task: &Task| {
            let error = call(task).unwrap_err();
            assert_eq!(error.kind(), ClientErrorKind::Unsupported, "{error}");
            let text = error.to_string();
            assert!(text.contains("came with Airflow 3.4"), "{text}");
            assert!(text.contains("the supervisor of Airflow 3.3"), "{text}");
        });
        report.assert_success();
        assert_eq!(report.messages().len(), 1, "{report}");
    }
    let ti = sent[0]["ti_id"].clone();
    let expected = [
        json!({"ti_id": ti, "note": "n"}),
        json!({"ti_id": ti, "note": null}),
        json!({"task_outlets": [], "outlet_events": [], "loop_decision": {"stop": true, "reason": "enough"}}),
        json!({"previous_iteration": true, "include_prior_dates": false}),
        json!({"previous_iteration": true}),
        json!({"previous_iteration": true, "offset": 0}),
        json!({"previous_iteration": true, "start": null, "stop": null, "step": null, "include_prior_dates": false}),
        json!({"ascending": true, "partition_key": "eu"}),
        json!({"ascending": true, "partition_key_regexp_pattern": "^eu"}),
        json!({"ascending": true, "extra": {"k": "v", "l": "w"}}),
        json!({"ascending": true, "alias_name": "a", "partition_key": "eu", "extra": {"k": "v"}}),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn a_loop_is_told_and_decided() {
    fn gate(task: &Task) -> Result<()> {
        let pass = task.loop_context().unwrap();
        assert_eq!((pass.index, pass.max_iterations), (2, 5));
        assert_eq!(
            (pass.node_id.as_str(), pass.terminal_is_mapped),
            ("improve", false)
        );
        assert_eq!(pass.terminal_task_id, "improve.gate");
        let first = task.first_task_reschedule_start_date().unwrap();
        assert_eq!(first.to_string(), "2026-11-01T10:00:00Z");
        let error = task.decide_loop(true, Some(&"x".repeat(513))).unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Value);
        task.decide_loop(false, None)?;
        Err(Error::msg("still wrong"))
    }
    let context = json!({
        "node_id": "improve", "index": 2, "max_iterations": 5, "terminal_task_id": "improve.gate", "terminal_is_mapped": false,
    });
    let report = Supervisor::new()
        .context_3_4("loop", context)
        .context_3_4("first_task_reschedule_start_date", "2026-11-01T10:00:00Z")
        .run_task(gate);
    assert_eq!(report.state(), State::Failed, "{report}");
    assert!(report.has_log("still wrong"), "{report}");
    let decision = report.terminal().unwrap()["loop_decision"].clone();
    assert_eq!(decision, json!({"stop": false, "reason": null}));
    assert!(report.rejections().is_empty(), "{report}");

    for supervisor in [
        on(Release::AIRFLOW_3_3),
        on(NEW),
        Supervisor::new().context_3_4("loop", json!({"node_id": 3})),
    ] {
        let outside = |task: &Task| {
            assert_eq!(task.loop_context(), None);
            assert_eq!(task.first_task_reschedule_start_date(), None);
        };
        supervisor.run_task(outside).assert_success();
    }
}

#[test]
fn an_execution_timeout_stops_the_task_on_both() {
    fn waits(task: &Task) -> Result<()> {
        task.set_execution_timeout(Duration::from_millis(200))?;
        task.cancellation().sleep(Duration::from_mins(1))?;
        Ok(())
    }
    fn ignores(task: &Task) -> Result<()> {
        task.set_execution_timeout(Duration::from_millis(200))?;
        std::thread::sleep(Duration::from_secs(20));
        Ok(())
    }
    for release in Release::ALL {
        for (handler, told) in [
            (
                waits as fn(&Task) -> Result<()>,
                "the task stopped: the task was cancelled",
            ),
            (ignores, "the task did not stop in time"),
        ] {
            let started = Instant::now();
            let report = on(release).retries(1).run_task(handler);
            assert!(started.elapsed() < Duration::from_secs(5), "{report}");
            assert_eq!(report.state(), State::UpForRetry, "{report}");
            let reason = report.terminal().unwrap()["retry_reason"].clone();
            assert_eq!(reason, format!("the execution timeout of 200 ms: {told}"));
            let told = "the execution timeout of 200 ms: the task is told to stop";
            assert!(report.has_log(told), "{report}");
            assert!(report.has_log("Task failed, it is up for retry: the execution timeout"));
            let asked: Vec<&Value> = report.messages_of("SetExecutionTimeout").collect();
            let message = json!({"type": "SetExecutionTimeout", "timeout_seconds": 0.2});
            assert_eq!(
                asked,
                [&message]
                    .into_iter()
                    .filter(|_| release == NEW)
                    .collect::<Vec<_>>()
            );
            assert!(report.rejections().is_empty(), "{report}");
        }
    }
}

#[test]
fn the_last_execution_timeout_counts() {
    fn extends(task: &Task) -> Result<()> {
        task.set_execution_timeout(Duration::from_millis(100))?;
        task.set_execution_timeout(Duration::MAX)?;
        task.cancellation().sleep(Duration::from_millis(300))?;
        let error = task.set_execution_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ClientErrorKind::Value);
        Ok(())
    }
    for release in Release::ALL {
        on(release).run_task(extends).assert_success();
    }
}
