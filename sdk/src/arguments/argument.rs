//! One argument: where its value comes from, and the way from there.

use std::fmt;

use airflow_protocol::arguments::{Binding, Origin};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::error::{ClientError, ClientErrorKind};
use crate::task::Task;
use crate::value::{plain, shape, short_type_name};

/// The longest schema, in bytes, that an error shows.
const SHOWN_SCHEMA: usize = 200;

/// An argument of the task's call in the Dag; see [`Task::args`].
#[derive(Clone)]
pub struct Argument {
    task: Task,
    binding: Binding,
    /// Its place among all, from 1, and how many there are.
    place: (usize, usize),
}

impl Argument {
    /// The arguments of a call.
    pub(super) fn list(task: &Task, bindings: Vec<Binding>) -> Vec<Self> {
        let count = bindings.len();
        let numbered = bindings.into_iter().enumerate();
        numbered
            .map(|(at, binding)| Self {
                task: task.clone(),
                binding,
                place: (at + 1, count),
            })
            .collect()
    }

    /// The name of the stub's parameter.
    pub fn name(&self) -> &str {
        &self.binding.name
    }

    /// The id of the task whose return value this is; `None` for a value that stands in the Dag.
    pub fn upstream(&self) -> Option<&str> {
        match &self.binding.origin {
            Origin::XCom { task_id } => Some(task_id),
            Origin::Literal { .. } => None,
        }
    }

    /// Whether the value is the default of the stub's parameter, and the call does not name it.
    pub fn is_default(&self) -> bool {
        matches!(
            self.binding.origin,
            Origin::Literal {
                from_default: true,
                ..
            }
        )
    }

    /// The JSON Schema of the annotation of the stub's parameter, if there is one. Airflow holds no values against it.
    pub fn schema(&self) -> Option<&Value> {
        self.binding.schema.as_ref()
    }

    /// The value as JSON: a literal as it is, the result of a task with Python's own types simplified (see [`python`](crate::python)). Null for
    /// a task that was skipped, failed or returned nothing.
    pub fn value(&self) -> Result<Value, ClientError> {
        self.pull().map(|value| match self.upstream() {
            Some(_) => plain(value),
            None => value,
        })
    }

    /// The value, deserialized. An integer is taken for a float, and nothing else is converted.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let value = self.pull()?;
        let shape = shape(&value);
        let value = match self.upstream() {
            Some(_) => plain(value),
            None => value,
        };
        serde_json::from_value(value)
            .map_err(|error| self.unfit(shape, &short_type_name::<T>(), &error))
    }

    /// The value as it came.
    pub(super) fn pull(&self) -> Result<Value, ClientError> {
        match &self.binding.origin {
            Origin::Literal { value, .. } => Ok(value.clone()),
            Origin::XCom { task_id } => self.task.xcom_of(task_id).value_or_null(),
        }
    }

    /// The error of a value that is no `wanted`.
    pub(super) fn unfit(
        &self,
        shape: &'static str,
        wanted: &str,
        error: &serde_json::Error,
    ) -> ClientError {
        if shape == "null"
            && let Some(task_id) = self.upstream()
        {
            return ClientError::new(
                ClientErrorKind::XComNotFound,
                format!(
                    "{self}, the result of the task {task_id:?}, has no value: that task was skipped, failed or returned nothing. \
                     `Option<{wanted}>` allows for that"
                ),
            );
        }
        let origin = match &self.binding.origin {
            Origin::XCom { task_id } => format!("the result of the task {task_id:?}"),
            Origin::Literal {
                from_default: true, ..
            } => "the default of the stub".to_owned(),
            Origin::Literal { .. } => "a literal".to_owned(),
        };
        let null = match shape {
            "null" => format!(". `Option<{wanted}>` takes a null"),
            _ => String::new(),
        };
        let schema = self.schema().map(Value::to_string);
        let schema = match schema.filter(|schema| schema.len() <= SHOWN_SCHEMA) {
            Some(schema) => format!(". The stub's annotation says {schema}"),
            None => String::new(),
        };
        let text = format!("{self}, {origin}, is {shape}, not a {wanted}: {error}{null}{schema}");
        ClientError::new(ClientErrorKind::Decode, text)
    }

    /// The name, and where the value comes from.
    pub(super) fn described(&self) -> String {
        let name = self.name();
        match &self.binding.origin {
            Origin::XCom { task_id } => format!("{name}: the result of {task_id:?}"),
            Origin::Literal {
                from_default: true, ..
            } => format!("{name}: a default"),
            Origin::Literal { .. } => format!("{name}: a literal"),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, count) = self.place;
        write!(f, "the argument {:?} ({place} of {count})", self.name())
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Argument").field(&self.binding).finish()
    }
}
