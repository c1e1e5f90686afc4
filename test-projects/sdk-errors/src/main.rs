//! Handlers with the error types of other crates, and `?` between them and the SDK's.

use std::borrow::Cow;
use std::fmt;
use std::process::ExitCode;

use airflow_sdk::{BoxError, Bundle, Error, Outcome, Result, Task, bundle};
use error_stack::{Report, ResultExt as _};
use eyre::WrapErr as _;
use miette::{Context as _, IntoDiagnostic as _};
use snafu::{Snafu, Whatever};

/// Fails as a crate's function does, or ends the task if it is told to skip.
fn port(task: &Task) -> std::result::Result<u16, BoxError> {
    match task.conf::<bool>("skip")? {
        Some(true) => Err(Outcome::skip("no port"))?,
        _ => Ok("http".parse::<u16>()?),
    }
}

/// The same, by its own types.
fn skips(task: &Task) -> std::result::Result<u16, Outcome> {
    match port(task) {
        Ok(port) => Ok(port),
        Err(error) => Err(*error
            .downcast::<Outcome>()
            .unwrap_or_else(|error| Box::new(Outcome::retry(error)))),
    }
}

fn through_anyhow(task: &Task) -> anyhow::Result<u16> {
    anyhow::Context::context(skips(task), "reading the port")
}

fn through_eyre(task: &Task) -> eyre::Result<u16> {
    skips(task).wrap_err("reading the port")
}

fn through_miette(task: &Task) -> miette::Result<u16> {
    skips(task).into_diagnostic().wrap_err("reading the port")
}

#[derive(Debug)]
struct Reading;

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reading the port")
    }
}

impl std::error::Error for Reading {}

fn through_error_stack(task: &Task) -> std::result::Result<u16, Report<Reading>> {
    skips(task).change_context(Reading)
}

#[derive(Debug, Snafu)]
enum Load {
    #[snafu(display("reading the port"))]
    Port { source: Outcome },
}

fn through_snafu(task: &Task) -> std::result::Result<u16, Load> {
    snafu::ResultExt::context(skips(task), PortSnafu)
}

#[derive(Debug, thiserror::Error)]
enum Derived {
    #[error("reading the port")]
    Port(#[from] Outcome),
}

fn through_thiserror(task: &Task) -> std::result::Result<u16, Derived> {
    Ok(skips(task)?)
}

fn through_a_box(task: &Task) -> std::result::Result<u16, BoxError> {
    Ok(through_thiserror(task)?)
}

/// Not even `Send`: what tutorials return.
fn through_a_local_box(task: &Task) -> std::result::Result<u16, Box<dyn std::error::Error>> {
    Ok(through_thiserror(task)?)
}

/// `?` into the SDK's own result, for each of them.
mod question_mark {
    use super::*;

    pub fn anyhow(task: &Task) -> Result<u16> {
        Ok(through_anyhow(task)?)
    }
    pub fn eyre(task: &Task) -> Result<u16> {
        Ok(through_eyre(task)?)
    }
    pub fn miette(task: &Task) -> Result<u16> {
        Ok(through_miette(task)?)
    }
    pub fn error_stack(task: &Task) -> Result<u16> {
        Ok(through_error_stack(task)?)
    }
    pub fn snafu(task: &Task) -> Result<u16> {
        Ok(through_snafu(task)?)
    }
    pub fn thiserror(task: &Task) -> Result<u16> {
        Ok(through_thiserror(task)?)
    }
    pub fn a_box(task: &Task) -> Result<u16> {
        Ok(through_a_box(task)?)
    }
    /// `?` takes what can leave its thread; a context takes this, too.
    pub fn a_local_box(task: &Task) -> Result<u16> {
        airflow_sdk::Context::context(through_a_local_box(task), "loading")
    }
    /// Reports without a context of their own are no more than the error in them.
    pub fn bare_eyre(task: &Task) -> Result<u16> {
        Ok(skips(task).map_err(eyre::Report::new)?)
    }
    pub fn bare_anyhow(task: &Task) -> Result<u16> {
        Ok(skips(task).map_err(anyhow::Error::new)?)
    }
    pub fn bare_miette(task: &Task) -> Result<u16> {
        Ok(skips(task).into_diagnostic()?)
    }
    pub fn bare_error_stack(task: &Task) -> Result<u16> {
        Ok(skips(task).map_err(Report::new)?)
    }
    pub async fn in_an_async_fn(task: &Task) -> Result<u16> {
        Ok(through_eyre(task)?)
    }
}

/// Every error that is no more than a text.
mod texts {
    use super::*;

