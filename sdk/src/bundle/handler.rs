//! Which functions are task handlers.

use crate::bundle::returns::TaskResult;
use crate::ending::error::Error;
use crate::task::Returned;
use crate::task::Task;

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

/// A handler with its types erased.
pub(crate) type BoxHandler = Box<dyn Fn(&Task) -> Result<Returned, Error> + Send + Sync>;

/// Erases a handler's types.
pub(crate) fn boxed<M>(handler: impl TaskHandler<M>) -> BoxHandler {
    Box::new(move |task| handler.run(task))
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use super::TaskHandler;
    use crate::bundle::returns::TaskResult;
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
