//! Errors and values whose own code panics, fails, or never ends. Each takes part in the report of an outcome.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, Instant};

use airflow_sdk::testing::{Report, State, Supervisor};
use airflow_sdk::{Error, Outcome, Result, Task};

/// An error that behaves as badly as its kind says.
struct Bad(Kind);

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    DisplayPanics,
    DisplayFails,
    DisplayFailsHalfway,
    DisplayIsEndless,
    DebugPanics,
    SourcePanics,
    SourceIsItself,
    DropPanics,
    DropPanicsWithSuch,
    DisplayPanicsWithSuch,
}

const KINDS: [Kind; 10] = [
    Kind::DisplayPanics,
    Kind::DisplayFails,
    Kind::DisplayFailsHalfway,
    Kind::DisplayIsEndless,
    Kind::DebugPanics,
    Kind::SourcePanics,
    Kind::SourceIsItself,
    Kind::DropPanics,
    Kind::DropPanicsWithSuch,
    Kind::DisplayPanicsWithSuch,
];

impl Kind {
    /// What the log and the reason say of it.
    fn told(self) -> &'static str {
        match self {
            Self::DisplayPanics | Self::DisplayFails | Self::DisplayPanicsWithSuch => {
                "an error whose message cannot be written"
            }
            Self::DisplayFailsHalfway => "half [the rest cannot be written]",
            Self::DisplayIsEndless => "endless",
            Self::SourceIsItself => "bad: [the chain of errors is cut here, after 64]",
            Self::SourcePanics => "bad: [the source of this error cannot be read]",
            Self::DebugPanics | Self::DropPanics | Self::DropPanicsWithSuch => "bad",
        }
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::DisplayPanics => panic!("in Display"),
            Kind::DisplayPanicsWithSuch => std::panic::panic_any(Bad(Kind::DropPanicsWithSuch)),
            Kind::DisplayFails => Err(fmt::Error),
            Kind::DisplayFailsHalfway => f.write_str("half").and(Err(fmt::Error)),
            Kind::DisplayIsEndless => loop {
                f.write_str("endless ")?;
            },
            _ => f.write_str("bad"),
        }
    }
}

impl fmt::Debug for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(self.0 != Kind::DebugPanics, "in Debug");
        f.write_str("Bad")
    }
}

impl StdError for Bad {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0 {
            Kind::SourceIsItself => Some(self),
            Kind::SourcePanics => panic!("in source"),
            _ => None,
        }
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        match self.0 {
            Kind::DropPanics => panic!("in Drop"),
            // The payload's own Drop panics, without end.
            Kind::DropPanicsWithSuch => std::panic::panic_any(Bad(Kind::DropPanicsWithSuch)),
            _ => {}
        }
    }
}

#[track_caller]
fn check(report: &Report, state: State, told: &str) {
    assert_eq!(report.state(), state, "{report}");
    assert!(report.has_log(told), "{told}: {report}");
    assert!(report.rejections().is_empty(), "{report}");
    assert!(report.exited_well(), "{report}");
}

#[test]
fn a_failure_is_reported_whatever_its_error_does() {
    for kind in KINDS {
        let report = Supervisor::new()
            .retries(1)
            .run_task(move || -> Result<()> { Err(Bad(kind))? });
        check(&report, State::UpForRetry, kind.told());
        let reason = report.terminal().unwrap()["retry_reason"].clone();
        let reason = reason.as_str().unwrap();
        assert!(reason.starts_with(kind.told()), "{reason}");
    }
}

#[test]
fn so_is_one_below_other_errors() {
    for kind in KINDS {
        let report = Supervisor::new()
            .retries(1)
            .run_task(move || -> Result<()> { Err(Error::new(Bad(kind)).context("loading")) });
        check(
            &report,
            State::UpForRetry,
            &format!("loading: {}", kind.told()),
        );
    }
}

#[test]
fn the_chosen_outcome_stays() {
    for kind in KINDS {
        let report = Supervisor::new()
            .retries(1)
            .run_task(move || -> Result<()> { Err(Outcome::fail(Bad(kind)))? });
        check(&report, State::Failed, kind.told());
        let report = Supervisor::new()
            .retries(1)
            .run_task(move || -> Result<()> {
                Err(Outcome::retry(Bad(kind)).after(Duration::from_secs(2)))?
            });
        check(&report, State::UpForRetry, kind.told());
        assert_eq!(report.terminal().unwrap()["retry_delay_seconds"], 2.0);
    }
}