    pub fn text() -> Result<(), &'static str> {
        Err("no rows")
    }
    pub fn string() -> Result<(), String> {
        Err("no rows".to_owned())
    }
    pub fn cow() -> Result<(), Cow<'static, str>> {
        Err(Cow::Borrowed("no rows"))
    }
    pub fn eyre_text() -> eyre::Result<()> {
        eyre::bail!("no rows")
    }
    /// A text that does not live as long as the program.
    pub fn borrowed() -> Result<()> {
        fn check(reason: &str) -> Result<()> {
            Err(reason)?
        }
        check(&"no rows".to_owned())
    }
    /// snafu's `Whatever` cannot leave its thread: a box of it can be returned.
    pub fn whatever() -> Result<(), Box<dyn std::error::Error>> {
        fn rows() -> std::result::Result<(), Whatever> {
            snafu::whatever!("no rows")
        }
        Ok(rows()?)
    }
}

/// anyhow's names beside the SDK's.
mod beside_anyhow {
    use airflow_sdk::*;
    use anyhow::{Context, Result};

    // A name that is imported as such goes before the names of all.
    pub fn globs() -> Result<u16> {
        "http".parse::<u16>().context("reading the port")
    }
    pub fn anyhows_context_in_the_sdks_result() -> airflow_sdk::Result<u16> {
        ensure!(1 + 1 == 2, "no port");
        Ok("http".parse::<u16>().context("reading the port")?)
    }
}

/// anyhow's functions call the SDK's.
#[cfg(feature = "anyhow")]
fn into_anyhow(task: &Task) -> anyhow::Result<u16> {
    use anyhow::Context as _;

    fn helper(task: &Task) -> Result<u16> {
        Ok(skips(task)?)
    }
    let port = helper(task)
        .map_err(anyhow::Error::from)
        .context("reading the port")?;
    Ok(port + helper(task)?)
}

/// Others' functions call the SDK's by way of a box.
fn into_a_box(task: &Task) -> std::result::Result<u16, BoxError> {
    let port = question_mark::thiserror(task).map_err(Error::into_boxed)?;
    Ok(port)
}

/// Where the backtrace of an error begins.
fn makes_an_error() -> anyhow::Error {
    anyhow::anyhow!("from below")
}

#[cfg(feature = "anyhow")]
mod traced {
    use super::*;

    pub fn question_mark() -> Result<()> {
        Err(makes_an_error())?
    }
    pub fn returned() -> anyhow::Result<()> {
        Err(makes_an_error())
    }
    pub fn for_good() -> Result<()> {
        Err(Outcome::fail(makes_an_error()))?
    }
    pub fn there_and_back() -> anyhow::Result<()> {
        let sdk = question_mark().map_err(|error| error.context("reading the port"));
        sdk.map_err(anyhow::Error::from)
    }
}

#[cfg(not(feature = "anyhow"))]
mod traced {
    use super::*;

    pub fn question_mark() -> Result<()> {
        Err(makes_an_error())?
    }
}

fn all() -> Bundle {
    bundle! {
        "reports" => {
            through_anyhow, through_eyre, through_miette, through_snafu, through_thiserror, through_a_box,
            through_a_local_box, question_mark::anyhow, question_mark::eyre, question_mark::miette,
            question_mark::snafu, question_mark::thiserror, question_mark::a_box, question_mark::a_local_box, into_a_box,
            #[cfg(feature = "anyhow")]
            into_anyhow,
            question_mark::in_an_async_fn,
        },
        "bare" => {
            question_mark::bare_anyhow, question_mark::bare_eyre, question_mark::bare_miette,
            skips, port,
        },
        "error_stack" => { through_error_stack, question_mark::error_stack, question_mark::bare_error_stack },
        "texts" => {
            texts::text, texts::string, texts::cow, texts::eyre_text, texts::borrowed, texts::whatever,
        },
        "beside" => { beside_anyhow::globs, beside_anyhow::anyhows_context_in_the_sdks_result },
        "traced" => {
            traced::question_mark,
            #[cfg(feature = "anyhow")]
            traced::returned,
            #[cfg(feature = "anyhow")]
            traced::for_good,
            #[cfg(feature = "anyhow")]
            traced::there_and_back,
        },
    }
}

fn main() -> ExitCode {
    all().serve()
}

