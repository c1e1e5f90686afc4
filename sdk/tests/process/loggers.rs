//! Loggers and subscribers that a program sets before it serves.

use crate::supervisor::{Order, Outcome};

/// What the program sets.
const SET: &str = "TEST_LOGGER";

/// Writes text to standard output, as most do.
struct Plain;

impl log::Log for Plain {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        println!("{}: {}", record.level(), record.args());
    }

    fn flush(&self) {}
}

/// Writes as that does, and can't be asked.
struct Panics;

impl log::Log for Panics {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        panic!("in enabled")
    }

    fn log(&self, record: &log::Record<'_>) {
        Plain.log(record);
    }

    fn flush(&self) {}
}

/// Does what the variable says, as a program does at the begin of its `main`.
pub fn set() {
    let Ok(wanted) = std::env::var(SET) else {
        return;
    };
    match wanted.as_str() {
        "log" => {
            log::set_logger(&Plain).unwrap();
            log::set_max_level(log::LevelFilter::Info);
        }
        "log that panics" => {
            log::set_logger(&Panics).unwrap();
            log::set_max_level(log::LevelFilter::Info);
        }
        #[cfg(feature = "tracing")]
        wanted => subscribe(wanted),
        #[cfg(not(feature = "tracing"))]
        unknown => panic!("{unknown}"),
    }
}

#[cfg(feature = "tracing")]
fn subscribe(wanted: &str) {
    use airflow_sdk::AirflowLayer;
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::prelude::*;
    use tracing_subscriber::{fmt, registry, reload};

    match wanted {
        "fmt" => fmt().init(),
        "subscriber" => {
            tracing::subscriber::set_global_default(fmt().finish()).unwrap();
        }
        "layer" => registry().with(AirflowLayer::new()).init(),
        "layer and fmt" => registry()
            .with(AirflowLayer::new().with_filter(LevelFilter::INFO))
            .with(fmt::layer().with_writer(std::io::stderr))
            .init(),
        "boxed" => registry().with(vec![AirflowLayer::new().boxed()]).init(),
        "reload" => registry()
            .with(reload::Layer::new(AirflowLayer::new()).0)
            .init(),
        "tracing-log" => tracing_log::LogTracer::init().unwrap(),
        unknown => panic!("{unknown}"),
    }
}

pub fn logs() {
    log::info!("of log");
    #[cfg(feature = "tracing")]
    tracing::info!("of tracing");
}

fn run(wanted: Option<&str>) -> Outcome {
    let order = Order::of(&std::env::current_exe().unwrap(), "loggers", "logs");
    let outcome = match wanted {
        Some(wanted) => order.env(SET, wanted).run(),
        None => order.run(),
    };
    outcome.check("SucceedTask", 0);
    outcome
}

/// The records that tell of a logger.
fn notices(outcome: &Outcome) -> Vec<&str> {
    outcome
        .logs
        .iter()
        .filter_map(|record| record["event"].as_str())
        .filter(|event| event.contains("of its own before `serve()`"))
        .collect()
}

#[track_caller]
fn told(wanted: &str, whose: &str, way_out: &str) {
    let outcome = run(Some(wanted));
    let notices = notices(&outcome);
    let [notice] = notices[..] else {
        panic!("{outcome:#?}");
    };
    // It is the first record.
    assert_eq!(outcome.logs[0]["event"], notice);
    assert_eq!(outcome.logs[0]["level"], "warning");
    assert!(
        notice.starts_with(&format!("this program has set {whose} of its own")),
        "{notice}"
    );
    assert!(notice.contains(way_out), "{notice}");
}

pub fn none_is_worth_no_word() {
    let outcome = run(None);
    assert_eq!(notices(&outcome), [""; 0], "{outcome:#?}");
    assert!(outcome.said("of log"), "{outcome:#?}");
    assert_eq!(outcome.stdout, "");
}

pub fn a_logger_of_the_programs_own_is_told() {
    told("log", "a `log` logger", "The way out: set none");
}

pub fn a_logger_that_panics_harms_nothing() {
    let outcome = run(Some("log that panics"));
    assert_eq!(notices(&outcome).len(), 1, "{outcome:#?}");
}

pub fn a_subscriber_of_the_programs_own_is_told() {
    if !cfg!(feature = "tracing") {
        return;
    }
    let layer = "`tracing_subscriber::registry().with(airflow_sdk::AirflowLayer::new()).init()`";
    told("fmt", "a `tracing` subscriber and a `log` logger", layer);
    told("subscriber", "a `tracing` subscriber", layer);
}

pub fn a_subscriber_with_the_layer_is_fine() {
    if !cfg!(feature = "tracing") {
        return;
    }
    for wanted in ["layer", "layer and fmt", "boxed", "reload", "tracing-log"] {
        let outcome = run(Some(wanted));
        assert_eq!(notices(&outcome), [""; 0], "{wanted}: {outcome:#?}");
        for text in ["of log", "of tracing"] {
            assert!(outcome.said(text), "{wanted}: {outcome:#?}");
        }
        assert_eq!(outcome.stdout, "", "{wanted}: {outcome:#?}");
    }
}
