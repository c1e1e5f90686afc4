//! Outcomes below errors of the author's own.

use std::time::Duration;

use airflow_sdk::testing::{Report, State, Supervisor};
use airflow_sdk::{
    BoxError, Context as _, Defer, Error, HumanInput, Outcome, Result, bail, ensure, jiff,
};

/// Each kind of outcome, and the state that it stands for.
const KINDS: [(&str, State); 6] = [
    ("skip", State::Skipped),
    ("fail", State::Failed),
    ("retry", State::UpForRetry),
    ("reschedule", State::UpForReschedule),
    ("defer", State::Deferred),
    ("await", State::AwaitingInput),
];

fn outcome(kind: &str) -> Outcome {
    match kind {
        "skip" => Outcome::skip("no rows"),
        "fail" => Outcome::fail("broken for good"),
        "retry" => Outcome::retry("not yet").after(Duration::from_millis(1500)),
        "reschedule" => Outcome::reschedule(jiff::Timestamp::UNIX_EPOCH),
        "defer" => Outcome::defer(Defer::new("my.Trigger", "woken")),
        _ => Outcome::await_input(HumanInput::new("Ship?", ["Yes"])),
    }
}

#[derive(Debug, thiserror::Error)]
enum Load {
    #[error("loading orders")]
    From(#[from] Outcome),
    #[error("loading orders")]
    Source(#[source] BoxError),
    #[error(transparent)]
    Transparent(Outcome),
}

#[track_caller]
fn check(report: &Report, kind: &str, state: State, wrapped: bool) {
    assert_eq!(report.state(), state, "{kind}: {report}");
    assert!(report.rejections().is_empty(), "{kind}: {report}");
    let terminal = report.terminal().unwrap();
    match kind {
        "skip" => assert!(report.has_log("the task skips itself: no rows"), "{report}"),
        "fail" => assert!(report.has_log("not to be retried"), "{report}"),
        "retry" => assert_eq!(terminal["retry_delay_seconds"], 1.5, "{terminal}"),
        "reschedule" => assert_eq!(terminal["reschedule_date"], "1970-01-01T00:00:00Z"),
        "defer" => assert_eq!(terminal["classpath"], "my.Trigger"),
        _ => assert_eq!(report.messages_of("CreateHITLDetailPayload").count(), 1),
    }
    // What was put in front is told, too.
    assert_eq!(report.has_log("loading orders: "), wrapped, "{report}");
}

/// Runs a handler for each kind, which counts.
#[track_caller]
fn counts(wrapped: bool, run: impl Fn(Supervisor, &'static str) -> Report) {
    for (kind, state) in KINDS {
        check(
            &run(Supervisor::new().retries(1), kind),
            kind,
            state,
            wrapped,
        );
    }
}

#[test]
fn as_it_is() {
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> { Err(outcome(kind))? })
    });
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> std::result::Result<(), Outcome> { Err(outcome(kind)) })
    });
}

#[test]
fn below_the_sdks_context() {
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> {
            Err(Error::new(outcome(kind))
                .context("orders")
                .context("loading orders"))
        })
    });
}

#[test]
fn below_an_error_of_thiserror() {
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> std::result::Result<(), Load> { Err(outcome(kind))? })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> { Err(Load::from(outcome(kind)))? })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> std::result::Result<(), Load> {
            Err(Load::Source(outcome(kind).into()))
        })
    });
}

#[test]
fn in_an_io_error() {
    counts(false, |supervisor, kind| {
        supervisor
            .run_task(move || -> std::io::Result<()> { Err(std::io::Error::other(outcome(kind))) })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> std::result::Result<(), Load> {
            Err(Load::Source(std::io::Error::other(outcome(kind)).into()))
        })
    });
}

#[cfg(feature = "anyhow")]
#[test]
fn below_anyhows_errors() {
    use anyhow::Context;

    fn sdk(kind: &str) -> Result<()> {
        let helper = || Context::context(Err::<(), _>(std::fmt::Error), outcome(kind));
        helper().map_err(|error: anyhow::Error| Error::from(error).context("loading orders"))
    }

    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> { Err(outcome(kind))? })
    });
    // By way of `?` as it is.
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> {
            let helper = || -> anyhow::Result<()> { Err(outcome(kind))? };
            Ok(helper()?)
        })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> {
            let orders = Context::context(Err(outcome(kind)), "orders");
            Context::context(orders, "loading orders")
        })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> { Err(Load::from(outcome(kind)))? })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> {
            Context::context(Err(Load::from(outcome(kind))), "loading orders")
        })
    });
    // anyhow finds what is its own context itself.
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> {
            Context::context(Err(std::fmt::Error), outcome(kind))
        })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> {
            let helper = || Context::context(Err::<(), _>(std::fmt::Error), outcome(kind));
            helper().map_err(|error| Error::from(error).context("loading orders"))
        })
    });
    // From anyhow to the SDK and back, or into a box.
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> { Ok(sdk(kind)?) })
    });
    counts(true, |supervisor, kind| {
        supervisor
            .run_task(move || -> Result<(), BoxError> { sdk(kind).map_err(Error::into_boxed) })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> {
            let boxed = sdk(kind).map_err(|error| anyhow::anyhow!(error.into_boxed()));
            Context::context(boxed, "orders")
        })
    });
}

/// What gives the outcome's source as its own leads to the outcome all the same.
#[test]
fn below_what_passes_its_source_on() {
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> Result<(), Load> { Err(Load::Transparent(outcome(kind))) })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> {
            Err(Load::Transparent(outcome(kind))).context("loading orders")
        })
    });
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> { Err(Box::new(outcome(kind)))? })
    });
    counts(false, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> { Err(std::sync::Arc::new(outcome(kind)))? })
    });
}