#[cfg(test)]
mod tests {
    use airflow_sdk::Value;
    use airflow_sdk::testing::{Report, State, Supervisor};

    fn run(dag: &str, task: &str, skip: bool) -> Report {
        Supervisor::new()
            .retries(1)
            .conf("skip", skip)
            .run(&super::all(), dag, task)
    }

    fn detail(report: &Report) -> Value {
        let records = report.logs();
        let record = records
            .iter()
            .find(|record| record.event().starts_with("Task failed"));
        record
            .expect("a record of the failure")
            .field("error_detail")
            .expect("the errors")
            .clone()
    }

    #[test]
    fn each_report_is_told_with_its_sources() {
        for dag in ["reports", "bare"] {
            for task in super::all().task_ids(dag) {
                let report = run(dag, task, false);
                assert_eq!(report.state(), State::UpForRetry, "{task}: {report}");
                let reason = report.terminal().expect("an outcome")["retry_reason"].clone();
                let reason = reason.as_str().expect("a text");
                assert!(
                    reason.contains("invalid digit found in string"),
                    "{task}: {reason}"
                );
                assert_eq!(
                    reason.contains("reading the port: "),
                    dag == "reports",
                    "{task}: {reason}"
                );
                assert!(!reason.contains("has chosen"), "{task}: {reason}");
                let detail = detail(&report);
                let kind = detail[0]["exc_type"].as_str().expect("a name");
                assert!(kind.starts_with(char::is_uppercase), "{task}: {kind}");
                assert!(report.rejections().is_empty(), "{task}: {report}");
            }
        }
    }

    #[test]
    fn an_outcome_counts_below_each_of_them() {
        for dag in ["reports", "bare"] {
            for task in super::all().task_ids(dag) {
                let report = run(dag, task, true);
                assert_eq!(report.state(), State::Skipped, "{task}: {report}");
                assert!(
                    report.has_log("the task skips itself: no port"),
                    "{task}: {report}"
                );
            }
        }
    }

    /// error-stack's report names no source once it is boxed: what is below its outermost sentence is out of sight, an outcome too.
    #[test]
    fn of_error_stack_the_outermost_sentence_is_told() {
        for task in super::all().task_ids("error_stack") {
            let report = run("error_stack", task, false);
            let bare = task.starts_with("bare");
            let told = if bare {
                "invalid digit found in string"
            } else {
                "reading the port"
            };
            assert_eq!(report.state(), State::UpForRetry, "{task}: {report}");
            assert_eq!(
                report.terminal().expect("an outcome")["retry_reason"],
                told,
                "{task}"
            );
            assert_eq!(
                run("error_stack", task, true).state(),
                State::UpForRetry,
                "{task}"
            );
        }
    }

    #[test]
    fn texts_are_errors() {
        for task in super::all().task_ids("texts") {
            let report = run("texts", task, false);
            assert_eq!(report.state(), State::UpForRetry, "{task}: {report}");
            assert_eq!(
                report.terminal().expect("an outcome")["retry_reason"],
                "no rows",
                "{task}"
            );
        }
    }

    #[test]
    fn names_of_anyhow_may_stand_beside_those_of_the_sdk() {
        for task in super::all().task_ids("beside") {
            let report = run("beside", task, false);
            assert!(
                report.has_log("reading the port: invalid digit"),
                "{task}: {report}"
            );
        }
    }

    /// `RUST_BACKTRACE=1 cargo test`: the frames go down to where anyhow's error was made, if the SDK knows anyhow.
    #[test]
    fn the_backtrace_of_anyhow_is_kept() {
        assert_eq!(
            std::env::var("RUST_BACKTRACE").as_deref(),
            Ok("1"),
            "for this test"
        );
        for task in super::all().task_ids("traced") {
            let detail = detail(&run("traced", task, false));
            let frames = detail[0]["frames"].as_array().expect("frames");
            let made = frames.iter().any(|frame| {
                frame["name"]
                    .as_str()
                    .is_some_and(|name| name.ends_with("makes_an_error"))
            });
            assert_eq!(made, cfg!(feature = "anyhow"), "{task}: {frames:#?}");
            // Frames of the SDK and of anyhow tell nothing.
            assert!(
                frames
                    .iter()
                    .all(|frame| !frame["name"].to_string().contains("airflow_sdk::")),
                "{task}: {frames:#?}"
            );
            assert!(
                frames
                    .iter()
                    .all(|frame| !frame["name"].to_string().contains("anyhow::")),
                "{task}: {frames:#?}"
            );
        }
    }
}
