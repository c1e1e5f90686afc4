//! An argument of a call: where its value comes from, and how it becomes a type of the handler's.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use airflow_protocol::arguments::{Binding, Origin};
use serde::de::{DeserializeOwned, DeserializeSeed};
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
        self.read().map(|(value, _)| value)
    }

    /// The value, deserialized. An integer is taken for a float, and nothing else is converted.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.deserialize(PhantomData)
    }

    /// The value, deserialized by a seed.
    pub(super) fn deserialize<'de, S: DeserializeSeed<'de>>(
        &self,
        seed: S,
    ) -> Result<S::Value, ClientError> {
        let (value, shape) = self.read()?;
        seed.deserialize(value)
            .map_err(|error| self.unfit(shape, &short_type_name::<S::Value>(), &error))
    }

    /// The value, and the shape in which it came. Only the result of a task is simplified: a literal is plain JSON, whatever it looks like.
    fn read(&self) -> Result<(Value, &'static str), ClientError> {
        match &self.binding.origin {
            Origin::Literal { value, .. } => Ok((value.clone(), shape(value))),
            Origin::XCom { task_id } => {
                let value = self.task.xcom_of(task_id).value_or_null()?;
                let shape = shape(&value);
                Ok((plain(value), shape))
            }
        }
    }

    /// The error of a value that is no `wanted`.
    fn unfit(&self, shape: &'static str, wanted: &str, error: &serde_json::Error) -> ClientError {
        if shape == "null" && self.upstream().is_some() {
            return ClientError::new(
                ClientErrorKind::XComNotFound,
                format!(
                    "{self}, {}, has no value: that task was skipped, failed or returned nothing. `Option<{wanted}>` allows for that",
                    self.origin()
                ),
            );
        }
        let null = match shape {
            "null" => format!(". `Option<{wanted}>` takes a null"),
            _ => String::new(),
        };
        let schema = self.schema().map(Value::to_string);
        let schema = match schema.filter(|schema| schema.len() <= SHOWN_SCHEMA) {
            Some(schema) => format!(". The stub's annotation says {schema}"),
            None => String::new(),
        };
        let origin = self.origin();
        let text = format!("{self}, {origin}, is {shape}, not a {wanted}: {error}{null}{schema}");
        ClientError::new(ClientErrorKind::Decode, text)
    }

    /// Where the value comes from.
    fn origin(&self) -> Cow<'static, str> {
        match &self.binding.origin {
            Origin::XCom { task_id } => format!("the result of the task {task_id:?}").into(),
            Origin::Literal {
                from_default: true, ..
            } => "the default of the stub".into(),
            Origin::Literal { .. } => "a literal".into(),
        }
    }

    /// The names of the arguments, and where their values come from.
    pub(super) fn described(all: &[Self]) -> String {
        let all = all.iter();
        let all: Vec<String> = all
            .map(|argument| format!("{}: {}", argument.name(), argument.origin()))
            .collect();
        all.join(", ")
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
