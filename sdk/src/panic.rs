//! Panics: where they happened goes to the task's log, and under `panic = "abort"` the outcome is reported before the end.

use std::any::Any;
use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use crate::comm::client::Client;
use crate::context::Task;
use crate::logging::exception::{FrameInfo, add_place, frames_of, of_panic};
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::logging::{Route, current};
use crate::outcome;

/// What the hook needs to report the outcome of a process that is about to abort.
#[derive(Clone)]
pub(crate) struct Abort {
    pub(crate) client: Arc<Client>,
    pub(crate) route: Arc<Route>,
    pub(crate) task: Task,
}

static ABORT: Mutex<Option<Abort>> = Mutex::new(None);

/// How long the reply to the last message may take when the process is about to abort.
const LAST_REPLY: Duration = Duration::from_mins(1);

/// Lets the hook report the outcome, if panics abort the process.
pub(crate) fn on_abort(abort: Abort) {
    *ABORT.lock().unwrap_or_else(PoisonError::into_inner) = Some(abort);
}

/// Installs the panic hook. Threads that belong to no task keep the hook that was there.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match current::route() {
            Some(route) => report(&route, info),
            None => previous(info),
        }));
    });
}

fn report(route: &Route, info: &PanicHookInfo<'_>) {
    let message = text(info.payload());
    let mut frames = frames_of(&Backtrace::force_capture().to_string());
    let place = info.location().map(|location| FrameInfo {
        file: location.file().into(),
        line: location.line(),
        name: std::thread::current().name().unwrap_or("thread").to_owned(),
    });
    if let Some(place) = &place {
        add_place(&mut frames, place.clone());
    }
    let at = info
        .location()
        .map(|location| format!(" at {location}"))
        .unwrap_or_default();
    let record = Record::new(
        Level::Error,
        "airflow_sdk",
        format!("panicked{at}: {message}"),
    )
    .at(
        place.as_ref().map(|place| place.file.as_str()),
        place.as_ref().map(|place| place.line),
    )
    .exception(of_panic(message, &frames));
    route.send(&record);
    if cfg!(panic = "abort") {
        let abort = ABORT.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(abort) = abort {
            end(&abort, message);
        }
    }
}

/// Reports the outcome, and ends the process before the abort does.
fn end(abort: &Abort, message: &str) {
    if !abort.client.claim_end() {
        return;
    }
    let body = if abort.task.has_tries_left() {
        outcome::retry(&reason(message), None)
    } else {
        outcome::task_state("failed")
    };
    let body = outcome::with_label(body, &abort.task.extras());
    let delivered = abort.client.end(&body, Some(LAST_REPLY)).is_ok();
    abort.route.sink.flush(Duration::from_secs(5));
    #[expect(
        clippy::exit,
        reason = "the alternative is an abort, by which Airflow would not learn the outcome"
    )]
    std::process::exit(i32::from(!delivered));
}

/// The reason of a retry after a panic.
pub(crate) fn reason(message: &str) -> String {
    format!("the task panicked: {message}")
}

/// The text of a panic, which is one in all but exotic cases.
pub(crate) fn text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a value that is not a text"
    }
}