#[test]
fn texts_of_the_sdks_own_errors_are_written_with_care() {
    for kind in [Kind::DisplayPanics, Kind::DisplayFails] {
        let report =
            Supervisor::new().run_task(move || -> Result<()> { Err(Outcome::skip(Bad(kind)))? });
        check(&report, State::Skipped, "a reason that cannot be written");
        let report =
            Supervisor::new().run_task(move || -> Result<()> { Err(Error::msg(Bad(kind))) });
        check(&report, State::Failed, kind.told());
        let report = Supervisor::new().run_task(move || -> Result<()> {
            Err(Error::new(Outcome::skip("no rows")).context(Bad(kind)))
        });
        check(&report, State::Skipped, "the task skips itself: no rows");
    }
}

/// The place of the panic is in the log, once.
#[test]
fn a_panic_in_display_has_its_place_in_the_log() {
    let report =
        Supervisor::new().run_task(move || -> Result<()> { Err(Bad(Kind::DisplayPanics))? });
    let places = report.logs().iter().filter(|record| {
        record.event().starts_with("panicked at ") && record.event().contains("in Display")
    });
    assert_eq!(places.count(), 1, "{report}");
    let record = report.logs().last().unwrap();
    let detail = record.field("error_detail").unwrap();
    assert_eq!(detail[0]["exc_type"], "Bad");
    assert_eq!(
        detail[0]["exc_value"],
        "an error whose message cannot be written (its type is Bad)"
    );
}

#[test]
fn long_messages_and_chains_are_cut() {
    #[derive(Debug, thiserror::Error)]
    #[error("link {0}")]
    struct Link(u32, #[source] Option<Box<Self>>);

    let report = Supervisor::new().run_task(|| -> Result<()> { Err(Bad(Kind::DisplayIsEndless))? });
    let event = report.logs()[0].event();
    assert!(event.len() < 70_000, "{}", event.len());
    assert!(event.contains("[cut after 65536 bytes]"));
    let report = Supervisor::new().run_task(|| -> Result<()> {
        let chain = (0..100).fold(Link(100, None), |source, n| {
            Link(99 - n, Some(Box::new(source)))
        });
        Err(chain)?
    });
    let record = &report.logs()[0];
    assert!(
        record
            .event()
            .contains("link 63: [the chain of errors is cut")
    );
    let detail = record.field("error_detail").unwrap();
    assert_eq!(detail.as_array().unwrap().len(), 65);
}

#[test]
fn a_panic_may_carry_anything() {
    for payload in [Kind::DropPanics, Kind::DropPanicsWithSuch] {
        let report = Supervisor::new()
            .retries(1)
            .run_task(move || -> Result<()> { std::panic::panic_any(Bad(payload)) });
        check(&report, State::UpForRetry, "a value that is not a text");
    }
}

#[test]
fn an_error_that_never_ends_does_not_keep_the_signal_from_being_answered() {
    struct Sleeps;
    impl fmt::Debug for Sleeps {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Sleeps")
        }
    }
    impl fmt::Display for Sleeps {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            std::thread::sleep(Duration::from_mins(1));
            Ok(())
        }
    }
    impl StdError for Sleeps {}

    let started = Instant::now();
    let report = Supervisor::new()
        .retries(1)
        .stop_after(Duration::from_millis(100))
        .run_task(|| -> std::result::Result<(), Sleeps> { Err(Sleeps) });
    check(&report, State::UpForRetry, "did not stop in time");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_cancelled_task_tells_what_can_be_told() {
    for kind in KINDS {
        let report = Supervisor::new()
            .retries(1)
            .stop_after(Duration::from_millis(20))
            .run_task(move |task: &Task| -> Result<()> {
                let _ = task.cancellation().sleep(Duration::from_mins(1));
                Err(Bad(kind))?
            });
        check(&report, State::UpForRetry, kind.told());
    }
}