#[test]
fn in_a_box_that_stays_on_its_thread() {
    counts(false, |supervisor, kind| {
        supervisor
            .run_task(move || -> Result<(), Box<dyn std::error::Error>> { Err(outcome(kind))? })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<(), Box<dyn std::error::Error>> {
            Err(Load::from(outcome(kind)))?
        })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> {
            let helper = || -> Result<(), Box<dyn std::error::Error>> { Err(outcome(kind))? };
            helper().context("loading orders")
        })
    });
}

/// The box of `Error::into_boxed` leads to the outcome too.
#[test]
fn in_a_box_of_the_sdks_error() {
    fn local(kind: &str) -> Result<(), Box<dyn std::error::Error>> {
        Err(outcome(kind))?
    }
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<(), BoxError> {
            let helper = || -> Result<()> { local(kind).context("loading orders") };
            helper().map_err(Error::into_boxed)
        })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<(), Load> {
            let helper = || -> Result<()> { local(kind).context("orders") };
            helper().map_err(|error| Load::Source(error.into_boxed()))
        })
    });
    #[cfg(feature = "anyhow")]
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> anyhow::Result<()> {
            let helper = || -> Result<()> { local(kind).context("loading orders") };
            Ok(helper()?)
        })
    });
}

#[test]
fn a_box_of_the_sdks_error_keeps_what_is_told() {
    let report = Supervisor::new().run_task(|| -> Result<(), BoxError> {
        let local: Result<(), Box<dyn std::error::Error>> =
            Err(Outcome::fail(Load::Source("the disk".into())).into());
        local
            .context("reading orders")
            .map_err(|error: Error| error.into_boxed())
    });
    let detail = report.logs()[0].field("error_detail").unwrap();
    let told = detail.as_array().unwrap().iter();
    let told = told.map(|link| link["exc_value"].as_str().unwrap());
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["reading orders", "loading orders", "the disk"],
        "{report}"
    );
}

/// `bail!` and `ensure!` take what `?` does not.
#[test]
fn in_a_box_that_ends_a_function() {
    fn local(kind: &str) -> Box<dyn std::error::Error> {
        Load::from(outcome(kind)).into()
    }
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> { bail!(local(kind)) })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<()> {
            let error: Box<dyn std::error::Error + Send> = Box::new(Load::from(outcome(kind)));
            ensure!(kind.is_empty(), error);
            Ok(())
        })
    });
    counts(true, |supervisor, kind| {
        supervisor.run_task(move || -> Result<(), Box<dyn std::error::Error + Send>> {
            Err(Box::new(Load::from(outcome(kind))))
        })
    });
    let boxed = || -> Result<()> { bail!(local("skip")) };
    let told = format!("{:?}", boxed().unwrap_err());
    assert!(
        told.starts_with("loading orders: the task skips itself: no rows\n    at "),
        "{told}"
    );
    assert!(told.contains("chosen.rs:"), "{told}");
}

#[test]
fn a_function_ends_with_whatever_has_a_display() {
    let number = || -> Result<()> { bail!(std::process::id()) };
    let told = format!("{:?}", number().unwrap_err());
    let expected = format!("{}\n    at ", std::process::id());
    assert!(told.starts_with(&expected), "{told}");
    assert!(told.contains("chosen.rs:"), "{told}");
    let checked = |rows: std::num::Wrapping<u8>| -> Result<()> {
        ensure!(rows.0 > 0, rows);
        Ok(())
    };
    let zero = std::num::Wrapping(0);
    assert_eq!(checked(zero).unwrap_err().to_string(), "0");
}

/// A pointer to an error is told by the name of the error.
#[test]
fn behind_a_pointer_an_error_has_its_name() {
    let handlers: [fn() -> Result<()>; 2] = [
        || Err(Box::new(Load::Source("the disk".into())))?,
        || Err(std::sync::Arc::new(Load::Source("the disk".into())))?,
    ];
    for handler in handlers {
        let report = Supervisor::new().run_task(handler);
        let detail = report.logs()[0].field("error_detail").unwrap();
        assert_eq!(detail[0]["exc_type"], "Source", "{report}");
    }
}

#[test]
fn the_outermost_of_several_counts() {
    let report = Supervisor::new().retries(1).run_task(|| -> Result<()> {
        Err(Outcome::fail(Load::from(Outcome::skip("no rows"))).into())
    });
    assert_eq!(report.state(), State::Failed, "{report}");
    let detail = report.logs()[0].field("error_detail").unwrap();
    assert_eq!(detail[0]["exc_value"], "loading orders");
}

#[cfg(feature = "anyhow")]
#[test]
fn the_outermost_of_several_counts_in_anyhows_errors() {
    let failed = || Outcome::fail(Load::from(Outcome::skip("no rows")));
    let handlers: [fn(Outcome) -> anyhow::Error; 4] = [
        anyhow::Error::new,
        |failed| anyhow::Error::new(failed).context("loading orders"),
        |failed| anyhow::Error::new(Outcome::skip("no rows")).context(failed),
        |failed| {
            anyhow::Error::new(Load::from(Outcome::skip("no rows")))
                .context(failed)
                .context("orders")
        },
    ];
    for handler in handlers {
        let report = Supervisor::new()
            .retries(1)
            .run_task(move || -> anyhow::Result<()> { Err(handler(failed())) });
        assert_eq!(report.state(), State::Failed, "{report}");
    }
}
