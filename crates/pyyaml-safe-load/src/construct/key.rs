//! Which mapping keys are equal.

use std::sync::Arc;

use crate::compose::node::NodeId;
use crate::value::{Date, DateTime, Int, PyStr, Value};

/// A value as a key. Two are equal exactly when Python's `dict` takes the values for the same key.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Key {
    None,
    /// A whole number of any type: `1`, `1.0` and `True` are the same key.
    Whole(Int),
    /// A float that is neither whole nor NaN, by its bits.
    Float(u64),
    /// A NaN object of its own, which equals itself alone.
    Nan(NodeId),
    /// The NaN object that all `.nan` share.
    SharedNan,
    Str(PyStr),
    Bytes(Arc<[u8]>),
    Date(Date),
    LocalTime(DateTime),
    /// A time with a zone, by its instant: Python compares such times across zones.
    Instant(i64),
}

impl Key {
    /// The key that `value` makes, or `None` if Python cannot hash it. `shared_nan` says that a NaN is the object that all `.nan`
    /// share.
    pub(crate) fn new(value: &Value, id: NodeId, shared_nan: bool) -> Option<Self> {
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
