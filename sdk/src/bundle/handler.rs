//! Which functions are task handlers.

use crate::arguments::{Arguments, Inputs, Parameter};
use crate::bundle::returns::TaskResult;
use crate::ending::error::Error;
use crate::task::Returned;
use crate::task::Task;

/// A function that can be registered as a task.
///
/// Implemented for functions and closures of these shapes, with any serializable `T` and any error type `E` that is
/// [`IntoError`](crate::IntoError): [`Error`], whatever `?` takes, and `Box<dyn std::error::Error>`:
///
/// - `fn(A, B, ..) -> Result<T, E>`, with up to ten parameters in all, each a [`Parameter`]: `&Task` at any place, and the arguments of the task's
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
/// Airflow 3.4 sends arguments, to bundles that are packed for it alone, unless a call passes none or the task is mapped. If they do not arrive,
/// or do not fit the parameters, the task fails for good, and the handler does not run: the error of a wrong count has both signatures, the
/// error of a wrong value has the argument's name, where it comes from, and both types. Airflow tries the task again if a request for an
/// argument fails, because the API server is away, say. A handler without data parameters runs whatever the call passes.
///
/// In [`bundle!`](crate::bundle!), a handler with data parameters is a function that is named by its path. A closure, or an expression in
/// parentheses, takes `&Task` alone, and in a Dag with such a handler so does each function behind an id. There, name the function without
/// an id, or register the handler with [`Bundle::register`](crate::Bundle::register), which takes each.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task handler",
    label = "not a task handler",
    note = "parameters: ten in all: `&Task` at any place, and owned types that are `Deserialize`, as `String` is and `&str` is not; a closure \
            names their types",
    note = "result: none, or `Result<T, E>` with `T: Serialize` or `Output<T>`",
    note = "error type: `airflow_sdk::Error`, an error that is `Send + Sync + 'static` or else `Into<Box<dyn std::error::Error + Send + Sync>>`, \
            or `Box<dyn std::error::Error>`",
    note = "the handler itself: a function or closure, not what it returns; `Send + Sync + 'static`, as is what a closure captures"
)]
#[cfg_attr(
    not(feature = "tokio"),
    diagnostic::on_unimplemented(note = "`async fn` needs the feature `tokio` of airflow-sdk")
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

/// A handler with its types erased.
pub(crate) type BoxHandler = Box<dyn Fn(&Task) -> Result<Returned, Error> + Send + Sync>;

/// How the arguments of a handler are taken from the task's call in the Dag.
pub(crate) type Take = fn(&Task) -> Result<Arguments, Error>;

/// Chooses how the arguments of this handler are taken. A handler without data parameters runs whatever the call passes.
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
