//! Which functions are task handlers.

use serde::Serialize;

use crate::ending::error::Error;
#[cfg(feature = "anyhow")]
use crate::ending::error_chain;
use crate::ending::outcome::BoxError;
#[cfg(feature = "anyhow")]
use crate::ending::outcome::Outcome;
use crate::task::Returned;
use crate::task::Task;
use crate::value::{ValueError, to_value};

/// A function that can be registered as a task.
///
/// Implemented for functions and closures of these shapes, with any serializable `T` and any error type `E` that is
/// [`Error`], a [`std::error::Error`], a [`BoxError`], a `String`, a `&'static str` or (feature `anyhow`) an
/// `anyhow::Error`:
///
/// - `fn(&Task) -> Result<T, E>` and `fn() -> Result<T, E>`
/// - `fn(&Task)` and `fn()`, which can only succeed (or panic)
/// - with the feature `tokio`, `async fn`s of the same shapes
///
/// The value of type `T` becomes the task's XCom `return_value`, unless it serializes as null (`()`, `None`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task handler",
    label = "not a task handler",
    note = "a handler is `fn(&Task) -> Result<T, E>` with `T: Serialize`, or the same without the argument or the result",
    note = "`async fn` handlers need the feature `tokio` of airflow-sdk"
)]
pub trait TaskHandler<Marker>: Send + Sync + 'static {
    /// How many data parameters the function has: those that the arguments of the task's call in the Dag fill.
    #[doc(hidden)]
    const PARAMETERS: usize = 0;

    #[doc(hidden)]
    fn run(&self, task: &Task) -> Result<Returned, Error>;
}

impl<F, R, M> TaskHandler<fn() -> (R, M)> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: TaskResult<M>,
{
    fn run(&self, _: &Task) -> Result<Returned, Error> {
        self().into_returned()
    }
}

impl<F, R, M> TaskHandler<fn(&Task) -> (R, M)> for F
where
    F: Fn(&Task) -> R + Send + Sync + 'static,
    R: TaskResult<M>,
{
    fn run(&self, task: &Task) -> Result<Returned, Error> {
        self(task).into_returned()
    }
}

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
        let value = to_value(&self.value)?;
        if self.mapped && !value.is_array() && !value.is_object() {
            return Err(ValueError::new("only a list or a map can be mapped over"));
        }
        Ok(Returned {
            value,
            mapped: self.mapped,
            dag_result: self.dag_result,
        })
    }
}

/// The error types that a handler may return.
pub trait IntoError<Marker> {
    #[doc(hidden)]
    fn into_error(self) -> Error;
}

/// Tells the implementations of [`IntoError`] apart.
#[doc(hidden)]
pub mod by {
    #[derive(Debug)]
    pub struct Own;
    #[derive(Debug)]
    pub struct Std;
    #[derive(Debug)]
    pub struct Boxed;
    #[derive(Debug)]
    pub struct Text;
    #[cfg(feature = "anyhow")]
    #[derive(Debug)]
    pub struct Anyhow;
}

impl IntoError<by::Own> for Error {
    fn into_error(self) -> Error {
        self
    }
}

impl<E: std::error::Error + Send + Sync + 'static> IntoError<by::Std> for E {
    fn into_error(self) -> Error {
        Error::new(self)
    }
}

impl IntoError<by::Boxed> for BoxError {
    fn into_error(self) -> Error {
        Error::from_boxed(self)
    }
}

impl IntoError<by::Text> for String {
    fn into_error(self) -> Error {
        Error::msg(self)
    }
}

impl IntoError<by::Text> for &'static str {
    fn into_error(self) -> Error {
        Error::msg(self)
    }
}

#[cfg(feature = "anyhow")]
impl IntoError<by::Anyhow> for anyhow::Error {
    fn into_error(self) -> Error {
        // A box shows neither what anyhow holds itself nor its contexts, only the sources.
        // The outermost outcome counts. `downcast_ref` finds one that is a context or what the contexts were put in front of, and
        // the sources begin below the outermost context. So the former is not further in, and if both are the same, the box shows it.
        let own = self.downcast_ref::<Outcome>();
        let below = self.source().and_then(error_chain::outcome);
        let shown = match (own, below) {
            (Some(own), Some(below)) => std::ptr::eq(own, below),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if shown {
            return Error::from_anyhow(self);
        }
        match self.downcast::<Outcome>() {
            Ok(outcome) => Error::new(outcome),
            Err(error) => Error::from_anyhow(error),
        }
    }
}

/// A handler with its types erased.
pub(crate) type BoxHandler = Box<dyn Fn(&Task) -> Result<Returned, Error> + Send + Sync>;

/// Erases a handler's types.
pub(crate) fn boxed<M>(handler: impl TaskHandler<M>) -> BoxHandler {
    Box::new(move |task| handler.run(task))
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use super::{TaskHandler, TaskResult};
    use crate::ending::error::Error;
    use crate::task::Returned;
    use crate::task::Task;

    impl<F, R, M> TaskHandler<(Task, fn(&Task) -> (R, M))> for F
    where
        F: AsyncFn(&Task) -> R + Send + Sync + 'static,
        R: TaskResult<M>,
    {
        fn run(&self, task: &Task) -> Result<Returned, Error> {
            crate::bundle::runtime::block_on(task, self(task))?.into_returned()
        }
    }

    impl<F, R, M> TaskHandler<(Task, fn() -> (R, M))> for F
    where
        F: AsyncFn() -> R + Send + Sync + 'static,
        R: TaskResult<M>,
    {
        fn run(&self, task: &Task) -> Result<Returned, Error> {
            crate::bundle::runtime::block_on(task, self())?.into_returned()
        }
    }
}
