//! An argument that is read when the handler asks for it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{Argument, Arguments, Inputs, Parameter};
use crate::client::error::ClientError;
use crate::ending::error::Error;
use crate::task::Task;

/// A parameter whose value is read when the handler asks for it, and not before the handler begins: for a large result that is not always
/// needed, or one that may be absent.
///
/// ```
/// use airflow_sdk::testing::Supervisor;
/// use airflow_sdk::{Lazy, Result};
///
/// fn load(dry_run: bool, orders: Lazy<Vec<u64>>) -> Result<usize> {
///     if dry_run {
///         return Ok(0);
///     }
///     Ok(orders.get()?.len())
/// }
///
/// let supervisor = Supervisor::new().xcom("extract", [3, 4]);
/// let report = supervisor.argument("dry_run", false).upstream_argument("orders", "extract").run_task(load);
/// assert_eq!(report.return_value(), Some(2));
/// ```
pub struct Lazy<T> {
    argument: Argument,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Lazy<T> {
    /// Reads the value: each call asks Airflow anew. Unlike the error of another parameter, one of this call is retried, unless the handler
    /// makes an [`Outcome::fail`](crate::Outcome::fail) of it.
    pub fn get(&self) -> Result<T, ClientError> {
        self.argument.get()
    }
}

impl<T> Lazy<T> {
    /// The argument, without its type.
    pub fn argument(&self) -> &Argument {
        &self.argument
    }
}

impl<T> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self {
            argument: self.argument.clone(),
            value: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lazy").field(&self.argument).finish()
    }
}

impl<T: DeserializeOwned> Parameter for Lazy<T> {
    type Item<'t> = Self;
    type Before<Rest: Inputs> = (Self, Rest);

    fn take(_: &Task, arguments: &mut Arguments) -> Result<Self, Error> {
        Ok(Self {
            argument: arguments.next()?,
            value: PhantomData,
        })
    }
}
