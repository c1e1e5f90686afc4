//! The error type of handlers: anything that `?` meets, with the place where it was met.

use std::any::type_name;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use crate::ending::error_chain::{self, Link, UNWRITABLE};
use crate::ending::outcome::{BoxError, Outcome};
use crate::ending::render::{self, MAX_MESSAGE};

/// What a handler returns: `?` converts every error type into [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with the place in the source where `?` or [`Error::new`] took it up, and a backtrace if `RUST_BACKTRACE` is
/// set. Both end up in the task's log.
///
/// Of a chain of sources the first 64 errors are told, and 64 KiB of each one's message. An error whose `Display`, `Debug`, `source` or
/// `Drop` panics is told as far as it goes; it never keeps the outcome from being reported.
///
/// It does not implement [`std::error::Error`], or else the conversion from every error type could not exist.
/// It converts into [`BoxError`] and, through that, into most other error types.
pub struct Error {
    inner: BoxError,
    type_name: Option<&'static str>,
    location: Option<&'static Location<'static>>,
    trace: Option<String>,
}

impl Error {
    /// Takes up an error.
    #[track_caller]
    pub fn new<E: StdError + Send + Sync + 'static>(error: E) -> Self {
        Self {
            inner: Box::new(error),
            type_name: Some(type_name::<E>()),
            location: Some(Location::caller()),
            trace: captured(),
        }
    }

    /// An error that is only a message.
    #[track_caller]
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::new(Message(render::display(&message, MAX_MESSAGE, UNWRITABLE)))
    }

    /// An error that was boxed elsewhere.
    #[track_caller]
    pub fn from_boxed(error: BoxError) -> Self {
        Self {
            inner: error,
            type_name: None,
            location: Some(Location::caller()),
            trace: captured(),
        }
    }

    /// Puts a sentence in front of the error, which becomes its source.
    #[track_caller]
    #[must_use]
    pub fn context(self, message: impl fmt::Display) -> Self {
        let Self {
            inner,
            location,
            trace,
            ..
        } = self;
        let error = Box::new(Context {
            message: render::display(&message, MAX_MESSAGE, UNWRITABLE),
            source: inner,
        });
        Self {
            inner: error,
            type_name: Some("Error"),
            location: location.or(Some(Location::caller())),
            trace,
        }
    }

    /// The error itself.
    pub fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.inner
    }

    /// The error as its own type.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.inner.downcast_ref()
    }

    /// The outcome that the handler has chosen, also below errors that were put in front of it.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        error_chain::outcome(&*self.inner)
    }

    /// The error and its sources as plain data.
    pub(crate) fn links(&self) -> Vec<Link> {
        // What an outcome is made of has a type of its own.
        let kind = self
            .type_name()
            .filter(|_| !self.inner.is::<Outcome>())
            .map(short);
        error_chain::links(&*self.inner, kind)
    }

    /// The name of the error's type where it is known.
    pub(crate) fn type_name(&self) -> Option<&'static str> {
        self.type_name
            .filter(|name| *name != type_name::<Message>())
    }

    /// Where the error was taken up.
    pub(crate) fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// The text of the backtrace, if one was captured.
    pub(crate) fn backtrace(&self) -> Option<&str> {
        self.trace.as_deref()
    }

    /// Takes up an `anyhow::Error`, with its backtrace if it has one.
    #[cfg(feature = "anyhow")]
    pub(crate) fn from_anyhow(error: anyhow::Error) -> Self {
        let captured = error.backtrace().status() == BacktraceStatus::Captured;
        let trace = captured.then(|| error.backtrace().to_string());
        Self {
            inner: error.into(),
            type_name: None,
            location: None,
            trace,
        }
    }
}

/// The last segment of a type's path.
fn short(type_name: &str) -> &str {
    let end = type_name.find('<').unwrap_or(type_name.len());
    let path = type_name.get(..end).unwrap_or(type_name);
    path.rsplit("::").next().unwrap_or(path)
}

fn captured() -> Option<String> {
    let backtrace = Backtrace::capture();
    (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string())
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        error.inner
    }
}

impl fmt::Display for Error {
    /// The message; with `{:#}` the messages of its sources too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            f.write_str(&error_chain::text(&*self.inner))
        } else {
            self.inner.fmt(f)
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_chain::text(&*self.inner))?;
        if let Some(location) = self.location {
            write!(f, "\n    at {location}")?;
        }
        if let Some(trace) = &self.trace {
            write!(f, "\n\n{trace}")?;
        }
        Ok(())
    }
}

/// A message without an error behind it.
#[derive(Debug)]
struct Message(String);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Message {}

/// A message in front of another error.
#[derive(Debug)]
struct Context {
    message: String,
    source: BoxError,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Context {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::{Error, Result};

    fn parse(text: &str) -> Result<i32> {
        Ok(text.parse::<i32>()?)
    }

    #[test]
    fn the_question_mark_notes_its_place() {
        let error = parse("x").unwrap_err();
        let location = error.location().unwrap();
        assert!(location.file().ends_with("error.rs"));
        assert_eq!(error.type_name(), Some("core::num::error::ParseIntError"));
        assert_eq!(error.to_string(), "invalid digit found in string");
    }

    #[test]
    fn context_goes_in_front() {
        let error = parse("x").unwrap_err().context("the port");
        assert_eq!(error.to_string(), "the port");
        assert_eq!(
            format!("{error:#}"),
            "the port: invalid digit found in string"
        );
        assert!(error.as_error().source().is_some());
    }

    #[test]
    fn messages_are_errors() {
        assert_eq!(Error::msg("no rows").to_string(), "no rows");
        assert_eq!(Error::msg("no rows").type_name(), None);
    }
}
