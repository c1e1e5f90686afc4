//! JSON values to and from msgpack, bounded against hostile input.

use std::fmt;

use rmp::Marker;
use rmp::encode::{self, ByteBuf};
use serde_json::{Map, Number, Value};

use crate::{WireError, timestamp};

/// The deepest nesting of arrays and maps that is sent or accepted: the limit of `serde_json`, so that whatever was read can
/// be written as text and read again.
pub const MAX_DEPTH: usize = 128;

/// Appends a value. An error if a length in it does not fit into 32 bits, or a number neither into 64 bits nor into a float.
pub(crate) fn write(out: &mut ByteBuf, value: &Value) -> Result<(), WireError> {
    match value {
        Value::Null => encode::write_nil(out).map_err(never)?,
        Value::Bool(v) => encode::write_bool(out, *v).map_err(never)?,
        Value::Number(v) => write_number(out, v)?,
        Value::String(v) => {
            length(v.len(), "a string")?;
            encode::write_str(out, v).map_err(never)?;
        }
        Value::Array(items) => {
            encode::write_array_len(out, length(items.len(), "an array")?).map_err(never)?;
            for item in items {
                write(out, item)?;
            }
        }
        Value::Object(fields) => {
            encode::write_map_len(out, length(fields.len(), "a map")?).map_err(never)?;
            for (key, value) in fields {
                length(key.len(), "a key")?;
                encode::write_str(out, key).map_err(never)?;
                write(out, value)?;
            }
        }
    }
    Ok(())
}

fn write_number(out: &mut ByteBuf, number: &Number) -> Result<(), WireError> {
    if let Some(v) = number.as_u64() {
        encode::write_uint(out, v).map_err(never)?;
    } else if let Some(v) = number.as_i64() {
        encode::write_sint(out, v).map_err(never)?;
    } else if let Some(v) = number.as_f64().filter(|v| v.is_finite()) {
        encode::write_f64(out, v).map_err(never)?;
    } else {
        return Err(WireError::new(format!(
            "the number {number} fits neither 64 bits nor a float"
        )));
    }
    Ok(())
}

fn length(len: usize, what: &str) -> Result<u32, WireError> {
    u32::try_from(len).map_err(|_| {
        WireError::new(format!(
            "{what} of {len} does not fit the wire's 32-bit length"
        ))
    })
}

fn never(error: impl fmt::Display) -> WireError {
    WireError::new(format!("a buffer in memory could not be written: {error}"))
}

/// The bytes of a value.
pub fn encode(value: &Value) -> Result<Vec<u8>, WireError> {
    let mut out = ByteBuf::new();
    write(&mut out, value)?;
    Ok(out.into_vec())
}

/// Reads exactly one value from all of `bytes`.
pub fn read(bytes: &[u8]) -> Result<Value, WireError> {
    let mut input = Input::new(bytes);
    let value = input.value(0)?;
    input.end()?;
    Ok(value)
}

/// A part of a message that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The keys that lead to the part, outermost first; empty for the note that there are more faults than are noted.
    pub path: Vec<String>,
    /// Why the part could not be read.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.problem)
    }
}

/// How many faults are noted with their place. One more fault notes that there are others.
const MAX_FAULTS: usize = 20;

/// A reader of msgpack bytes, value by value.
pub struct Input<'a> {
    rest: &'a [u8],
    /// The keys around the reader's place; kept for a reader that passes over what it cannot read.
    path: Vec<String>,
    faults: Option<Vec<Fault>>,
}

