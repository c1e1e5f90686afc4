//! Which types the parameters of a handler can have.

use serde::de::DeserializeOwned;

use super::Arguments;
use crate::ending::error::Error;
use crate::task::Task;

/// A parameter of a handler: `&Task`, or a data parameter of any owned type that is [`Deserialize`](serde::Deserialize).
#[diagnostic::on_unimplemented(
    message = "a task handler can't have a parameter of type `{Self}`",
    note = "a parameter is `&Task`, or an owned type that is `Deserialize`"
)]
pub trait Parameter {
    /// The type of the value, which may be borrowed from the task.
    #[doc(hidden)]
    type Item<'t>;
    /// The data parameters, from this one on.
    #[doc(hidden)]
    type Before<Rest: Inputs>: Inputs;

    /// Takes what belongs to the parameter from the arguments that are left.
    #[doc(hidden)]
    fn take<'t>(task: &'t Task, arguments: &mut Arguments) -> Result<Self::Item<'t>, Error>;
}

impl<T: DeserializeOwned> Parameter for T {
    type Item<'t> = T;
    type Before<Rest: Inputs> = (T, Rest);

    fn take(_: &Task, arguments: &mut Arguments) -> Result<T, Error> {
        arguments.next()?;
        Err(Error::msg("arguments are not read yet"))
    }
}

impl Parameter for &Task {
    type Item<'t> = &'t Task;
    type Before<Rest: Inputs> = Rest;

    fn take<'t>(task: &'t Task, _: &mut Arguments) -> Result<&'t Task, Error> {
        Ok(task)
    }
}

/// The types of the data parameters of a handler, as nested pairs: `(A, (B, ()))`.
#[doc(hidden)]
pub trait Inputs {
    /// How many there are.
    const COUNT: usize;
}

impl Inputs for () {
    const COUNT: usize = 0;
}

impl<T, Rest: Inputs> Inputs for (T, Rest) {
    const COUNT: usize = 1 + Rest::COUNT;
}
