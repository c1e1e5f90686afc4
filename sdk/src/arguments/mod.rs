//! The arguments of a handler: where each comes from, and how it gets into a parameter.

mod parameter;

pub use parameter::{Inputs, Parameter};

use crate::ending::error::Error;
use crate::task::Task;

/// The arguments of one call of a handler, in the order of its data parameters.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Arguments {
    list: std::vec::IntoIter<Argument>,
}

/// An argument: its name, and where its value comes from.
#[derive(Clone, Debug)]
pub struct Argument {}

impl Arguments {
    /// Those of the task's call in the Dag, which are as many as the handler takes.
    pub(crate) fn of_call<I: Inputs>(_task: &Task) -> Result<Self, Error> {
        Err(Error::msg("arguments are not read yet"))
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Result<Argument, Error> {
        let next = self.list.next();
        next.ok_or_else(|| Error::msg("the handler takes more arguments than there are"))
    }
}
