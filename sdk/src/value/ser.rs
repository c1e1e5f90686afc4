//! A serializer into JSON values that refuses what the supervisor would never answer.
//!
//! `serde_json::to_value` turns NaN into null without a word; here it is an error, and so are integers beyond 64 bits, keys
//! that are equal in JSON, and the keys that Airflow's own serialization claims.

use serde::ser::{self, Serialize};
use serde_json::{Map, Value};

use super::key::Key;
use super::marked::{Content, Mark, Marked};
use super::{ValueError, float};
use crate::python::ENVELOPE;
use airflow_protocol::codec::MAX_DEPTH;

/// Keys that make Airflow's Python side take a map for a serialized object.
const CLAIMED_KEYS: [&str; 2] = ["__classname__", "__type"];

/// Serializes into JSON, strictly.
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
    value.serialize(Strict { depth: 0 })
}

impl ser::Error for ValueError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

/// The serializer, inside so many arrays and maps.
#[derive(Clone, Copy)]
pub(crate) struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper(self) -> Result<Self, ValueError> {
        if self.depth >= MAX_DEPTH {
            return Err(ValueError::new(format!(
                "it is nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

fn big(value: impl std::fmt::Display) -> ValueError {
    ValueError::new(format!(
        "the integer {value} has more than 64 bits: send it as a string"
    ))
}

macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, v: $type) -> Result<Value, ValueError> {
            Ok(v.into())
        })*
    };
}

impl ser::Serializer for Strict {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Fields;
    type SerializeStruct = Struct;
    type SerializeStructVariant = Fields;

    scalars! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }

    fn serialize_i128(self, v: i128) -> Result<Value, ValueError> {
        i64::try_from(v)
            .map(Value::from)
            .or_else(|_| u64::try_from(v).map(Value::from))
            .map_err(|_| big(v))
    }
    fn serialize_u128(self, v: u128) -> Result<Value, ValueError> {
        u64::try_from(v).map(Value::from).map_err(|_| big(v))
    }
    fn serialize_f32(self, v: f32) -> Result<Value, ValueError> {
        // The shortest digits: 0.1, not 0.10000000149011612.
        float(v.to_string().parse().unwrap_or(f64::from(v)))
    }
    fn serialize_f64(self, v: f64) -> Result<Value, ValueError> {
        float(v)
    }
    fn serialize_char(self, v: char) -> Result<Value, ValueError> {
        Ok(Value::String(v.into()))
    }
    fn serialize_str(self, v: &str) -> Result<Value, ValueError> {
        Ok(Value::String(v.to_owned()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Value, ValueError> {
        Ok(Value::Array(
            v.iter().map(|byte| Value::from(*byte)).collect(),
        ))
    }
    fn serialize_none(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ValueError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ValueError> {
        Ok(Value::from(variant))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        Mark::of(name)?;
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        let mut fields = Fields::new(self.deeper()?, None, true);
        fields.insert(variant.to_owned(), value)?;
        Ok(fields.done())
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Items, ValueError> {
        Items::new(self.deeper()?, None)
    }
    fn serialize_tuple(self, _: usize) -> Result<Items, ValueError> {
        Items::new(self.deeper()?, None)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, ValueError> {
        Items::new(self.deeper()?, None)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, ValueError> {
        Items::new(self.deeper()?.deeper()?, Some(variant))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Fields, ValueError> {
        Ok(Fields::new(self.deeper()?, None, true))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Struct, ValueError> {
        if name == ENVELOPE {
            return Ok(Struct::Plain(Fields::new(self.deeper()?, None, false)));
        }
        match Mark::of(name)? {
            Some(mark) => Ok(Struct::Marked(self, Marked::new(mark))),
            None => Ok(Struct::Plain(Fields::new(self.deeper()?, None, true))),
        }
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, ValueError> {
        Ok(Fields::new(self.deeper()?.deeper()?, Some(variant), true))
    }
}

/// An array in the making.
pub(crate) struct Items {
    strict: Strict,
    variant: Option<&'static str>,
    values: Vec<Value>,
}

impl Items {
    #[expect(clippy::unnecessary_wraps, reason = "lets the callers end in it")]
    fn new(strict: Strict, variant: Option<&'static str>) -> Result<Self, ValueError> {
        Ok(Self {
            strict,
            variant,
            values: Vec::new(),
        })
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let value = value
            .serialize(self.strict)
            .map_err(|error| error.inside(&format!("[{}]", self.values.len())))?;
        self.values.push(value);
        Ok(())
    }

    fn done(self) -> Value {
        wrap(self.variant, Value::Array(self.values))
    }
}

/// A map in the making.
pub(crate) struct Fields {
    strict: Strict,
    variant: Option<&'static str>,
    /// Whether the keys of Airflow's own serialization are refused.
    plain: bool,
    entries: Map<String, Value>,
    key: Option<String>,
}

impl Fields {
    fn new(strict: Strict, variant: Option<&'static str>, plain: bool) -> Self {
        Self {
            strict,
            variant,
            plain,
            entries: Map::new(),
            key: None,
        }
    }

    fn insert<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), ValueError> {
        if self.plain && CLAIMED_KEYS.contains(&key.as_str()) {
            return Err(ValueError::new(format!(
                "the key {key:?} belongs to Airflow's own serialization: use the types of `airflow_sdk::python`"
            )));
        }
        let value = value
            .serialize(self.strict)
            .map_err(|error| error.inside(&format!(".{key}")))?;
        if let Some(key) = self.entries.contains_key(&key).then_some(&key) {
            return Err(ValueError::new(format!(
                "two keys of a map are {key:?} in JSON, where 1 and \"1\" are the same, and so are a field and a flattened one"
            )));
        }
        self.entries.insert(key, value);
        Ok(())
    }

    fn done(self) -> Value {
        wrap(self.variant, Value::Object(self.entries))
    }
}

/// An enum's variant with content is a map of one key, as in serde's other JSON.
fn wrap(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => {
            let mut map = Map::new();
            map.insert(variant.to_owned(), value);
            Value::Object(map)
        }
        None => value,
    }
}

/// The four traits of serde that push values to an array, which differ in the name of their method.
macro_rules! items {
    ($($of:ident: $method:ident),*) => {
        $(impl ser::$of for Items {
            type Ok = Value;
            type Error = ValueError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
                self.push(value)
            }
            fn end(self) -> Result<Value, ValueError> {
                Ok(self.done())
            }
        })*
    };
}

items! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

impl ser::SerializeMap for Fields {
    type Ok = Value;
    type Error = ValueError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.key = Some(key.serialize(Key)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let key = self
            .key
            .take()
            .ok_or_else(|| ValueError::new("a map gave a value before its key"))?;
        self.insert(key, value)
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.done())
    }
}

/// A struct in the making.
pub(crate) enum Struct {
    Plain(Fields),
    Marked(Strict, Marked),
}

impl ser::SerializeStruct for Struct {
    type Ok = Value;
    type Error = ValueError;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), ValueError> {
        match self {
            Self::Plain(fields) => fields.insert(key.to_owned(), value),
            Self::Marked(_, marked) => marked.take(value),
        }
    }
    fn end(self) -> Result<Value, ValueError> {
        match self {
            Self::Plain(fields) => Ok(fields.done()),
            Self::Marked(strict, marked) => match marked.done()? {
                Content::Checked(value) => Ok(value),
                Content::Unchecked(value) => value.serialize(strict),
            },
        }
    }
}

impl ser::SerializeStructVariant for Fields {
    type Ok = Value;
    type Error = ValueError;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), ValueError> {
        self.insert(key.to_owned(), value)
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.done())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde::ser::SerializeMap as _;
    use serde_json::{Value, json};

    use super::to_value;

    #[derive(Serialize)]
    enum Shape {
        Unit,
        New(u8),
        Tuple(u8, u8),
        Named { a: Option<u8> },
    }

    /// A map with the keys 1 and "1".
    struct Twice;

    impl Serialize for Twice {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry(&1, "number")?;
            map.serialize_entry("1", "text")?;
            map.end()
        }
    }

    #[derive(Serialize)]
    struct Flat {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<&'static str, u8>,
    }

    #[test]
    fn values_look_as_in_serde_json() {
        let all = (
            vec![
                Shape::Unit,
                Shape::New(1),
                Shape::Tuple(1, 2),
                Shape::Named { a: None },
            ],
            'c',
            -3_i8,
            1.5,
        );
        assert_eq!(to_value(&all).unwrap(), serde_json::to_value(&all).unwrap());
        assert_eq!(
            to_value(&BTreeMap::from([(1, "x")])).unwrap(),
            json!({"1": "x"})
        );
        assert_eq!(to_value(&u64::MAX).unwrap(), json!(u64::MAX));
        assert_eq!(
            to_value(&[0.1_f32, 16_777_216.0]).unwrap(),
            json!([0.1, 16_777_216.0])
        );
        assert_eq!(to_value(&i128::from(i64::MIN)).unwrap(), json!(i64::MIN));
    }

    #[test]
    fn what_the_supervisor_would_not_take_is_refused_and_located() {
        let text = |result: Result<Value, super::ValueError>| result.unwrap_err().to_string();
        assert_eq!(
            text(to_value(
                &json!({})
                    .as_object()
                    .map(|_| BTreeMap::from([("rows", vec![1.0, f64::NAN])]))
            )),
            "NaN is not a JSON number: send null or a string instead (at .rows[1])"
        );
        assert!(text(to_value(&f64::INFINITY)).contains("not a JSON number"));
        assert!(text(to_value(&u128::MAX)).contains("more than 64 bits"));
        assert!(text(to_value(&i128::MIN)).contains("more than 64 bits"));
        assert!(text(to_value(&BTreeMap::from([(vec![1], 1)]))).contains("can't be the key"));
        assert!(text(to_value(&json!({"__classname__": "x"}))).contains("airflow_sdk::python"));
        let twice = "two keys of a map are \"1\"";
        assert!(text(to_value(&Twice)).contains(twice));
        let flat = Flat {
            id: 1,
            rest: BTreeMap::from([("id", 2)]),
        };
        assert!(text(to_value(&flat)).contains("two keys of a map are \"id\""));
        let mut deep = json!(1);
        for _ in 0..200 {
            deep = json!([deep]);
        }
        assert!(text(to_value(&deep)).contains("nested deeper"));
    }
}