impl<'a> Input<'a> {
    /// A reader at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            path: Vec::new(),
            faults: None,
        }
    }

    /// From now on, the reader puts null in the place of a map's value that it cannot read, and notes a fault.
    pub fn pass_over_faults(&mut self) {
        self.faults = Some(Vec::new());
    }

    /// The faults that were noted.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        self.faults.take().unwrap_or_default()
    }

    /// An error unless all bytes were read.
    pub fn end(&self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            rest => Err(WireError::new(format!("{rest} bytes after the value"))),
        }
    }

    /// The length of the array that comes next; `None` if something else does.
    pub fn array_length(&mut self) -> Result<Option<usize>, WireError> {
        let [marker] = self.array::<1>()?;
        Ok(match Marker::from_u8(marker) {
            Marker::FixArray(len) => Some(usize::from(len)),
            Marker::Array16 => Some(self.len16()?),
            Marker::Array32 => Some(self.len32()?),
            _ => None,
        })
    }

    /// The number of entries of the map that comes next; `None` if something else does.
    pub fn map_length(&mut self) -> Result<Option<usize>, WireError> {
        let [marker] = self.array::<1>()?;
        Ok(match Marker::from_u8(marker) {
            Marker::FixMap(len) => Some(usize::from(len)),
            Marker::Map16 => Some(self.len16()?),
            Marker::Map32 => Some(self.len32()?),
            _ => None,
        })
    }

    /// The string that comes next; `None` if something else does.
    pub fn string(&mut self) -> Result<Option<&'a str>, WireError> {
        let [marker] = self.array::<1>()?;
        let len = match Marker::from_u8(marker) {
            Marker::FixStr(len) => usize::from(len),
            Marker::Str8 => self.len8()?,
            Marker::Str16 => self.len16()?,
            Marker::Str32 => self.len32()?,
            _ => return Ok(None),
        };
        self.text(len).map(Some)
    }

    /// The integer that comes next; `None` if something else does, or an integer over `i64::MAX`.
    pub fn integer(&mut self) -> Result<Option<i64>, WireError> {
        let [marker] = self.array::<1>()?;
        Ok(match Marker::from_u8(marker) {
            Marker::FixPos(v) => Some(v.into()),
            Marker::FixNeg(v) => Some(v.into()),
            Marker::U8 => Some(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Some(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Some(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => u64::from_be_bytes(self.array()?).try_into().ok(),
            Marker::I8 => Some(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Some(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Some(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Some(i64::from_be_bytes(self.array()?)),
            _ => None,
        })
    }

    /// Passes over a null if one comes next, and returns whether one did.
    pub fn null(&mut self) -> bool {
        let rest = self.rest.strip_prefix(&[Marker::Null.to_u8()]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Passes over one value, at this depth of nesting, without decoding it.
    pub fn pass_over(&mut self, depth: usize) -> Result<(), WireError> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        for _ in 0..self.step()? {
            self.pass_over(depth + 1)?;
        }
        Ok(())
    }

    /// Passes over one value of any depth without decoding it.
    fn skip(&mut self) -> Result<(), WireError> {
        let mut left: u64 = 1;
        while left > 0 {
            left = (left - 1).saturating_add(self.step()?);
        }
        Ok(())
    }

    /// Passes over one value without the values in it, and returns the number of these.
    fn step(&mut self) -> Result<u64, WireError> {
        let [marker] = self.array::<1>()?;
        let (bytes, values) = match Marker::from_u8(marker) {
            Marker::Null | Marker::True | Marker::False | Marker::FixPos(_) | Marker::FixNeg(_) => {
                (0, 0)
            }
            Marker::U8 | Marker::I8 => (1, 0),
            Marker::U16 | Marker::I16 | Marker::FixExt1 => (2, 0),
            Marker::FixExt2 => (3, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
            Marker::FixExt4 => (5, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
            Marker::FixExt8 => (9, 0),
            Marker::FixExt16 => (17, 0),
            Marker::FixStr(len) => (usize::from(len), 0),
            Marker::Str8 | Marker::Bin8 => (self.len8()?, 0),
            Marker::Str16 | Marker::Bin16 => (self.len16()?, 0),
            Marker::Str32 | Marker::Bin32 => (self.len32()?, 0),
            // The type's byte comes along.
            Marker::Ext8 => (self.len8()?.saturating_add(1), 0),
            Marker::Ext16 => (self.len16()?.saturating_add(1), 0),
            Marker::Ext32 => (self.len32()?.saturating_add(1), 0),
            Marker::FixArray(len) => (0, usize::from(len)),
            Marker::Array16 => (0, self.len16()?),
            Marker::Array32 => (0, self.len32()?),
            Marker::FixMap(len) => (0, 2 * usize::from(len)),
            Marker::Map16 => (0, self.len16()?.saturating_mul(2)),
            Marker::Map32 => (0, self.len32()?.saturating_mul(2)),
            Marker::Reserved => return Err(WireError::new("the reserved byte 0xc1")),
        };
        self.take(bytes)?;
        Ok(u64::try_from(values).unwrap_or(u64::MAX))
    }

    /// The value of a map's key, or null in place of one that is passed over.
    fn entry(&mut self, key: &str, depth: usize) -> Result<Value, WireError> {
        if self.faults.is_none() {
            return self.value(depth);
        }
        let start = self.rest;
        self.path.push(key.to_owned());
        let value = self.value(depth).or_else(|error| {
            self.rest = start;
            self.skip()?;
            let path = self.path.clone();
            if let Some(faults) = &mut self.faults {
                match faults.len() {
                    ..MAX_FAULTS => faults.push(Fault {
                        path,
                        problem: error.to_string(),
                    }),
                    MAX_FAULTS => faults.push(Fault {
                        path: Vec::new(),
                        problem: "more parts can't be read".to_owned(),
                    }),
                    _ => {}
                }
            }
            Ok(Value::Null)
        });
        self.path.pop();
        value
    }
}

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(|| {
            WireError::new(format!("{len} bytes announced, {} left", self.rest.len()))
        })?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| {
            WireError::new(format!("{N} bytes expected, {} left", self.rest.len()))
        })?;
        self.rest = rest;
        Ok(*head)
    }

    fn len8(&mut self) -> Result<usize, WireError> {
        self.array::<1>().map(|[len]| usize::from(len))
    }

    fn len16(&mut self) -> Result<usize, WireError> {
        self.array()
            .map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn len32(&mut self) -> Result<usize, WireError> {
        let len = u32::from_be_bytes(self.array()?);
        usize::try_from(len)
            .map_err(|_| WireError::new(format!("a length of {len} is too long for this machine")))
    }

    /// The value that comes next, at this depth of nesting.
    pub fn value(&mut self, depth: usize) -> Result<Value, WireError> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let [marker] = self.array::<1>()?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Value::Null,
            Marker::True => Value::Bool(true),
            Marker::False => Value::Bool(false),
            Marker::FixPos(v) => v.into(),
            Marker::FixNeg(v) => v.into(),
            Marker::U8 => u8::from_be_bytes(self.array()?).into(),
            Marker::U16 => u16::from_be_bytes(self.array()?).into(),
            Marker::U32 => u32::from_be_bytes(self.array()?).into(),
            Marker::U64 => u64::from_be_bytes(self.array()?).into(),
            Marker::I8 => i8::from_be_bytes(self.array()?).into(),
            Marker::I16 => i16::from_be_bytes(self.array()?).into(),
            Marker::I32 => i32::from_be_bytes(self.array()?).into(),
            Marker::I64 => i64::from_be_bytes(self.array()?).into(),
            Marker::F32 => float(f64::from(f32::from_be_bytes(self.array()?)))?,
            Marker::F64 => float(f64::from_be_bytes(self.array()?))?,
            Marker::FixStr(len) => self.text(usize::from(len))?.into(),
            Marker::Str8 => self.len8().and_then(|len| self.text(len))?.into(),
            Marker::Str16 => self.len16().and_then(|len| self.text(len))?.into(),
            Marker::Str32 => self.len32().and_then(|len| self.text(len))?.into(),
            Marker::FixArray(len) => self.items(usize::from(len), depth)?,
            Marker::Array16 => self.len16().and_then(|len| self.items(len, depth))?,
            Marker::Array32 => self.len32().and_then(|len| self.items(len, depth))?,
            Marker::FixMap(len) => self.fields(usize::from(len), depth)?,
            Marker::Map16 => self.len16().and_then(|len| self.fields(len, depth))?,
            Marker::Map32 => self.len32().and_then(|len| self.fields(len, depth))?,
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.len8().and_then(|len| self.extension(len))?,
            Marker::Ext16 => self.len16().and_then(|len| self.extension(len))?,
            Marker::Ext32 => self.len32().and_then(|len| self.extension(len))?,
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                return Err(WireError::new("a byte string, which no message has"));
            }
            Marker::Reserved => return Err(WireError::new("the reserved byte 0xc1")),
        })
    }

    fn text(&mut self, len: usize) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.take(len)?)
            .map_err(|error| WireError::new(format!("a string not in UTF-8: {error}")))
    }

    fn items(&mut self, len: usize, depth: usize) -> Result<Value, WireError> {
        // Every item needs a byte, so a length beyond the input is refused before anything is allocated for it.
        if len > self.rest.len() {
            return Err(WireError::new(format!(
                "{len} array items announced, {} bytes left",
                self.rest.len()
            )));
        }
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn fields(&mut self, len: usize, depth: usize) -> Result<Value, WireError> {
        if len > self.rest.len() / 2 {
            return Err(WireError::new(format!(
                "{len} map entries announced, {} bytes left",
                self.rest.len()
            )));
        }
        let mut fields = Map::new();
        for _ in 0..len {
            let Value::String(key) = self.value(depth + 1)? else {
                return Err(WireError::new("a map key that is not a string"));
            };
            let value = self.entry(&key, depth + 1)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }

    fn extension(&mut self, len: usize) -> Result<Value, WireError> {
        let kind = i8::from_be_bytes(self.array()?);
        let payload = self.take(len)?;
        if kind != timestamp::EXTENSION {
            return Err(WireError::new(format!("an unknown extension type {kind}")));
        }
        timestamp::decode(payload).map(Value::String)
    }
}

fn too_deep() -> WireError {
    WireError::new(format!("values nested deeper than {MAX_DEPTH} levels"))
}

fn float(value: f64) -> Result<Value, WireError> {
    Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| WireError::new(format!("the number {value}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{Value, json};

    use super::{Input, encode, read};

    fn bytes(value: &Value) -> Vec<u8> {
        encode(value).unwrap()
    }

    #[test]
    fn what_is_passed_over_leaves_the_next_value() {
        let values = json!([null, -70_000, 1.5, "text", "y".repeat(300), [[], {"a": [1]}], {"k": {"b": "c"}}]);
        for value in values.as_array().unwrap() {
            let both = [bytes(value), bytes(&json!("next"))].concat();
            let mut input = Input::new(&both);
            assert_eq!(input.null(), value.is_null());
            if !value.is_null() {
                input.pass_over(0).unwrap();
            }
            assert_eq!(input.string(), Ok(Some("next")), "{value}");
        }
        let deep = [vec![0x91; 200], vec![0xc0]].concat();
        let error = Input::new(&deep).pass_over(0).unwrap_err().to_string();
        assert!(error.contains("nested deeper"), "{error}");
    }

    #[test]
    fn values_survive_the_round_trip() {
        for value in [
            json!(null),
            json!([true, false, 0, 127, 128, 255, 256, 65_535, 65_536, u64::MAX]),
            json!([-1, -32, -33, -128, -129, -32_769, i64::MIN]),
            json!([0.5, -1e300, 1.0]),
            json!({"": "", "k": "x".repeat(40), "long": "y".repeat(70_000), "mid": "z".repeat(300)}),
            json!({"nested": {"a": [[[]], {}]}, "many": vec![1; 70_000]}),
        ] {
            assert_eq!(read(&bytes(&value)).unwrap(), value);
        }
    }

    #[test]
    fn the_documented_samples() {
        assert_eq!(
            read(&[0x93, 0x05, 0xc0, 0xc0]).unwrap(),
            json!([5, null, null])
        );
        assert_eq!(
            read(&[0x93, 0x05, 0x81, 0xa2, 0x6f, 0x6b, 0xc3, 0xc0]).unwrap(),
            json!([5, {"ok": true}, null])
        );
        assert_eq!(
            read(&[0xd6, 0xff, 0, 0, 0, 0]).unwrap(),
            json!("1970-01-01T00:00:00Z")
        );
    }

    #[test]
    fn hostile_input_is_an_error() {
        let deep = vec![0x91; 100_000];
        for (input, text) in [
            (&[][..], "expected"),
            (&[0xdd, 0xff, 0xff, 0xff, 0xff], "array items announced"),
            (&[0xdf, 0xff, 0xff, 0xff, 0xff], "map entries announced"),
            (&[0xdb, 0xff, 0xff, 0xff, 0xff, b'x'], "announced"),
            (&[0xa2, 0xff, 0xfe], "UTF-8"),
            (&[0x81, 0x01, 0x01], "not a string"),
            (&[0xc4, 0x00], "byte string"),
            (&[0xc1], "reserved"),
            (&[0xd4, 0x05, 0x00], "unknown extension"),
            (&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], "NaN"),
            (&[0xc0, 0xc0], "after the value"),
            (&deep[..], "nested deeper"),
        ] {
            let error = read(input).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = bytes(&json!({"a": [1, "text", 1.5, {"b": null}], "c": -70_000}));
        for len in 0..whole.len() {
            assert!(read(&whole[..len]).is_err(), "{len}");
        }
    }
}
