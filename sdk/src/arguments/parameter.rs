//! Which types the parameters of a handler can have.

use serde::de::DeserializeOwned;

use super::{Arguments, refused};
use crate::ending::error::Error;
use crate::task::Task;
use crate::value::short_type_name;

/// A parameter of a handler.
///
/// - `&Task`, at any place: the running task.
/// - Any owned type that is [`Deserialize`](serde::Deserialize): the argument at this place of the task's call in the Dag, `&Task` not
///   counted. The result of another task is read before the handler begins.
///   `Option<T>` is `None` for a null, and for the result of a task that was skipped, failed or returned nothing.
/// - [`Lazy<T>`](crate::Lazy): the same, read when the handler asks for it.
/// - [`Args<T>`](crate::Args), as the only one besides `&Task`: all arguments, by their names.
#[diagnostic::on_unimplemented(
    message = "a task handler can't have a parameter of type `{Self}`",
    note = "a parameter is `&Task`, an owned type that is `Deserialize`, `Lazy<T>`, or alone `Args<T>`"
)]
pub trait Parameter {
    /// The type of the value, which may be borrowed from the task.
    #[doc(hidden)]
    type Item<'t>;
    /// The data parameters, from this one on.
    #[doc(hidden)]
    type Before<Rest: Inputs>: Inputs;
    /// Whether it takes all arguments, by their names.
    #[doc(hidden)]
    const BY_NAME: bool = false;

    /// Takes what belongs to the parameter from the arguments that are left.
    #[doc(hidden)]
    fn take<'t>(task: &'t Task, arguments: &mut Arguments) -> Result<Self::Item<'t>, Error>;
}

impl<T: DeserializeOwned> Parameter for T {
    type Item<'t> = T;
    type Before<Rest: Inputs> = (T, Rest);

    fn take(_: &Task, arguments: &mut Arguments) -> Result<T, Error> {
        arguments.next()?.get().map_err(refused)
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
    /// Whether one takes all arguments, by their names.
    const BY_NAME: bool;

    /// The names of the types.
    fn type_names() -> Vec<String>;
}

impl Inputs for () {
    const COUNT: usize = 0;
    const BY_NAME: bool = false;

    fn type_names() -> Vec<String> {
        Vec::new()
    }
}

impl<T: Parameter, Rest: Inputs> Inputs for (T, Rest) {
    const COUNT: usize = {
        assert!(
            Rest::COUNT == 0 || !(T::BY_NAME || Rest::BY_NAME),
            "`Args<T>` takes all arguments of the task's call, so a handler has no other data parameter beside it: only `&Task`"
        );
        1 + Rest::COUNT
    };
    const BY_NAME: bool = T::BY_NAME || Rest::BY_NAME;

    fn type_names() -> Vec<String> {
        let mut names = vec![short_type_name::<T>()];
        names.extend(Rest::type_names());
        names
    }
}
