//! Errors, panics and backtraces in the form that Airflow's log viewer shows.
//!
//! The form is Airflow's `error_detail`: an array, the error first and then its causes, each with the frames of its stack.

use serde_json::{Value, json};

use crate::ending::error::Error;
use crate::ending::error_chain::Link;

/// One place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameInfo {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) name: String,
}

/// The structured form of an error with its causes. `function` names the frame of the place that `?` noted.
pub(crate) fn of_error(error: &Error, links: &[Link], function: &str) -> Value {
    let (mut frames, ends_there) = match error.backtrace() {
        Some((text, ends_there)) => (frames_of(text), ends_there),
        None => (Vec::new(), true),
    };
    // `map_err(Error::from)` is called from inside the standard library, which is no place to show. A backtrace that the error has
    // brought along goes further than to the place where it was taken up.
    if let Some(location) = error
        .location()
        .filter(|location| !location.file().starts_with("/rustc/"))
        .filter(|_| ends_there || frames.is_empty())
    {
        add_place(
            &mut frames,
            FrameInfo {
                file: location.file().into(),
                line: location.line(),
                name: function.into(),
            },
        );
    }
    of_links(links, &frames)
}

/// The structured form of an error that was read, with the frames of the first.
pub(crate) fn of_links(links: &[Link], frames: &[FrameInfo]) -> Value {
    let exceptions = links.iter().enumerate().map(|(index, link)| {
        let frames = if index == 0 { frames } else { &[] };
        exception(&link.kind, &link.message, index > 0, frames)
    });
    Value::Array(exceptions.collect())
}

/// Adds the place where it happened as the innermost frame, unless the backtrace knows it already. A stripped executable has
/// no lines in its backtrace.
pub(crate) fn add_place(frames: &mut Vec<FrameInfo>, place: FrameInfo) {
    if frames.last().is_none_or(|last| last.line != place.line) {
        frames.push(place);
    }
}

/// The structured form of a panic.
pub(crate) fn of_panic(message: &str, frames: &[FrameInfo]) -> Value {
    Value::Array(vec![exception("panic", message, false, frames)])
}

fn exception(kind: &str, message: &str, is_cause: bool, frames: &[FrameInfo]) -> Value {
    let frames: Vec<Value> = frames
        .iter()
        .map(|frame| json!({"filename": frame.file, "lineno": frame.line, "name": frame.name}))
        .collect();
    json!({
        "exc_type": kind,
        "exc_value": message,
        "exc_notes": [],
        "syntax_error": null,
        "is_cause": is_cause,
        "frames": frames,
        "is_group": false,
        "exceptions": [],
    })
}

/// Paths of the runtime, the standard library and anyhow, which tell a user nothing.
const HIDDEN_PATHS: [&str; 6] = [
    "std::",
    "core::",
    "alloc::",
    "airflow_sdk::",
    "anyhow::",
    "__rust",
];
/// Functions of the C library and the runtime.
const HIDDEN_NAMES: [&str; 6] = [
    "rust_begin_unwind",
    "_start",
    "clone",
    "clone3",
    "start_thread",
    "<unknown>",
];

/// Reads the frames out of the text of a backtrace, outermost first as Python has them.
///
/// The standard library has no stable access to frames. Its text has two lines for each: `  3: a::b` and
/// `             at src/a.rs:7:5`; a stripped executable has only the first.
pub(crate) fn frames_of(backtrace: &str) -> Vec<FrameInfo> {
    let mut frames: Vec<FrameInfo> = Vec::new();
    for line in backtrace.lines() {
        let line = line.trim_start();
        if let Some(place) = line.strip_prefix("at ") {
            if let (Some(frame), Some((file, line))) = (frames.last_mut(), split_place(place)) {
                file.clone_into(&mut frame.file);
                frame.line = line;
            }
        } else if let Some((number, name)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            frames.push(FrameInfo {
                file: String::new(),
                line: 0,
                name: demangled(name).to_owned(),
            });
        }
    }
    frames.retain(|frame| is_users(&frame.name) && !frame.file.starts_with("/rustc/"));
    frames.reverse();
    frames
}

fn is_users(name: &str) -> bool {
    let path = name.trim_start_matches('<');
    !HIDDEN_PATHS.iter().any(|hidden| path.starts_with(hidden))
        && !HIDDEN_NAMES.contains(&name)
        && !name.contains("core::ops::function::")
        // A handler's own frame is below that of the SDK's trait for it.
        && !name.contains(" as airflow_sdk::")
}

/// The name without the hash at its end: `a::b::h0123456789abcdef`.
fn demangled(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((head, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            head
        }
        _ => name,
    }
}

/// `src/a.rs:7:5` without its column.
fn split_place(place: &str) -> Option<(&str, u32)> {
    let (rest, last) = place.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match rest
        .rsplit_once(':')
        .map(|(file, line)| (file, line.parse()))
    {
        Some((file, Ok(line))) => Some((file, line)),
        _ => Some((rest, last)),
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameInfo, frames_of, of_error};
    use crate::ending::error::Error;

    #[test]
    fn a_chain_becomes_a_list() {
        let error = "x"
            .parse::<i32>()
            .map_err(|error| Error::new(error).context("the port"));
        let error = error.err().unwrap_or_else(|| Error::msg("no error"));
        let detail = of_error(&error, &error.links(), "serve");
        assert_eq!(detail[0]["exc_type"], "Error");
        assert_eq!(detail[0]["exc_value"], "the port");
        assert_eq!(detail[0]["is_cause"], false);
        let frames = detail[0]["frames"].as_array();
        assert_eq!(
            frames
                .and_then(|frames| frames.last())
                .map(|frame| &frame["name"]),
            Some(&"serve".into())
        );
        assert_eq!(detail[1]["exc_type"], "ParseIntError");
        assert_eq!(detail[1]["exc_value"], "invalid digit found in string");
        assert_eq!(detail[1]["is_cause"], true);
    }

    #[test]
    fn frames_are_read_from_text() {
        let text = "   0: std::backtrace::capture\n             at /rustc/x/backtrace.rs:1:2\n\
                    \x20  1: sales::load::h0123456789abcdef\n             at ./src/main.rs:7:5\n\
                    \x20  2: <sales::X as core::fmt::Debug>::fmt\n\
                    \x20  9: <F as airflow_sdk::bundle::handler::TaskHandler<fn() -> R>>::run\n\
                    \x20  3: sales::main\n             at ./src/main.rs:20:1\n   4: _start\n";
        let frames = frames_of(text);
        assert_eq!(
            frames,
            [
                FrameInfo {
                    file: "./src/main.rs".into(),
                    line: 20,
                    name: "sales::main".into()
                },
                FrameInfo {
                    file: String::new(),
                    line: 0,
                    name: "<sales::X as core::fmt::Debug>::fmt".into()
                },
                FrameInfo {
                    file: "./src/main.rs".into(),
                    line: 7,
                    name: "sales::load".into()
                },
            ]
        );
    }
}
