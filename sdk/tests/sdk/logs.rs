//! The task's log.

use airflow_sdk::Result;
use airflow_sdk::testing::Supervisor;
use serde_json::json;

#[test]
fn records_have_levels_places_and_fields() {
    fn logs() {
        log::error!("e");
        log::warn!("w");
        log::info!(rows = 3, ok = true, name = "x", share = 0.5; "read {} rows", 3);
        log::debug!("d");
        log::trace!("t");
    }
    let report = Supervisor::new().logging("NOTSET", "").run_task(logs);
    report.assert_success();
    let levels: Vec<&str> = report
        .logs()
        .iter()
        .map(airflow_sdk::testing::LogRecord::level)
        .collect();
    assert_eq!(levels, ["error", "warning", "info", "debug", "debug"]);
    let record = &report.logs()[2];
    assert_eq!(record.event(), "read 3 rows");
    assert_eq!(record.field("rows").unwrap(), 3);
    assert_eq!(record.field("ok").unwrap(), true);
    assert_eq!(record.field("name").unwrap(), "x");
    assert_eq!(record.field("share").unwrap(), 0.5);
    assert!(
        record
            .field("filename")
            .unwrap()
            .as_str()
            .unwrap()
            .ends_with("logs.rs")
    );
    assert!(record.field("lineno").unwrap().is_number());
    assert_eq!(record.logger(), module_path!().replace("::", "."));
}

#[test]
fn poisonous_keys_are_renamed() {
    fn logs() {
        log::info!(target = "t", msg = "m", self = "s", method_name = "n", positional_args = "p", level = "l",
            timestamp = "now", event = "e", exc_info = 1; "hello");
    }
    let report = Supervisor::new().run_task(logs);
    report.assert_success();
    let record = &report.logs()[0];
    assert_eq!(record.event(), "hello");
    for key in [
        "target",
        "msg",
        "self",
        "method_name",
        "positional_args",
        "level",
        "timestamp",
        "event",
    ] {
        assert!(record.field(&format!("{key}_")).is_some(), "{key}");
    }
}

#[test]
fn airflows_levels_are_obeyed() {
    fn logs() {
        log::info!("quiet");
        log::warn!("loud");
        log::debug!(target: "db::pool", "wanted");
        log::error!(target: "noise", "unwanted");
    }
    let report = Supervisor::new()
        .logging("WARNING", "db=DEBUG noise=CRITICAL")
        .run_task(logs);
    let events: Vec<&str> = report
        .logs()
        .iter()
        .map(airflow_sdk::testing::LogRecord::event)
        .collect();
    assert_eq!(events, ["loud", "wanted"]);
}

#[test]
fn heavy_logging_beside_a_large_reply_blocks_nobody() {
    fn logs(task: &airflow_sdk::Task) -> Result<usize> {
        let other = task.clone();
        let reader =
            std::thread::spawn(move || other.xcom::<String>("large").map(|text| text.len()));
        for n in 0..3000 {
            log::info!(n = n; "{}", "x".repeat(10_000));
        }
        Ok(reader.join().unwrap()?)
    }
    let report = Supervisor::new()
        .xcom("large", "y".repeat(20_000_000))
        .run_task(logs);
    report.assert_success();
    assert_eq!(report.return_value(), Some(20_000_000));
    let order: Vec<u64> = report
        .logs()
        .iter()
        .map(|record| record.field("n").unwrap().as_u64().unwrap())
        .collect();
    assert!(order.is_sorted() && order.len() == 3000);
}

#[cfg(feature = "tracing")]
#[test]
fn tracing_events_have_the_fields_of_their_spans() {
    fn logs() {
        let span = tracing::info_span!("load", table = "orders", rows = tracing::field::Empty);
        let _guard = span.enter();
        span.record("rows", 3);
        let error = "x".parse::<i32>().unwrap_err();
        tracing::warn!(target: "db::pool", target = "poison", error = &error as &dyn std::error::Error, "failed {}", 1);
    }
    let report = Supervisor::new().run_task(logs);
    report.assert_success();
    let record = &report.logs()[0];
    assert_eq!(
        (record.event(), record.level(), record.logger()),
        ("failed 1", "warning", "db.pool")
    );
    assert_eq!(record.field("table").unwrap(), "orders");
    assert_eq!(record.field("rows").unwrap(), 3);
    assert_eq!(record.field("target_").unwrap(), "poison");
    assert_eq!(
        record.field("error_detail").unwrap()[0]["exc_type"],
        "ParseIntError"
    );
}

#[test]
fn what_json_has_no_number_for_is_told_in_words() {
    let report = Supervisor::new().run_task(|| log::info!(share = f64::NAN; "odd"));
    report.assert_success();
    assert_eq!(report.logs()[0].field("share").unwrap(), &json!("NaN"));
}

/// So an empty log means that nothing has run.
#[test]
fn a_task_that_says_nothing_leaves_one_record() {
    let said = |report: &airflow_sdk::testing::Report| -> Vec<String> {
        let events = report.logs().iter().map(|record| record.event().to_owned());
        events.collect()
    };
    let report = Supervisor::new().run_task(|| {});
    let [text] = &said(&report)[..] else {
        panic!("{report}");
    };
    let time = text
        .strip_prefix("the task \"test_task\" has run for ")
        .and_then(|rest| rest.strip_suffix(" ms, and logged nothing"));
    assert!(time.unwrap().parse::<u64>().is_ok(), "{text}");
    assert_eq!(report.logs()[0].level(), "info");
    assert_eq!(report.logs()[0].logger(), "airflow_sdk");
    // What is filtered is not said.
    let report = Supervisor::new()
        .logging("INFO", "")
        .run_task(|| log::debug!("hidden"));
    assert!(said(&report)[0].contains("logged nothing"), "{report}");
    // One that says something itself gets no more.
    let report = Supervisor::new().run_task(|| log::info!("here"));
    assert_eq!(said(&report), ["here"]);
    let report = Supervisor::new()
        .run_task(|| -> Result<()> { Err(airflow_sdk::Outcome::skip("no orders").into()) });
    assert_eq!(said(&report), ["the task skips itself: no orders"]);
    // Where Airflow is told to keep info records out, this is one.
    let report = Supervisor::new().logging("WARNING", "").run_task(|| {});
    assert!(report.logs().is_empty(), "{report}");
}
