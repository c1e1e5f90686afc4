//! Panics: where they happened goes to the task's log. Those that end the process are reported by [`last_words`] before: all of them under
//! `panic = "abort"`, and else a destructor's while another panic unwinds.

use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::ending::render::{self, MAX_MESSAGE};
use crate::logging::exception::{FrameInfo, add_place, frames_of, of_panic};
use crate::logging::levels::Level;
use crate::logging::record::Record;
use crate::logging::{Route, current};
use crate::serving::event::Cause;
use crate::serving::last_words;

/// Panics that end the process though panics unwind: the messages of `panic_in_cleanup` and `panic_cannot_unwind` in the standard
/// library's `core/src/panicking.rs`.
const NOT_UNWINDING: [&str; 2] = [
    "panic in a destructor during cleanup",
    "panic in a function that cannot unwind",
];

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
    let message = render::cut(render::panic_text(info.payload()), MAX_MESSAGE);
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
    .exception(of_panic(&message, &frames));
    route.send(&record);
    if cfg!(panic = "abort") || NOT_UNWINDING.contains(&&*message) {
        last_words::speak(Cause::Panic(message));
    }
}
