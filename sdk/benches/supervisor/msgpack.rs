//! As much msgpack as the messages of the benchmark need.

use rmp::Marker;
use rmp::decode::{RmpRead as _, read_marker};
use rmp::encode;
use serde_json::{Map, Value};

/// A value as a frame: its length, big-endian, and its bytes.
pub fn frame(value: &Value) -> Vec<u8> {
    let mut out = vec![0; 4];
    write(&mut out, value);
    let length = u32::try_from(out.len() - 4).unwrap();
    out[..4].copy_from_slice(&length.to_be_bytes());
    out
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => encode::write_nil(out).unwrap(),
        Value::Bool(value) => encode::write_bool(out, *value).unwrap(),
        Value::Number(value) => {
            encode::write_sint(out, value.as_i64().expect("a small integer")).unwrap();
        }
        Value::String(value) => encode::write_str(out, value).unwrap(),
        Value::Array(items) => {
            encode::write_array_len(out, u32::try_from(items.len()).unwrap()).unwrap();
            for item in items {
                write(out, item);
            }
        }
        Value::Object(fields) => {
            encode::write_map_len(out, u32::try_from(fields.len()).unwrap()).unwrap();
            for (key, value) in fields {
                encode::write_str(out, key).unwrap();
                write(out, value);
            }
        }
    }
}

/// Takes the next value.
pub fn value(input: &mut &[u8]) -> Value {
    match read_marker(input).unwrap() {
        Marker::Null => Value::Null,
        Marker::True => true.into(),
        Marker::False => false.into(),
        Marker::FixPos(value) => value.into(),
        Marker::FixNeg(value) => value.into(),
        Marker::U8 => input.read_data_u8().unwrap().into(),
        Marker::U16 => input.read_data_u16().unwrap().into(),
        Marker::U32 => input.read_data_u32().unwrap().into(),
        Marker::U64 => input.read_data_u64().unwrap().into(),
        Marker::F64 => f64::from_bits(input.read_data_u64().unwrap()).into(),
        Marker::FixStr(len) => text(input, len.into()),
        Marker::Str8 => {
            let len = input.read_data_u8().unwrap();
            text(input, len.into())
        }
        Marker::FixArray(len) => (0..len).map(|_| value(input)).collect(),
        Marker::FixMap(len) => (0..len)
            .map(|_| {
                let key = value(input);
                (key.as_str().unwrap().to_owned(), value(input))
            })
            .collect::<Map<_, _>>()
            .into(),
        other => panic!("{other:?} is in no message of this benchmark"),
    }
}

fn text(input: &mut &[u8], len: usize) -> Value {
    let mut bytes = vec![0; len];
    input.read_exact_buf(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap().into()
}
