//! Which functions can be registered.

use std::fmt;

use airflow_sdk::testing::{State, Supervisor};
use airflow_sdk::{BoxError, Error, Output, Result, Task, bundle};

#[derive(Debug)]
struct Own;

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("my own error")
    }
}

impl std::error::Error for Own {}

fn plain() {}
fn with_task(_: &Task) {}
fn result() -> Result<i32> {
    Ok(1)
}
fn parsing(_: &Task) -> Result<i32> {
    Ok("2".parse()?)
}
fn own_error() -> std::result::Result<(), Own> {
    Err(Own)
}
fn boxed(_: &Task) -> Result<String, BoxError> {
    Err("boxed".into())
}
fn text() -> std::result::Result<i32, String> {
    Err("text".to_owned())
}
fn static_text() -> std::result::Result<i32, &'static str> {
    Err("static text")
}
fn option() -> Result<Option<i32>> {
    Ok(None)
}
fn output() -> Result<Output<Vec<i32>>> {
    Ok(Output::new(vec![1, 2]).mapped())
}

#[test]
fn ordinary_functions_are_handlers() {
    let amount = 3;
    let bundle = bundle! { "d" => {
        plain, with_task, result, parsing, own_error, boxed, text, static_text, option, output,
        "closure" => || {},
        "capturing" => move |_: &Task| -> Result<i32> { Ok(amount) },
    } };
    let run = |task| Supervisor::new().run(&bundle, "d", task);
    for (task, value) in [("result", 1), ("parsing", 2), ("capturing", 3)] {
        assert_eq!(run(task).return_value(), Some(value));
    }
    for task in ["plain", "with_task", "option", "closure"] {
        let report = run(task);
        report.assert_success();
        assert_eq!(
            report.messages_of("SetXCom").count(),
            0,
            "null is not pushed: {report}"
        );
    }
    for (task, message) in [
        ("own_error", "my own error"),
        ("boxed", "boxed"),
        ("text", "text"),
        ("static_text", "static"),
    ] {
        let report = run(task);
        assert_eq!(report.state(), State::Failed);
        assert!(report.has_log(message), "{report}");
    }
    let report = run("output");
    assert_eq!(
        report.messages_of("SetXCom").next().unwrap()["mapped_length"],
        2
    );
}

#[test]
fn an_unserializable_value_is_a_failure_with_a_reason() {
    let report = Supervisor::new().run_task(|| -> Result<f64> { Ok(f64::NAN) });
    assert_eq!(report.state(), State::Failed);
    assert!(report.has_log("NaN is not a JSON number"), "{report}");
    assert_eq!(report.rejections().len(), 0);
    let report = Supervisor::new().run_task(|| -> Result<u128> { Ok(u128::MAX) });
    assert!(report.has_log("more than 64 bits"), "{report}");
    let reports = [
        Supervisor::new().run_task(|| -> Result<_> { Ok(Output::new(1).mapped()) }),
        Supervisor::new().run_task(|| -> Result<_> { Ok(Output::new(()).mapped()) }),
    ];
    for report in reports {
        assert_eq!(report.state(), State::Failed, "{report}");
        let words = "can't be mapped over: it is no list and no map";
        assert!(report.has_log(words), "{report}");
    }
}

#[cfg(feature = "anyhow")]
mod with_anyhow {
    use airflow_sdk::Outcome;
    use airflow_sdk::testing::{State, Supervisor};
    use anyhow::Context;

    #[test]
    fn anyhow_errors_keep_their_chain() {
        let report = Supervisor::new()
            .retries(1)
            .run_task(|| -> anyhow::Result<i32> { "x".parse().context("the port") });
        assert_eq!(report.state(), State::UpForRetry);
        let reason = report.terminal().unwrap()["retry_reason"].clone();
        assert_eq!(reason, "the port: invalid digit found in string");
    }

    #[test]
    fn an_outcome_is_found_below_a_context() {
        let report = Supervisor::new().run_task(|| -> anyhow::Result<()> {
            Err(anyhow::Error::new(Outcome::skip("no")).context("why"))
        });
        assert_eq!(report.state(), State::Skipped, "{report}");
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use airflow_sdk::testing::Supervisor;
    use airflow_sdk::{Result, Task, bundle};

    async fn plain() {}
    async fn value(task: &Task) -> Result<String> {
        tokio::task::yield_now().await;
        let inner = tokio::spawn(async { 40 }).await?;
        log::info!("on the runtime");
        let two: i32 = task.blocking(|task| task.variable("two")).await??.parse()?;
        Ok(format!("{}", inner + two))
    }

    #[test]
    fn async_functions_are_handlers() {
        let bundle = bundle! { "d" => { plain, value } };
        Supervisor::new()
            .run(&bundle, "d", "plain")
            .assert_success();
        let report = Supervisor::new()
            .variable("two", "2")
            .run(&bundle, "d", "value");
        assert_eq!(report.return_value::<String>().unwrap(), "42");
        assert!(report.has_log("on the runtime"));
    }

    #[test]
    fn a_future_can_wait_for_its_cancellation() {
        async fn waits(task: &Task) -> Result<()> {
            task.cancellation().cancelled().await;
            log::info!("tidied up");
            Ok(())
        }
        let report = Supervisor::new()
            .stop_after(std::time::Duration::from_millis(50))
            .run_task(waits);
        assert!(report.has_log("tidied up"), "{report}");
    }
}

#[test]
fn errors_convert_with_the_question_mark() {
    fn all(task: &Task) -> Result<()> {
        task.find_variable("none")?;
        std::str::from_utf8(b"x")?;
        let boxed: std::result::Result<(), BoxError> = Ok(());
        boxed.map_err(Error::from_boxed)?;
        task.cancellation().check()?;
        Ok(())
    }
    Supervisor::new().run_task(all).assert_success();
}
