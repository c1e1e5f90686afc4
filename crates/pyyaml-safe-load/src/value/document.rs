//! Python values, which an id names within a document, and the ways through a document.

use std::sync::Arc;

use super::int::Int;
use super::text::PyStr;
use super::time::{Date, DateTime};

/// Names a value within its [`Document`]. Two places with the same id hold the same Python object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub(crate) u32);

/// A Python value. Collections hold ids, because aliases share values, and a collection may even hold itself.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`
    None,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(Int),
    /// `float`
    Float(f64),
    /// `str`
    Str(PyStr),
    /// `bytes`
    Bytes(Arc<[u8]>),
    /// `datetime.date`
    Date(Date),
    /// `datetime.datetime`
    DateTime(DateTime),
    /// `list`
    List(Vec<ValueId>),
    /// `list` of two-element tuples (`!!omap`, `!!pairs`)
    Pairs(Vec<(ValueId, ValueId)>),
    /// `dict`, in insertion order. No two keys are equal in Python's sense.
    Map(Vec<(ValueId, ValueId)>),
    /// `set`, in the text's order. No two elements are equal in Python's sense.
    Set(Vec<ValueId>),
}

impl Value {
    /// The name of the Python type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "datetime.date",
            Self::DateTime(_) => "datetime.datetime",
            Self::List(_) | Self::Pairs(_) => "list",
            Self::Map(_) => "dict",
            Self::Set(_) => "set",
        }
    }
}

/// A loaded text.
#[derive(Debug)]
pub struct Document {
    pub(crate) values: Vec<Value>,
    /// The line of each value, from 0.
    pub(crate) lines: Vec<u32>,
    pub(crate) root: Option<ValueId>,
}

impl Document {
    /// The whole value. An empty text is `None`.
    pub fn root(&self) -> ValueRef<'_> {
        self.root.map_or(
            ValueRef {
                document: self,
                id: None,
            },
            |id| self.value(id),
        )
    }

    /// The value with the id `id`, which must come from this document.
    pub fn value(&self, id: ValueId) -> ValueRef<'_> {
        ValueRef {
            document: self,
            id: Some(id),
        }
    }
}

/// A value with its document.
#[derive(Clone, Copy, Debug)]
pub struct ValueRef<'d> {
    document: &'d Document,
    /// `None` for the `None` that an empty text makes.
    id: Option<ValueId>,
}

impl<'d> ValueRef<'d> {
    /// The value without its document.
    pub fn value(self) -> &'d Value {
        self.id
            .and_then(|id| self.document.values.get(id.0 as usize))
            .unwrap_or(&Value::None)
    }

    /// The id of the Python object, equal for all places that share it; `None` for an empty text.
    pub fn id(self) -> Option<ValueId> {
        self.id
    }

    /// The line on which the value's text starts, from 1. For an alias, the line of its anchor.
    pub fn line(self) -> usize {
        self.id
            .and_then(|id| self.document.lines.get(id.0 as usize))
            .map_or(1, |&line| line as usize + 1)
    }

    /// The text of a `str`; `None` for other types, and if it holds a lone surrogate.
    pub fn as_str(self) -> Option<&'d str> {
        match self.value() {
            Value::Str(text) => text.as_str(),
            _ => None,
        }
    }

    /// Whether this is a `dict`.
    pub fn is_map(self) -> bool {
        matches!(self.value(), Value::Map(_))
    }

    /// The value under a `str` key of a `dict`. Looks through the whole `dict`.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entries()
            .find(|(candidate, _)| candidate.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// Keys and values of a `dict`; nothing for other types.
    pub fn entries(self) -> impl Iterator<Item = (Self, Self)> + 'd {
        let entries = match self.value() {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries
            .iter()
            .map(move |&(key, value)| (self.document.value(key), self.document.value(value)))
    }

    /// The entries of a `dict` whose keys are `str` without lone surrogates.
    pub fn str_entries(self) -> impl Iterator<Item = (&'d str, Self)> {
        self.entries()
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
    }

    /// The elements of a plain `list` (not of tuples); nothing for other types.
    pub fn items(self) -> impl Iterator<Item = Self> + 'd {
        let items = match self.value() {
            Value::List(items) => items.as_slice(),
            _ => &[],
        };
        items.iter().map(move |&item| self.document.value(item))
    }
}
