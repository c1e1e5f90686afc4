//! When two mapping keys are the same key.

use std::sync::Arc;

use super::document::Value;
use super::int::Int;
use super::node::NodeId;
use super::text::PyStr;
use super::timestamp::{Date, DateTime};

/// Equal exactly when Python's `dict` takes two values for one key.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Key {
    None,
    /// All numbers that are whole: `1`, `1.0` and `True` are one key.
    Whole(Int),
    /// Other floats by their bits. Neither zero nor `NaN` comes here.
    Float(u64),
    /// A `NaN` equals only itself, the object.
    Nan(NodeId),
    SharedNan,
    Str(PyStr),
    Bytes(Arc<[u8]>),
    Date(Date),
    LocalTime(DateTime),
    /// Times in different zones are equal if they are the same instant.
    Instant(i64),
}

impl Key {
    /// `None` for what Python cannot hash. `shared_nan` says that a `NaN` is the shared object.
    pub(super) fn new(value: &Value, id: NodeId, shared_nan: bool) -> Option<Self> {
        Some(match value {
            Value::None => Self::None,
            Value::Bool(value) => Self::Whole((*value).into()),
            Value::Int(value) => Self::Whole(value.clone()),
            Value::Float(value) if value.is_nan() && shared_nan => Self::SharedNan,
            Value::Float(value) if value.is_nan() => Self::Nan(id),
            Value::Float(value) => {
                Int::from_f64(*value).map_or(Self::Float(value.to_bits()), Self::Whole)
            }
            Value::Str(text) => Self::Str(text.clone()),
            Value::Bytes(bytes) => Self::Bytes(Arc::clone(bytes)),
            Value::Date(date) => Self::Date(*date),
            Value::DateTime(time) => time.instant().map_or(Self::LocalTime(*time), Self::Instant),
            Value::List(_) | Value::Pairs(_) | Value::Map(_) | Value::Set(_) => return None,
        })
    }
}
