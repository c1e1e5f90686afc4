//! All arguments as one struct, by their names.

use std::cell::Cell;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{Argument, Arguments, Inputs, Parameter, refused};
use crate::client::error::{ClientError, ClientErrorKind};
use crate::ending::error::Error;
use crate::task::Task;
use crate::value::short_type_name;

/// The arguments of the task's call in the Dag as a struct, each in the field of its name: the only data parameter of a handler.
///
/// Names are the same if they are without regard to case and underscores, as in Airflow's other SDKs: the stub's `maxRows` gets into the field
/// `max_rows`. Fields that are an `Option`, or `#[serde(default)]`, need no argument; an argument needs a field. A map instead of a struct
/// takes the names as they are. So does a struct with `#[serde(flatten)]`: serde then does not tell which fields it has, so that no error
/// names an argument without a field, or the argument whose value does not fit.
///
/// ```
/// use airflow_sdk::testing::Supervisor;
/// use airflow_sdk::{Args, Result};
///
/// #[derive(serde::Deserialize)]
/// struct Load {
///     orders: Vec<u64>,
///     max_rows: usize,
/// }
///
/// fn load(Args(load): Args<Load>) -> Result<usize> {
///     Ok(load.orders.len().min(load.max_rows))
/// }
///
/// let supervisor = Supervisor::new().xcom("extract", [3, 4, 5]);
/// let report = supervisor.argument("maxRows", 2).upstream_argument("orders", "extract").run_task(load);
/// assert_eq!(report.return_value(), Some(2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Args<T>(pub T);

impl<T: DeserializeOwned> Parameter for Args<T> {
    type Item<'t> = Self;
    type Before<Rest: Inputs> = (Self, Rest);
    const BY_NAME: bool = true;

    fn take(_: &Task, arguments: &mut Arguments) -> Result<Self, Error> {
        let arguments = arguments.rest();
        let named = Named {
            arguments: &arguments,
            fields: Cell::new(&[]),
        };
        match T::deserialize(&named) {
            Ok(all) => Ok(Self(all)),
            Err(fault) => Err(refused(named.error(fault, &short_type_name::<T>()))),
        }
    }
}

/// Why arguments do not get into a struct.
#[derive(Debug)]
enum Fault {
    /// No field is left for these names, separated by commas.
    Unknown(String),
    /// The type needs this field, and no argument is for it.
    Missing(&'static str),
    Argument(ClientError),
    Other(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(names) => write!(f, "no field is left for {names}"),
            Self::Missing(field) => write!(f, "no argument is for {field}"),
            Self::Argument(error) => error.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// The arguments, for a type that takes them by name.
struct Named<'a> {
    arguments: &'a [Argument],
    /// The fields of the type, once it has named them. A type with `#[serde(flatten)]`, and a map, name none.
    fields: Cell<&'static [&'static str]>,
}

impl Named<'_> {
    /// The error of a fault, with the names of both sides.
    fn error(&self, fault: Fault, type_name: &str) -> ClientError {
        if let Fault::Argument(error) = fault {
            return error;
        }
        let fields = match self.fields.get() {
            [] => String::new(),
            fields => format!(", the fields are ({})", fields.join(", ")),
        };
        let text = format!(
            "the arguments do not fit `{type_name}`: the stub in the Dag passes ({}){fields}; {fault}",
            Argument::described(self.arguments)
        );
        ClientError::new(ClientErrorKind::Decode, text)
    }
}

impl<'de> Deserializer<'de> for &Named<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let all = self.arguments.iter();
        visitor.visit_map(Entries::new(
            all.map(|argument| (argument.name(), argument)).collect(),
        ))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.fields.set(fields);
        let names: Vec<&str> = self.arguments.iter().map(Argument::name).collect();
        let (found, unknown) = matched(&names, fields);
        if !unknown.is_empty() {
            return Err(Fault::Unknown(unknown.join(", ")));
        }
        let entries = self.arguments.iter().zip(found);
        let entries = entries.filter_map(|(argument, field)| Some((field?, argument)));
        visitor.visit_map(Entries::new(entries.collect()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        enum identifier ignored_any
    }
}

/// The field of each name, and the names without one.
fn matched<'a>(
    names: &[&'a str],
    fields: &'static [&'static str],
) -> (Vec<Option<&'static str>>, Vec<&'a str>) {
    let exact = |name: &str| fields.iter().copied().find(|field| *field == name);
    let mut found: Vec<Option<&'static str>> = names.iter().map(|name| exact(name)).collect();
    for (at, name) in names.iter().enumerate() {
        if found.get(at).is_some_and(Option::is_none) {
            let free = |field: &&&str| !found.contains(&Some(**field));
            let folded = fold(name);
            let field = fields
                .iter()
                .filter(free)
                .find(|field| fold(field) == folded);
            let field = field.copied();
            if let Some(place) = found.get_mut(at) {
                *place = field;
            }
        }
    }
    let without = names.iter().zip(&found);
    let unknown = without.filter_map(|(name, field)| field.is_none().then_some(*name));
    let unknown = unknown.collect();
    (found, unknown)
}

/// A name without regard to case and underscores.
fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The arguments with the names that they are given under.
struct Entries<'a> {
    left: std::vec::IntoIter<(&'a str, &'a Argument)>,
    value: Option<&'a Argument>,
}

impl<'a> Entries<'a> {
    fn new(all: Vec<(&'a str, &'a Argument)>) -> Self {
        Self {
            left: all.into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((name, argument)) = self.left.next() else {
            return Ok(None);
        };
        self.value = Some(argument);
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let argument = self.value.take();
        let argument = argument.ok_or_else(|| Fault::Other("a value without a key".to_owned()))?;
        argument.deserialize(seed).map_err(Fault::Argument)
    }
}

#[cfg(test)]
mod tests {
    use super::matched;

    #[test]
    fn names_are_folded_as_in_other_sdks() {
        let found = |names: &[&'static str]| matched(names, &["max_rows", "ROWS", "größe"]).0;
        assert_eq!(
            found(&["MaxRows", "_rows_", "GRÖSSE", "Größe"]),
            [Some("max_rows"), Some("ROWS"), None, Some("größe")]
        );
        // An exact name comes first, and a field is taken once.
        assert_eq!(found(&["maxRows", "max_rows"]), [None, Some("max_rows")]);
        assert_eq!(found(&["maxRows", "maxrows"]), [Some("max_rows"), None]);
    }
}
