//! What task handlers may return.

use serde::Serialize;

use crate::ending::error::Error;
use crate::ending::into_error::IntoError;
use crate::task::Returned;
use crate::value::{ValueError, to_value};

/// What a handler may return.
#[diagnostic::on_unimplemented(
    message = "a task handler can't return `{Self}`",
    note = "return `()` or `Result<T, E>` with `T: Serialize` and an error that `airflow_sdk::Error` can take up"
)]
pub trait TaskResult<Marker> {
    #[doc(hidden)]
    fn into_returned(self) -> Result<Returned, Error>;
}

impl TaskResult<()> for () {
    fn into_returned(self) -> Result<Returned, Error> {
        Ok(Returned::default())
    }
}

impl<T: IntoOutput, E: IntoError<M>, M> TaskResult<(T, M)> for Result<T, E> {
    fn into_returned(self) -> Result<Returned, Error> {
        let output = self.map_err(IntoError::into_error)?;
        output.into_output().map_err(|error| {
            Error::msg(format!(
                "the return value can't be sent to Airflow: {error}"
            ))
            .without_place()
        })
    }
}

/// What a handler may return as its value: everything serializable, and [`Output`].
pub trait IntoOutput {
    #[doc(hidden)]
    fn into_output(self) -> Result<Returned, ValueError>;
}

impl<T: Serialize> IntoOutput for T {
    fn into_output(self) -> Result<Returned, ValueError> {
        to_value(&self).map(|value| Returned {
            value,
            ..Returned::default()
        })
    }
}

/// A return value with options.
///
/// ```
/// use airflow_sdk::{Output, Result};
///
/// // A downstream task `.expand()`s over this list, which must not be longer than Airflow allows.
/// fn files() -> Result<Output<Vec<String>>> {
///     Ok(Output::new(vec!["a.csv".to_owned(), "b.csv".to_owned()]).mapped())
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Output<T> {
    value: T,
    mapped: bool,
    dag_result: bool,
}

impl<T> Output<T> {
    /// A return value, as yet without options.
    pub fn new(value: T) -> Self {
        Self {
            value,
            mapped: false,
            dag_result: false,
        }
    }

    /// Sends the value's length along, which a task needs whose value a downstream task `.expand()`s over; else the task fails. The value
    /// must be a list or a map of at most `[core] max_map_length` (1024) entries. Without this, the length of up to 1024 entries is sent
    /// too, and the value is pushed also where Airflow refuses the length; the log says so, and also where there are more entries.
    #[must_use]
    pub fn mapped(mut self) -> Self {
        self.mapped = true;
        self
    }

    /// Marks the value as the result of the whole Dag run.
    #[must_use]
    pub fn dag_result(mut self) -> Self {
        self.dag_result = true;
        self
    }
}

impl<T: Serialize> IntoOutput for Output<T> {
    fn into_output(self) -> Result<Returned, ValueError> {
        Ok(Returned {
            value: to_value(&self.value)?,
            mapped: self.mapped,
            dag_result: self.dag_result,
        })
    }
}
