//! The arguments of a handler: where each comes from, and how it gets into a parameter.

mod argument;
mod lazy;
mod named;
mod parameter;

pub use argument::Argument;
pub use lazy::Lazy;
pub use named::Args;
pub use parameter::{Inputs, Parameter};

use airflow_protocol::arguments::CallArguments;

use crate::client::error::{ClientError, ClientErrorKind};
use crate::ending::error::Error;
use crate::ending::outcome::Outcome;
use crate::task::{NO_LITERALS, Task};

/// The arguments for one call of a handler, in the order of its data parameters, wherever they come from.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Arguments {
    list: std::vec::IntoIter<Argument>,
}

impl Arguments {
    /// Makes the empty list for a handler without data parameters.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "another function may take its place"
    )]
    pub(crate) fn none(_: &Task) -> Result<Self, Error> {
        Ok(Self::default())
    }

    /// Reads the arguments of the task's call in the Dag. An error unless there are as many as the handler takes, or it takes them by name.
    pub(crate) fn of_call<I: Inputs>(task: &Task) -> Result<Self, Error> {
        let count = (!I::BY_NAME).then_some(I::COUNT);
        let list = of_call(task, count, &|| signature(&I::type_names())).map_err(refused)?;
        Ok(Self {
            list: list.into_iter(),
        })
    }

    /// Takes the argument for the next data parameter.
    pub(crate) fn next(&mut self) -> Result<Argument, Error> {
        let next = self.list.next();
        next.ok_or_else(|| {
            Error::msg("the handler takes more arguments than there are").without_place()
        })
    }

    /// Takes all arguments that are left.
    pub(crate) fn rest(&mut self) -> Vec<Argument> {
        self.list.by_ref().collect()
    }
}

impl Task {
    /// The arguments of the task's call in the Dag, without types: what the parameters of a handler take, for a handler that takes them
    /// another way. Empty if the call passes none, and for a mapped task.
    ///
    /// An error of the kind [`Unsupported`](ClientErrorKind::Unsupported) where arguments cannot arrive: under Airflow 3.3, and under 3.4
    /// in a bundle that is packed for 3.3 too.
    ///
    /// ```
    /// use airflow_sdk::testing::Supervisor;
    /// use airflow_sdk::{Result, Task};
    ///
    /// fn shows(task: &Task) -> Result<()> {
    ///     for argument in task.args()? {
    ///         log::info!("{} = {:?}", argument.name(), argument.value()?);
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let report = Supervisor::new().argument("limit", 5).run_task(shows);
    /// assert!(report.has_log("limit = Number(5)"));
    /// ```
    pub fn args(&self) -> Result<Vec<Argument>, ClientError> {
        match self.call_arguments()? {
            CallArguments::Unsent => Err(cannot_arrive(
                self,
                "the arguments of the task's call are not there",
            )),
            CallArguments::Nothing => Ok(Vec::new()),
            CallArguments::Given(bindings) => Ok(Argument::list(self, bindings)),
        }
    }

    fn call_arguments(&self) -> Result<CallArguments, ClientError> {
        self.details().call_arguments().map_err(|problem| {
            ClientError::new(
                ClientErrorKind::Decode,
                format!("the arguments of the task's call can't be read: {problem}"),
            )
        })
    }
}

/// The arguments of the call, for a function of this signature with `count` data parameters, or one that takes them by name.
fn of_call(
    task: &Task,
    count: Option<usize>,
    signature: &dyn Fn() -> String,
) -> Result<Vec<Argument>, ClientError> {
    let wrong = |text| Err(ClientError::new(ClientErrorKind::Decode, text));
    match task.call_arguments()? {
        CallArguments::Unsent => Err(cannot_arrive(
            task,
            &format!(
                "the function of the task {:?} takes {}, and no arguments can arrive",
                task.task_id(),
                signature()
            ),
        )),
        CallArguments::Nothing => {
            let why = if task.map_index().is_some() {
                format!(
                    "this release of Airflow sends none to a mapped task (`.expand()`). Take `&Task` alone, and read the element with \
                     `task.mapped_item(\"upstream_task\")`. {NO_LITERALS}"
                )
            } else {
                "the task's call in the Dag passes none: pass at least one there, because defaults alone are not sent".to_owned()
            };
            wrong(format!(
                "the function of the task {:?} takes {}, but Airflow has sent no arguments: {why}",
                task.task_id(),
                signature()
            ))
        }
        CallArguments::Given(bindings) => {
            let list = Argument::list(task, bindings);
            if count.is_some_and(|count| count != list.len()) {
                return wrong(format!(
                    "the arguments of the task {:?} do not fit its function: the stub in the Dag passes {} ({}), the function takes {} {}",
                    task.task_id(),
                    list.len(),
                    Argument::described(&list),
                    count.unwrap_or_default(),
                    signature()
                ));
            }
            Ok(list)
        }
    }
}

/// The error of arguments that cannot arrive, with what to do.
fn cannot_arrive(task: &Task, what: &str) -> ClientError {
    let details = task.details();
    let why = if details.could_send_arguments() {
        "this bundle is packed for older releases too, and Airflow sends arguments only to those of schema version 2026-10-30: pack it \
         with `cargo airflow-bundle --airflow 3.4`"
            .to_owned()
    } else {
        format!(
            "{} does not send the arguments of a stub's call. Airflow 3.4 does, to a bundle that is packed with \
             `cargo airflow-bundle --airflow 3.4`; here take `&Task` alone, and read results with `task.xcom(\"task_id\")`",
            details.release
        )
    };
    ClientError::new(ClientErrorKind::Unsupported, format!("{what}: {why}"))
}

/// The types of data parameters, as they are written.
fn signature(types: &[String]) -> String {
    format!("({})", types.join(", "))
}

/// Makes the handler's error of the error of an argument. A value that the parameter cannot take fails the task for good, because a retry
/// would find the same value; a request that failed is tried again. No line of the author's has failed, so the error has no place.
fn refused(error: ClientError) -> Error {
    use ClientErrorKind as Kind;
    match error.kind() {
        Kind::Decode | Kind::XComNotFound | Kind::Unsupported | Kind::Name => {
            Error::new(Outcome::fail(error))
        }
        _ => Error::new(error),
    }
    .without_place()
}