/// A value that panics when it is serialized or dropped is a panic of the task's.
#[test]
fn return_values_may_panic() {
    struct Value;
    impl serde::Serialize for Value {
        fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
            panic!("in Serialize")
        }
    }
    #[derive(serde::Serialize)]
    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {
            panic!("in Drop")
        }
    }
    let report = Supervisor::new()
        .retries(1)
        .run_task(|| Ok::<_, Bad>(Value));
    check(
        &report,
        State::UpForRetry,
        "the task panicked: in Serialize",
    );
    let report = Supervisor::new()
        .retries(1)
        .run_task(|| Ok::<_, Bad>(Dropped));
    check(&report, State::UpForRetry, "the task panicked: in Drop");
}

#[test]
fn what_a_record_is_made_of_may_panic() {
    let report = Supervisor::new().run_task(|| {
        for kind in KINDS {
            let bad = std::mem::ManuallyDrop::new(Bad(kind));
            log::info!(display:% = *bad, debug:? = *bad; "{}", *bad);
        }
        log::info!("the task goes on");
    });
    report.assert_success();
    assert!(report.has_log("the task goes on"));
    let infos: Vec<_> = report
        .logs()
        .iter()
        .filter(|record| record.level() == "info")
        .collect();
    assert_eq!(infos.len(), KINDS.len() + 1, "{report}");
    assert_eq!(infos[0].event(), "a message that cannot be written");
    assert_eq!(
        infos[0].field("display").unwrap(),
        "a value that cannot be written"
    );
    assert_eq!(infos[0].field("debug").unwrap(), "Bad");
    assert!(infos[3].event().ends_with("[cut after 1048576 bytes]"));
    assert_eq!(
        infos[4].field("debug").unwrap(),
        "a value that cannot be written"
    );
}

/// A source of key-value pairs may be a type of the author's own.
#[test]
fn pairs_before_a_panic_are_kept() {
    struct Pairs;
    impl log::kv::Source for Pairs {
        fn visit<'kvs>(
            &'kvs self,
            visitor: &mut dyn log::kv::VisitSource<'kvs>,
        ) -> std::result::Result<(), log::kv::Error> {
            visitor.visit_pair("rows".into(), 3.into())?;
            panic!("in visit")
        }
    }
    let report = Supervisor::new().run_task(|| {
        log::logger().log(
            &log::Record::builder()
                .args(format_args!("loaded"))
                .key_values(&Pairs)
                .build(),
        );
    });
    report.assert_success();
    let record = report.logs().last().unwrap();
    assert_eq!(
        (record.event(), record.field("rows")),
        ("loaded", Some(&3.into()))
    );
}

#[cfg(feature = "tracing")]
#[test]
fn what_an_event_is_made_of_may_panic() {
    let report = Supervisor::new().run_task(|| {
        for kind in KINDS {
            let bad = std::mem::ManuallyDrop::new(Bad(kind));
            let span = tracing::info_span!("load", span_field = %*bad);
            let _entered = span.enter();
            let error: &(dyn StdError + 'static) = &*bad;
            tracing::info!(error, display = %*bad, debug = ?*bad, "{}", *bad);
        }
        tracing::info!("the task goes on");
    });
    report.assert_success();
    assert!(report.has_log("the task goes on"));
    let infos: Vec<_> = report
        .logs()
        .iter()
        .filter(|record| record.level() == "info")
        .collect();
    assert_eq!(infos.len(), KINDS.len() + 1, "{report}");
    let first = infos[0];
    assert_eq!(first.event(), "a value that cannot be written");
    for key in ["display", "span_field"] {
        assert_eq!(first.field(key).unwrap(), "a value that cannot be written");
    }
    assert_eq!(
        first.field("error").unwrap(),
        "an error whose message cannot be written (its type is Bad)"
    );
    let ring = infos[6].field("error_detail").unwrap();
    assert_eq!(ring.as_array().unwrap().len(), 65);
}

/// A panic of an async task does not wait for what blocks beside it.
#[cfg(feature = "tokio")]
#[test]
fn an_async_panic_is_reported_at_once() {
    async fn panics() {
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(20)));
        panic!("in the future");
    }
    let started = Instant::now();
    let report = Supervisor::new().retries(1).run_task(panics);
    check(
        &report,
        State::UpForRetry,
        "the task panicked: in the future",
    );
    assert!(started.elapsed() < Duration::from_secs(10), "{report}");
}
