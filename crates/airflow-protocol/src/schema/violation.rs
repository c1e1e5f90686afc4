//! Why a receiver can't decode a message.

use std::fmt;

use super::Receiver;

/// Why a receiver of Airflow's can't decode a message. A message to the supervisor that has one is never answered.
///
/// It is shown as one line: the message and the field, what is wrong with it, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// The body is not a map.
    NotAMap,
    /// The body has no `type`, or it is not a text.
    NoType,
    /// The receiver does not decode messages of this type.
    Unknown {
        /// The type.
        message: String,
        /// Who got it.
        receiver: Receiver,
    },
    /// A field holds what it may not hold.
    Field {
        /// The message's type and the way to the field, as in `SucceedTask.task_outlets[0].type`.
        path: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is absent.
    Missing {
        /// What it must be.
        allowed: String,
    },
    /// It has a value that is not allowed.
    Value {
        /// The beginning of the value, as JSON.
        value: String,
        /// What it must be.
        allowed: String,
    },
    /// It is there, and the map that holds it takes no such field.
    Extra {
        /// The fields that the map takes.
        fields: String,
    },
}

impl Violation {
    /// The violation of the part `step` of a value, such as `.key` or `[0]`.
    pub(super) fn within(mut self, step: &str) -> Self {
        if let Self::Field { path, .. } = &mut self {
            path.insert_str(0, step);
        }
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMap => f.write_str("the body is not a map"),
            Self::NoType => f.write_str("the body has no type"),
            Self::Unknown { message, receiver } => {
                write!(f, "{message} is not a message to {receiver}")
            }
            Self::Field { path, problem } => match problem {
                Problem::Missing { allowed } => {
                    write!(f, "{path} is missing; it must be {allowed}")
                }
                Problem::Value { value, allowed } => {
                    write!(f, "{path} is {value}; it must be {allowed}")
                }
                Problem::Extra { fields } => {
                    write!(f, "{path} is not a field; there are {fields}")
                }
            },
        }
    }
}

impl std::error::Error for Violation {}
