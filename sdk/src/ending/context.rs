//! A sentence in front of an error, and a function's end with one: `context`, `bail!`, `ensure!`.

use std::fmt;

use crate::ending::error::{Error, Result};
use crate::ending::into_error::IntoError;

/// `.context(..)` and `.with_context(..)` on [`Result`](std::result::Result) and [`Option`], in the form that anyhow gave them.
///
/// The error becomes the source of the sentence. It may be of any type that a handler may return, `Box<dyn std::error::Error>` too, which
/// `?` alone does not take. An outcome below a sentence counts.
///
/// ```
/// use airflow_sdk::{Context, Result};
///
/// fn port(text: Option<&str>) -> Result<u16> {
///     let text = text.context("no port was given")?;
///     text.parse().with_context(|| format!("reading the port {text:?}"))
/// }
/// let error = port(Some("http")).expect_err("no number");
/// assert_eq!(format!("{error:#}"), "reading the port \"http\": invalid digit found in string");
/// ```
///
/// Where `anyhow::Context` is imported instead, its errors are taken by `?`. A module that imports both traits has to say which is
/// meant at each call.
pub trait Context<T, Marker>: Sized {
    /// Puts a sentence in front of the error.
    #[track_caller]
    fn context(self, message: impl fmt::Display) -> Result<T>;

    /// Puts a sentence in front of the error, made only if there is one.
    #[track_caller]
    fn with_context<C: fmt::Display>(self, message: impl FnOnce() -> C) -> Result<T>;
}

impl<T, E: IntoError<M>, M> Context<T, M> for Result<T, E> {
    #[track_caller]
    fn context(self, message: impl fmt::Display) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into_error().context(message)),
        }
    }

    #[track_caller]
    fn with_context<C: fmt::Display>(self, message: impl FnOnce() -> C) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into_error().context(message())),
        }
    }
}

impl<T> Context<T, ()> for Option<T> {
    #[track_caller]
    fn context(self, message: impl fmt::Display) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(Error::msg(message)),
        }
    }

    #[track_caller]
    fn with_context<C: fmt::Display>(self, message: impl FnOnce() -> C) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(Error::msg(message())),
        }
    }
}

/// Ends the function with an [`Error`]: `bail!("no rows in {table}")`, or `bail!(error)` with an error of any type that a handler may return,
/// such as an [`Outcome`](crate::Outcome) or a `Box<dyn std::error::Error>`, or with whatever has a `Display`.
///
/// ```
/// use airflow_sdk::{Outcome, Result, bail};
///
/// fn load(rows: &[u64]) -> Result<()> {
///     match rows {
///         [] => bail!(Outcome::skip("no rows")),
///         [0, ..] => bail!("{} rows, and the first is empty", rows.len()),
///         _ => Ok(()),
///     }
/// }
/// # assert_eq!(load(&[]).unwrap_err().to_string(), "the task skips itself: no rows");
/// # assert_eq!(load(&[0, 1]).unwrap_err().to_string(), "2 rows, and the first is empty");
/// ```
#[macro_export]
macro_rules! bail {
    ($message:literal $(,)?) => {
        return ::core::result::Result::Err($crate::Error::msg(::core::format_args!($message)))
    };
    ($error:expr $(,)?) => {
        return ::core::result::Result::Err({
            #[allow(unused_imports, reason = "most errors need neither trait")]
            use $crate::__private::{BailLocal as _, BailText as _};
            $crate::__private::Bail($error).error()
        })
    };
    ($format:expr, $( $argument:tt )*) => {
        return ::core::result::Result::Err($crate::Error::msg(::core::format_args!($format, $( $argument )*)))
    };
}

/// Ends the function with an [`Error`] unless the condition holds: `ensure!(rows > 0)`, or as in [`bail!`](crate::bail!) with a message or an
/// error behind the condition.
///
/// ```
/// use airflow_sdk::{Result, ensure};
///
/// fn load(rows: u64) -> Result<()> {
///     ensure!(rows > 0);
///     ensure!(rows < 1000, "{rows} rows are too many");
///     Ok(())
/// }
/// # assert_eq!(load(0).unwrap_err().to_string(), "Condition failed: `rows > 0`");
/// # assert_eq!(load(1000).unwrap_err().to_string(), "1000 rows are too many");
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr $(,)?) => {
        if $crate::__private::fails($condition) {
            return ::core::result::Result::Err($crate::Error::msg(::core::concat!(
                "Condition failed: `",
                ::core::stringify!($condition),
                "`"
            )));
        }
    };
    ($condition:expr, $( $error:tt )+) => {
        if $crate::__private::fails($condition) {
            $crate::bail!($( $error )+);
        }
    };
}

/// Negates the condition of `ensure!` where no lint looks at it.
pub const fn fails(condition: bool) -> bool {
    !condition
}

/// The argument of `bail!`.
#[derive(Debug)]
pub struct Bail<T>(pub T);

impl<T: Into<Error>> Bail<T> {
    /// The error itself.
    #[track_caller]
    pub fn error(self) -> Error {
        self.0.into()
    }
}

/// Takes up errors that `?` does not take, such as `Box<dyn std::error::Error>`. The compiler comes to this trait where the method of
/// [`Bail`] itself does not apply.
pub trait BailLocal<Marker> {
    /// The error itself.
    #[track_caller]
    fn error(self) -> Error;
}

impl<T: IntoError<M>, M> BailLocal<M> for Bail<T> {
    #[track_caller]
    fn error(self) -> Error {
        self.0.into_error().with_place()
    }
}

/// Makes an error of a text. The compiler comes to this trait last, because its method takes a reference.
pub trait BailText {
    /// The text as an error.
    #[track_caller]
    fn error(&self) -> Error;
}

impl<T: fmt::Display> BailText for Bail<T> {
    #[track_caller]
    fn error(&self) -> Error {
        Error::msg(&self.0)
    }
}
