//! The error type of handlers: anything that `?` meets, with the place where it was met.

use std::any::type_name;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

#[cfg(feature = "anyhow")]
use crate::ending::anyhow;
use crate::ending::chosen::{BoxError, Chosen, Showing};
use crate::ending::error_chain::{self, Link, UNWRITABLE};
use crate::ending::render::{self, MAX_MESSAGE};

/// What a handler returns: `?` converts into [`Error`] whatever is `Into<Box<dyn std::error::Error + Send + Sync>>`.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with the place in the source where `?` or [`Error::new`] took it up, and a backtrace if `RUST_BACKTRACE` is
/// set. Both end up in the task's log.
///
/// `?` takes whatever is `Into<Box<dyn std::error::Error + Send + Sync>>`: every error of the standard library and of thiserror or snafu,
/// `&str` and `String`, and the reports of anyhow, eyre, miette and error-stack. With the feature `anyhow`, an `anyhow::Error` keeps the
/// backtrace that it was made with, and gets it back where the SDK's error becomes an `anyhow::Error` again. [`Context`](crate::Context) puts a sentence in front, [`bail!`](crate::bail!) and
/// [`ensure!`](crate::ensure!) end a function with an error.
///
/// ```
/// use airflow_sdk::{Context, Result, Task, bail, ensure};
///
/// fn load(task: &Task) -> Result<u64> {
///     let limit: u64 = task.variable("limit")?.parse().context("reading the limit")?;
///     ensure!(limit > 0, "the limit is {limit}");
///     let name = std::env::args().next().context("the program has no name")?;
///     if name.is_empty() {
///         bail!("the program's name is empty");
///     }
///     Ok(limit)
/// }
/// ```
///
/// Of a chain of sources the first 64 errors are told, and 64 KiB of each one's message. An error whose `Display`, `Debug`, `source` or
/// `Drop` panics is told as far as it goes; it never keeps the outcome from being reported.
///
/// It does not implement [`std::error::Error`], and does not convert into a [`BoxError`] by itself, or else the conversion from every
/// error type could not exist. [`into_boxed`](Self::into_boxed) makes one; with the feature `anyhow` it converts into an `anyhow::Error`.
pub struct Error {
    inner: BoxError,
    /// The outcome that the chain of `inner` does not show.
    chosen: Option<Chosen>,
    type_name: Option<&'static str>,
    location: Option<&'static Location<'static>>,
    trace: Option<Trace>,
}

/// The text of a backtrace.
struct Trace {
    text: String,
    /// The error has brought it along: it ends where the error was made, not where it was taken up.
    brought: bool,
}

impl Error {
    /// Takes up an error.
    #[track_caller]
    pub fn new<E: StdError + Send + Sync + 'static>(error: E) -> Self {
        Self::of(Box::new(error), Some(type_name::<E>()))
    }

    /// An error that is only a message.
    #[track_caller]
    pub fn msg(message: impl fmt::Display) -> Self {
        let message = Message(render::display(&message, MAX_MESSAGE, UNWRITABLE));
        Self::of(Box::new(message), Some("Error"))
    }

    /// An error that was boxed elsewhere.
    #[track_caller]
    pub fn from_boxed(error: BoxError) -> Self {
        Self::of(error, None)
    }

    #[track_caller]
    fn of(inner: BoxError, type_name: Option<&'static str>) -> Self {
        Self {
            inner,
            chosen: None,
            type_name,
            location: Some(Location::caller()),
            trace: captured(),
        }
    }

    /// Boxes an error, or whatever converts into a boxed one.
    #[track_caller]
    fn take_up<E: Into<BoxError>>(error: E) -> Self {
        #[cfg(feature = "anyhow")]
        let error = match anyhow::recognise(error) {
            Ok(error) => return Self::from_anyhow(error),
            Err(error) => error,
        };
        Self::of(error.into(), error_name::<E>())
    }

    /// Takes up an `anyhow::Error`, with its backtrace if it has one.
    #[cfg(feature = "anyhow")]
    #[track_caller]
    fn from_anyhow(error: ::anyhow::Error) -> Self {
        let trace = anyhow::backtrace(&error).map(|text| Trace {
            text,
            brought: true,
        });
        Self {
            chosen: anyhow::hidden_outcome(&error),
            inner: Box::new(anyhow::Kept(error)),
            type_name: Some("Error"),
            location: Some(Location::caller()),
            trace,
        }
    }

    /// Copies an error that cannot leave its thread as plain data.
    pub(crate) fn from_local(error: Box<dyn StdError>) -> Self {
        let chosen = error_chain::chosen(&*error).cloned();
        let told = error_chain::links(&*error, None)
            .into_iter()
            .rfold(None, |source, link| Some(Box::new(Told { link, source })));
        render::discard(error);
        let inner: BoxError = match told {
            Some(told) => told,
            None => Box::new(Message(UNWRITABLE.to_owned())),
        };
        Self {
            inner,
            chosen,
            type_name: None,
            location: None,
            trace: captured(),
        }
    }

    /// The error without the place where it was taken up, for one that the SDK itself has taken up.
    pub(crate) fn without_place(mut self) -> Self {
        self.location = None;
        self
    }

    /// The error with the place of the caller, unless it has one.
    #[track_caller]
    pub(crate) fn with_place(mut self) -> Self {
        self.location = self.location.or(Some(Location::caller()));
        self
    }

    /// Puts a sentence in front of the error, which becomes its source.
    #[track_caller]
    #[must_use]
    pub fn context(self, message: impl fmt::Display) -> Self {
        let placed = self.with_place();
        Self {
            inner: Box::new(Context {
                message: render::display(&message, MAX_MESSAGE, UNWRITABLE),
                source: placed.inner,
            }),
            type_name: Some("Error"),
            ..placed
        }
    }

    /// The error itself.
    pub fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.inner
    }

    /// The error, boxed as the standard library has it, for functions with another error type:
    /// `load().map_err(airflow_sdk::Error::into_boxed)?`. Its sources lead to a chosen outcome wherever the error had that from.
    pub fn into_boxed(self) -> BoxError {
        match self.chosen {
            Some(chosen) if !error_chain::shows(&*self.inner, &chosen) => {
                Box::new(Showing::new(chosen, self.inner))
            }
            _ => self.inner,
        }
    }

    /// The error as its own type.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.inner.downcast_ref()
    }

    /// The outcome that the handler has chosen, also below errors that were put in front of it.
    pub(crate) fn chosen(&self) -> Option<&Chosen> {
        self.chosen
            .as_ref()
            .or_else(|| error_chain::chosen(&*self.inner))
    }

    /// The error and its sources as plain data.
    pub(crate) fn links(&self) -> Vec<Link> {
        error_chain::links(&*self.inner, self.type_name.map(short))
    }

    /// The boxed error, and the backtrace that it has brought along.
    pub(crate) fn into_parts(self) -> (BoxError, Option<String>) {
        let trace = self.trace.filter(|trace| trace.brought);
        (self.inner, trace.map(|trace| trace.text))
    }

    /// Where the error was taken up.
    pub(crate) fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// The text of the backtrace, and whether it ends where the error was taken up. An error that has a backtrace of its own is told
    /// with that, also where an outcome was made of it.
    pub(crate) fn backtrace(&self) -> Option<(&str, bool)> {
        let brought = self.chosen().and_then(|chosen| chosen.0.trace());
        brought.map(|text| (text, false)).or_else(|| {
            let trace = self.trace.as_ref()?;
            Some((&*trace.text, !trace.brought))
        })
    }
}

