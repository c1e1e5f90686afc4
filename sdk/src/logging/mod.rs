//! Log records: from the `log` facade (and `tracing`), filtered and sanitised, to the supervisor.

pub(crate) mod current;
pub(crate) mod exception;
pub(crate) mod facade;
pub(crate) mod levels;
pub(crate) mod record;
pub(crate) mod sink;
#[cfg(feature = "tracing")]
pub(crate) mod tracing;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use self::levels::{Level, Levels};
use self::record::Record;
use self::sink::Sink;

static NOTICE: OnceLock<Option<String>> = OnceLock::new();

/// Makes the records of `log`, and of `tracing` with the feature, those of the task, unless the program has set something else.
pub(crate) fn install() {
    let log = facade::install();
    #[cfg(not(feature = "tracing"))]
    let (log, tracing) = (log, true);
    #[cfg(feature = "tracing")]
    let (log, tracing) = match tracing::install() {
        // `tracing-log` brings the records of `log` to the subscriber.
        tracing::Installed::Own => (log || tracing::gets_log(), true),
        // Not probed: a filter of the program's may hide the probe, and `init` of `tracing_subscriber` sets up `tracing-log`.
        tracing::Installed::Composed => (true, true),
        tracing::Installed::Foreign => (log, false),
    };
    NOTICE.get_or_init(|| foreign(log, tracing));
}

/// What to say about records that do not come here.
pub(crate) fn notice() -> Option<&'static str> {
    NOTICE.get()?.as_deref()
}

/// What to say if the records of `log`, or those of `tracing`, do not come here.
fn foreign(log: bool, tracing: bool) -> Option<String> {
    let whose = match (log, tracing) {
        (true, true) => return None,
        (true, false) => "a `tracing` subscriber",
        (false, true) => "a `log` logger",
        (false, false) => "a `tracing` subscriber and a `log` logger",
    };
    let layer = "`tracing_subscriber::registry().with(airflow_sdk::AirflowLayer::new()).init()`";
    let way_out = if !tracing {
        format!("put the SDK's layer into the subscriber, {layer}, or set none")
    } else if cfg!(feature = "tracing") {
        "set none".to_owned()
    } else {
        format!(
            "set none; if it belongs to a `tracing` subscriber, turn on the feature `tracing` of airflow-sdk and put the SDK's layer into \
             the subscriber, {layer}"
        )
    };
    Some(format!(
        "this program has set {whose} of its own before `serve()`, whose records do not become records of this log with their levels and \
         fields. The way out: {way_out}"
    ))
}

/// Where the records of one task go, and which of them.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) sink: Sink,
    levels: Levels,
    /// Whether a record was sent.
    spoken: AtomicBool,
}

impl Route {
    pub(crate) fn new(levels: Levels) -> Arc<Self> {
        Arc::new(Self {
            sink: Sink::new(),
            levels,
            spoken: AtomicBool::new(false),
        })
    }

    /// Whether Airflow's configuration lets this record through.
    pub(crate) fn enabled(&self, level: Level, logger: &str) -> bool {
        level >= self.levels.of(logger)
    }

    /// Sends a record, if its level is let through.
    pub(crate) fn send(&self, record: &Record) {
        if self.enabled(record.level(), record.logger()) {
            self.spoken.store(true, Ordering::Relaxed);
            self.sink.push(record.line());
        }
    }

    /// Whether the log has a record.
    pub(crate) fn has_spoken(&self) -> bool {
        self.spoken.load(Ordering::Relaxed)
    }

    /// A record of the SDK's own.
    pub(crate) fn say(&self, level: Level, event: impl Into<String>) {
        self.send(&Record::new(level, "airflow_sdk", event));
    }
}
