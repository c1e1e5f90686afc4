//! The test supervisor serves a task in a process of its own as it serves one in a thread.

use std::process::Command;
use std::time::Duration;

use airflow_protocol::schema::Schema;
use airflow_protocol::supervisor::{
    Conversation, Limits, Process, Run, StartError, State, TaskStart, World, XComPlace,
};
use airflow_sdk::testing::Supervisor;
use airflow_sdk::{Result, SUPERVISOR_SCHEMA_VERSION, Task};
use serde_json::{Value, json};

/// Multiplies what another task has returned.
pub fn asks(task: &Task) -> Result<f64> {
    let rate: f64 = task.variable("rate")?.parse()?;
    log::info!("the rate is {rate}");
    Ok(rate * task.xcom::<f64>("amount")?)
}

fn serve(
    command: &mut Command,
    world: World,
    limit: Duration,
) -> std::result::Result<Run, StartError> {
    let start = TaskStart::new("process", "asks");
    let schema = Schema::of(SUPERVISOR_SCHEMA_VERSION).unwrap();
    let conversation = Conversation::with_task(schema, world, &start);
    let limits = Limits {
        start: limit,
        run: limit,
    };
    Ok(Process::start(command, limits)?.serve(conversation, |_, _| {})?)
}

fn place(task_id: &str) -> XComPlace {
    XComPlace {
        dag_id: "process".to_owned(),
        run_id: "test_run".to_owned(),
        task_id: task_id.to_owned(),
        key: "return_value".to_owned(),
        map_index: -1,
    }
}

pub fn a_process_is_served_as_a_thread_is() {
    let mut world = World::default();
    world.variables.insert("rate".into(), Some("1.5".into()));
    world.xcoms.insert(place("amount"), json!(10.0));
    let mut command = Command::new(std::env::current_exe().unwrap());
    let run = serve(&mut command, world, Duration::from_secs(30)).unwrap();
    assert_eq!(run.state(), State::Success, "{run:#?}");
    assert_eq!(run.rejections().count(), 0, "{run:#?}");
    assert!(!run.timed_out);
    assert_eq!(run.conversation.world.xcoms[&place("asks")], json!(15.0));
    assert!(
        run.logs
            .records
            .iter()
            .any(|record| record.event() == "the rate is 1.5")
    );

    let report = Supervisor::new()
        .variable("rate", "1.5")
        .xcom("amount", 10.0)
        .run_task(asks);
    report.assert_success();
    let kinds = |messages: &[Value]| -> Vec<Value> {
        messages.iter().map(|body| body["type"].clone()).collect()
    };
    assert_eq!(
        kinds(report.messages()),
        kinds(&run.conversation.messages),
        "{report}"
    );
}

pub fn an_executable_that_does_not_connect_is_an_error() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo wrong >&2; exit 3"]);
    let error = serve(&mut command, World::default(), Duration::from_secs(30)).unwrap_err();
    let StartError::Ended { status, stderr } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((status.code(), &stderr[..]), (Some(3), &b"wrong\n"[..]));
    assert!(error.to_string().contains("ended before"), "{error}");

    let mut shell = Command::new("sh");
    shell.args(["-c", "exec sleep 30"]);
    let error = serve(&mut shell, World::default(), Duration::from_millis(300)).unwrap_err();
    assert!(
        matches!(error, StartError::TimedOut { only: None }),
        "{error:?}"
    );

    let error = serve(
        &mut Command::new("/no/such/program"),
        World::default(),
        Duration::from_secs(30),
    )
    .unwrap_err();
    assert!(std::error::Error::source(&error).is_some(), "{error}");
}

/// A bundle that never ends is killed, and what it has said until then is kept.
pub fn a_task_that_takes_too_long_is_killed() {
    let start = TaskStart::new("process", "waits");
    let schema = Schema::of(SUPERVISOR_SCHEMA_VERSION).unwrap();
    let conversation = Conversation::with_task(schema, World::default(), &start);
    let limits = Limits {
        start: Duration::from_secs(30),
        run: Duration::from_secs(2),
    };
    let mut command = Command::new(std::env::current_exe().unwrap());
    let run = Process::start(&mut command, limits)
        .unwrap()
        .serve(conversation, |_, _| {})
        .unwrap();
    assert!(run.timed_out);
    assert_eq!(run.state(), State::Lost, "{run:#?}");
    assert!(!run.status.success());
}