/// The name of an error's type, where the type is not just another form of an error.
fn error_name<E>() -> Option<&'static str> {
    let name = type_name::<E>();
    let forms = [
        type_name::<&str>(),
        type_name::<String>(),
        type_name::<Cow<'_, str>>(),
        type_name::<BoxError>(),
    ];
    // The error in them tells its own name.
    let pointers = ["alloc::boxed::Box<", "alloc::sync::Arc<"];
    // What reports are boxed as begins its `Debug` with a message instead of a name.
    let reports = ["anyhow::", "eyre::", "miette::", "error_stack::"];
    if forms.contains(&name) || pointers.iter().any(|path| name.starts_with(path)) {
        None
    } else if reports.iter().any(|path| name.starts_with(path)) {
        Some("Error")
    } else {
        Some(name)
    }
}

/// The last segment of a type's path.
fn short(type_name: &str) -> &str {
    let end = type_name.find('<').unwrap_or(type_name.len());
    let path = type_name.get(..end).unwrap_or(type_name);
    path.rsplit("::").next().unwrap_or(path)
}

fn captured() -> Option<Trace> {
    let backtrace = Backtrace::capture();
    (backtrace.status() == BacktraceStatus::Captured).then(|| Trace {
        text: backtrace.to_string(),
        brought: false,
    })
}

impl<E: Into<BoxError>> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::take_up(error)
    }
}

/// The `anyhow::Error` that was taken up, with its backtrace, below the sentences that were put in front of it; or else the error as it was.
#[cfg(feature = "anyhow")]
fn to_anyhow(error: BoxError) -> Result<::anyhow::Error, BoxError> {
    match error.downcast::<anyhow::Kept>() {
        Ok(kept) => Ok(kept.0),
        Err(error) => {
            let Context { message, source } = *error.downcast::<Context>()?;
            match to_anyhow(source) {
                Ok(kept) => Ok(kept.context(message)),
                Err(source) => Err(Box::new(Context { message, source })),
            }
        }
    }
}

#[cfg(feature = "anyhow")]
impl From<Error> for ::anyhow::Error {
    fn from(error: Error) -> Self {
        match to_anyhow(error.inner) {
            Ok(kept) => kept,
            Err(inner) => ::anyhow::anyhow!(Error { inner, ..error }.into_boxed()),
        }
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
            write!(f, "\n\n{}", trace.text)?;
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

/// An error of a chain that was read where it was.
struct Told {
    link: Link,
    source: Option<Box<Self>>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.link.message)
    }
}

impl fmt::Debug for Told {
    /// Begins with the name of the type that was read, as a derived one does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.link.kind, self.link.message)
    }
}

impl StdError for Told {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
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
        assert_eq!(error.links()[0].kind, "ParseIntError");
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
        for error in [
            Error::msg("No rows"),
            "No rows".into(),
            "No rows".to_owned().into(),
        ] {
            assert_eq!(error.to_string(), "No rows");
            assert_eq!(error.links()[0].kind, "Error");
        }
    }
}
