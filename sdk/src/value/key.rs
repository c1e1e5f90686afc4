//! The keys of maps: JSON has texts only.

use serde::ser::{self, Impossible, Serialize};

use super::ValueError;

/// The serializer of map keys: JSON has string keys only, so scalars become their text.
pub(super) struct Key;

pub(super) type NoKey = Impossible<String, ValueError>;

fn no_key(what: &str) -> ValueError {
    ValueError::new(format!(
        "{what} can't be the key of a map: JSON's keys are strings"
    ))
}

macro_rules! keys_by_text {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, v: $type) -> Result<String, ValueError> {
            Ok(v.to_string())
        })*
    };
}

impl ser::Serializer for Key {
    type Ok = String;
    type Error = ValueError;
    type SerializeSeq = NoKey;
    type SerializeTuple = NoKey;
    type SerializeTupleStruct = NoKey;
    type SerializeTupleVariant = NoKey;
    type SerializeMap = NoKey;
    type SerializeStruct = NoKey;
    type SerializeStructVariant = NoKey;

    keys_by_text! {
        serialize_bool: bool, serialize_char: char, serialize_str: &str,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_f32(self, _: f32) -> Result<String, ValueError> {
        Err(no_key("a float"))
    }
    fn serialize_f64(self, _: f64) -> Result<String, ValueError> {
        Err(no_key("a float"))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<String, ValueError> {
        Err(no_key("a byte string"))
    }
    fn serialize_none(self) -> Result<String, ValueError> {
        Err(no_key("an absent value"))
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, ValueError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<String, ValueError> {
        Err(no_key("a unit"))
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<String, ValueError> {
        Err(no_key("a unit struct"))
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, ValueError> {
        Ok(variant.to_owned())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, ValueError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, ValueError> {
        Err(no_key("an enum variant with content"))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<NoKey, ValueError> {
        Err(no_key("a sequence"))
    }
    fn serialize_tuple(self, _: usize) -> Result<NoKey, ValueError> {
        Err(no_key("a tuple"))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<NoKey, ValueError> {
        Err(no_key("a tuple"))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<NoKey, ValueError> {
        Err(no_key("an enum variant with content"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<NoKey, ValueError> {
        Err(no_key("a map"))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<NoKey, ValueError> {
        Err(no_key("a struct"))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<NoKey, ValueError> {
        Err(no_key("an enum variant with content"))
    }
}
