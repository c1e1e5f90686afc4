//! Which functions are task handlers.

use serde::Serialize;

use crate::arguments::{Arguments, Inputs, Parameter};
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
/// - `fn(A, B, ..) -> Result<T, E>`, with up to ten parameters, each a [`Parameter`]: `&Task` at any place, and the arguments of the task's
///   call in the Dag, in their order
/// - the same without a result, which can only succeed (or panic)
/// - with the feature `tokio`, `async fn`s of the same shapes
///
/// The value of type `T` becomes the task's XCom `return_value`, unless it serializes as null (`()`, `None`).
///
/// # Arguments
///
/// ```
/// use airflow_sdk::testing::Supervisor;
/// use airflow_sdk::{Result, Task};
///
/// // load(extract(), limit=2), with the stub def load(orders: list[int], limit: int = 1000)
/// fn load(task: &Task, orders: Vec<u64>, limit: usize) -> Result<usize> {
///     log::info!("{} of {} orders in {}", limit, orders.len(), task.run_id());
///     Ok(orders.len().min(limit))
/// }
///
/// let supervisor = Supervisor::new().xcom("extract", [3, 4, 5]);
/// let report = supervisor.upstream_argument("orders", "extract").argument("limit", 2).run_task(load);
/// assert_eq!(report.return_value(), Some(2));
/// ```
///
/// Airflow 3.4 sends arguments, to bundles that are packed for it alone, unless a call passes none or the task is mapped. Where they do not arrive,
/// or do not fit the parameters, the task fails for good, and the handler does not run: a count that does not fit is an error with both
/// signatures, a value that does not fit one with the argument's name, where it comes from, and both types. What failed on the way, such as an API
/// server that is away, is tried again. A handler without data parameters runs whatever the call passes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task handler",
    label = "not a task handler",
    note = "a handler is `fn(&Task, A, B, ..) -> Result<T, E>`: `&Task` may be left out, the other parameters are owned and `Deserialize`, `T` is `Serialize`, the result may be left out",
    note = "a closure names the types of its parameters: `|task: &Task, rows: Vec<Row>| ..`",
    note = "`async fn` handlers need the feature `tokio` of airflow-sdk"
)]
pub trait TaskHandler<Marker>: Send + Sync + 'static {
    /// The types of the data parameters.
    #[doc(hidden)]
    type Inputs: Inputs;

    /// How many data parameters the function has: those that the arguments of the task's call in the Dag fill.
    #[doc(hidden)]
    const PARAMETERS: usize = Self::Inputs::COUNT;

    /// Calls the function with these arguments, wherever they come from.
    #[doc(hidden)]
    fn run(&self, task: &Task, arguments: Arguments) -> Result<Returned, Error>;
}

/// Tells the implementations of [`TaskHandler`] for `async fn`s from the others.
#[cfg(feature = "tokio")]
#[doc(hidden)]
#[derive(Debug)]
pub struct Asynchronous;

/// The types of the data parameters among all parameters.
macro_rules! inputs {
    () => { () };
    ($first:ident $( $rest:ident )*) => { $first::Before<inputs!($( $rest )*)> };
}

/// Each parameter has two bounds: the first is for a call with any lifetimes and tells the types, the second, for each lifetime of the
/// task, makes the call.
macro_rules! handlers {
    ($( $P:ident )*) => {
        impl<F, R, M, $( $P: Parameter ),*> TaskHandler<fn($( $P ),*) -> (R, M)> for F
        where
            F: Fn($( $P ),*) -> R + for<'t> Fn($( $P::Item<'t> ),*) -> R + Send + Sync + 'static,
            R: TaskResult<M>,
        {
            type Inputs = inputs!($( $P )*);

            #[allow(unused_mut, unused_variables, reason = "a function may have no parameters")]
            fn run(&self, task: &Task, mut arguments: Arguments) -> Result<Returned, Error> {
                self($( $P::take(task, &mut arguments)? ),*).into_returned()
            }
        }

        #[cfg(feature = "tokio")]
        impl<F, R, M, $( $P: Parameter ),*> TaskHandler<(Asynchronous, fn($( $P ),*) -> (R, M))> for F
        where
            F: AsyncFn($( $P ),*) -> R + for<'t> AsyncFn($( $P::Item<'t> ),*) -> R + Send + Sync + 'static,
            R: TaskResult<M>,
        {
            type Inputs = inputs!($( $P )*);

            #[allow(unused_mut, unused_variables, reason = "a function may have no parameters")]
            fn run(&self, task: &Task, mut arguments: Arguments) -> Result<Returned, Error> {
                let future = self($( $P::take(task, &mut arguments)? ),*);
                crate::bundle::runtime::block_on(task, future)?.into_returned()
            }
        }
    };
}

handlers!();
handlers!(A);
handlers!(A B);
handlers!(A B C);
handlers!(A B C D);
handlers!(A B C D E);
handlers!(A B C D E G);
handlers!(A B C D E G H);
handlers!(A B C D E G H I);
handlers!(A B C D E G H I J);
handlers!(A B C D E G H I J K);

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
/// // A downstream task `.expand()`s over this list.
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

    /// Sends the value's length along, which a task needs whose value a downstream task `.expand()`s over. The value must be
    /// a list or a map of at most `[core] max_map_length` (1024) entries.
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

/// How the arguments of a handler are taken from the task's call in the Dag.
pub(crate) type Take = fn(&Task) -> Result<Arguments, Error>;

/// Those of this handler. One that takes none runs whatever the call passes.
pub(crate) const fn take<M, H: TaskHandler<M>>() -> Take {
    // In a constant, so that the code for arguments is in no executable that takes none.
    const {
        if H::PARAMETERS == 0 {
            Arguments::none
        } else {
            Arguments::of_call::<H::Inputs>
        }
    }
}

/// Erases a handler's types.
pub(crate) fn boxed<M, H: TaskHandler<M>>(handler: H) -> BoxHandler {
    let take = take::<M, H>();
    Box::new(move |task| handler.run(task, take(task)?))
}
