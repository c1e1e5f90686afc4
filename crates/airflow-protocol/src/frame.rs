//! Frames: a big-endian `u32` length and one msgpack array.

use std::fmt;
use std::io::{self, Read};

use rmp::encode::ByteBuf;
use serde_json::Value;

use crate::WireError;
use crate::codec::{self, Fault, Input};

/// The longest frame that [`read`] reads, in bytes. The wire allows 4 GiB; decoded values take many times their bytes.
pub const MAX_FRAME: usize = 1 << 30;

/// The length of the length in front of a frame, in bytes.
const PREFIX: usize = 4;

/// How much of a frame over the limit is looked at, for its id: a marker of the array and nine bytes.
const BEGIN: u32 = 16;

/// How much memory is taken for a frame before any of its bytes arrived.
const FIRST_ALLOCATION: usize = 64 * 1024;

/// A reply of the supervisor: `[id, body, error]`.
#[derive(Debug, PartialEq)]
pub struct Frame {
    /// The request's id; `None` if it cannot be read.
    pub id: Option<u64>,
    /// The body and the error, or why they cannot be read.
    pub content: Result<(Value, Value), WireError>,
}

/// The frame that begins the conversation.
#[derive(Debug, PartialEq)]
pub struct First {
    /// The body, with null in the place of each part that cannot be read.
    pub body: Value,
    /// The parts that cannot be read.
    pub faults: Vec<Fault>,
}

/// A length in front of a frame, in bytes, that is 0 or over the reader's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLength(pub u32);

impl From<BadLength> for WireError {
    fn from(BadLength(length): BadLength) -> Self {
        Self::new(match length {
            0 => "a frame of length 0".to_owned(),
            _ => format!("a frame of {length} bytes, over the limit of {MAX_FRAME}"),
        })
    }
}

/// The payload of the first frame in `bytes`, which then begin behind it; `None` if it is not all there yet. `limit` is the longest
/// payload that is taken, in bytes.
pub fn take<'a>(bytes: &mut &'a [u8], limit: usize) -> Result<Option<&'a [u8]>, BadLength> {
    let Some((prefix, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let length = usize::try_from(decode(*prefix, limit)?).unwrap_or(usize::MAX);
    let Some((payload, rest)) = rest.split_at_checked(length) else {
        return Ok(None);
    };
    *bytes = rest;
    Ok(Some(payload))
}

/// The length in front of a frame.
fn decode(prefix: [u8; PREFIX], limit: usize) -> Result<u32, BadLength> {
    let length = u32::from_be_bytes(prefix);
    if length > 0 && usize::try_from(length).is_ok_and(|length| length <= limit) {
        return Ok(length);
    }
    Err(BadLength(length))
}

/// Reads the next reply; `None` at the end of the stream. An error is one of the stream, and ends the conversation; an error inside of
/// a frame is in [`Frame::content`].
pub fn read(stream: &mut impl Read) -> Result<Option<Frame>, WireError> {
    let Some(length) = read_length(stream)? else {
        return Ok(None);
    };
    match length {
        Ok(length) => Ok(Some(parse(&read_bytes(stream, length)?))),
        Err(empty @ BadLength(0)) => Err(empty.into()),
        Err(too_long @ BadLength(length)) => {
            let begin = read_bytes(stream, BEGIN)?;
            skip(stream, length.saturating_sub(BEGIN))?;
            Ok(Some(Frame {
                id: read_id(&begin).ok().map(|begin| begin.id),
                content: Err(too_long.into()),
            }))
        }
    }
}

/// Reads the first frame; `None` at the end of the stream.
pub fn read_first(stream: &mut impl Read) -> Result<Option<First>, WireError> {
    let payload = read_payload(stream)?;
    payload.map(|payload| parse_first(&payload)).transpose()
}

/// The frame of this payload, as the first of the conversation.
pub fn parse_first(payload: &[u8]) -> Result<First, WireError> {
    let Begin { mut input, .. } = read_id(payload)?;
    input.pass_over_faults();
    let body = input.value(1)?;
    let faults = input.take_faults();
    Ok(First { body, faults })
}

/// Reads the next frame's payload; an error if it is longer than the limit.
pub fn read_payload(stream: &mut impl Read) -> Result<Option<Vec<u8>>, WireError> {
    match read_length(stream)? {
        None => Ok(None),
        Some(length) => read_bytes(stream, length?).map(Some),
    }
}

/// Reads the length in front of a frame; `None` at the end of the stream.
fn read_length(stream: &mut impl Read) -> Result<Option<Result<u32, BadLength>>, WireError> {
    let mut head = [0; PREFIX];
    let mut got = 0;
    while got < head.len() {
        let rest = head.get_mut(got..).unwrap_or_default();
        match stream.read(rest) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => {
                return Err(WireError::new(format!(
                    "the stream ended after {got} bytes of a frame's length"
                )));
            }
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(Some(decode(head, MAX_FRAME)))
}

/// Reads so many bytes, allocating no faster than they arrive.
fn read_bytes(stream: &mut impl Read, length: u32) -> Result<Vec<u8>, WireError> {
    let wanted = usize::try_from(length).unwrap_or(usize::MAX);
    let mut payload = Vec::with_capacity(wanted.min(FIRST_ALLOCATION));
    let read = stream
        .take(u64::from(length))
        .read_to_end(&mut payload)
        .map_err(|error| failed(&error))?;
    if read < wanted {
        return Err(ended(read, length));
    }
    Ok(payload)
}

/// Passes over so many bytes.
fn skip(stream: &mut impl Read, length: u32) -> Result<(), WireError> {
    let passed = io::copy(&mut stream.take(u64::from(length)), &mut io::sink())
        .map_err(|error| failed(&error))?;
    if passed < u64::from(length) {
        return Err(ended(passed, length));
    }
    Ok(())
}

fn ended(read: impl fmt::Display, length: u32) -> WireError {
    WireError::new(format!(
        "the stream ended after {read} of {length} bytes of a frame"
    ))
}

fn failed(error: &io::Error) -> WireError {
    WireError::new(format!("the connection failed: {error}"))
}

/// The reply of this payload.
pub fn parse(payload: &[u8]) -> Frame {
    match read_id(payload) {
        Ok(begin) => Frame {
            id: Some(begin.id),
            content: content(begin),
        },
        Err(error) => Frame {
            id: None,
            content: Err(error),
        },
    }
}

/// A frame of which the id was read.
struct Begin<'a> {
    id: u64,
    /// How many parts follow.
    parts: usize,
    input: Input<'a>,
}

fn read_id(payload: &[u8]) -> Result<Begin<'_>, WireError> {
    let mut input = Input::new(payload);
    let parts = input
        .array_length()?
        .ok_or_else(|| WireError::new("a frame that is not an array"))?;
    let id = if parts == 0 {
        None
    } else {
        input.value(1)?.as_u64()
    };
    let id = id.ok_or_else(|| WireError::new("a frame without a numeric id"))?;
    match parts.saturating_sub(1) {
        0 => Err(WireError::new("a frame without a body")),
        parts => Ok(Begin { id, parts, input }),
    }
}

/// The body and the error; null as the error of a frame of two parts.
fn content(begin: Begin<'_>) -> Result<(Value, Value), WireError> {
    let Begin {
        parts, mut input, ..
    } = begin;
    let body = input.value(1)?;
    let mut error = None;
    for _ in 1..parts {
        let part = input.value(1)?;
        error.get_or_insert(part);
    }
    input.end()?;
    Ok((body, error.unwrap_or_default()))
}

/// The bytes of a request, `[id, body]`, with their length in front.
pub fn write(id: u64, body: &Value) -> Result<Vec<u8>, WireError> {
    encode(&[&Value::from(id), body])
}

/// The bytes of a frame of these parts, with their length in front: an executable sends `[id, body]`, the supervisor `[id, body, error]`.
pub fn encode(parts: &[&Value]) -> Result<Vec<u8>, WireError> {
    let mut out = ByteBuf::from_vec(vec![0; 4]);
    let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    rmp::encode::write_array_len(&mut out, count).map_err(|error| {
        WireError::new(format!("a buffer in memory could not be written: {error}"))
    })?;
    for part in parts {
        codec::write(&mut out, part)?;
    }
    let mut bytes = out.into_vec();
    let length = bytes.len().saturating_sub(4);
    let length = u32::try_from(length).map_err(|_| {
        WireError::new(format!(
            "a message of {length} bytes, over the wire's limit of 4 GiB"
        ))
    })?;
    if let Some(head) = bytes.first_chunk_mut::<4>() {
        *head = length.to_be_bytes();
    }
    Ok(bytes)
}

/// A payload with its length in front.
pub fn prefixed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::{self, Read};

    use serde_json::json;

    use super::{
        BadLength, Frame, MAX_FRAME, prefixed, read, read_first, read_payload, take, write,
    };
    use crate::startup::StartupDetails;

    /// Gives one byte at a time, and an interruption before each.
    struct Dribble<'a>(&'a [u8], bool);

    impl Read for Dribble<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = buf.len().min(1);
            self.0.read(&mut buf[..len])
        }
    }

    #[test]
    fn frames_arrive_in_pieces() {
        let mut bytes = write(7, &json!({"type": "OKResponse"})).unwrap();
        bytes.extend([0, 0, 0, 4, 0x93, 5, 0xc0, 0xc0]);
        let mut stream = Dribble(&bytes, false);
        let first = read(&mut stream).unwrap().unwrap();
        assert_eq!(
            first,
            Frame {
                id: Some(7),
                content: Ok((json!({"type": "OKResponse"}), json!(null)))
            }
        );
        assert_eq!(read(&mut stream).unwrap().unwrap().id, Some(5));
        assert_eq!(read(&mut stream).unwrap(), None);
    }

    #[test]
    fn a_broken_stream_is_an_error() {
        for (bytes, text) in [
            (&[0, 0][..], "ended after 2 bytes"),
            (&[0, 0, 0, 0], "length 0"),
            (&[0xff, 0xff, 0xff, 0xff], "ended after 0 of"),
            (&[0x3f, 0xff, 0xff, 0xff, 0x93], "ended after 1 of"),
        ] {
            let error = read(&mut &bytes[..]).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let error = read_payload(&mut &[0xff; 4][..]).unwrap_err().to_string();
        assert!(error.contains("over the limit"), "{error}");
    }

    #[test]
    fn a_frame_is_taken_from_bytes_once_it_is_whole() {
        let all = [prefixed(b"one"), prefixed(b"two"), vec![0, 0]].concat();
        let mut bytes = &all[..];
        assert_eq!(take(&mut &all[..6], 3), Ok(None));
        assert_eq!(take(&mut bytes, 3), Ok(Some(&b"one"[..])));
        assert_eq!(take(&mut bytes, 3), Ok(Some(&b"two"[..])));
        assert_eq!((take(&mut bytes, 3), bytes), (Ok(None), &[0, 0][..]));
        assert_eq!(take(&mut &all[..4], 2), Err(BadLength(3)));
        assert_eq!(take(&mut &[0; 4][..], 2), Err(BadLength(0)));
    }

    #[test]
    fn what_is_wrong_in_a_frame_leaves_the_next_one_whole() {
        for (bytes, id, text) in [
            (&[0xc0][..], None, "not an array"),
            (&[0x91, 0x01], None, "without a body"),
            (&[0x92, 0xa0, 0xc0], None, "numeric id"),
            (&[0x93, 0x05, 0xc1, 0xc0], Some(5), "reserved"),
            (&[0x93, 0x05, 0xc4, 0x00, 0xc0], Some(5), "byte string"),
            (&[0x93, 0x05, 0xa2, 0xff, 0xfe, 0xc0], Some(5), "UTF-8"),
            (&[0x93, 0x05, 0xc0], Some(5), "expected"),
        ] {
            let mut stream = prefixed(bytes);
            stream.extend([0, 0, 0, 4, 0x93, 6, 0xc0, 0xc0]);
            let mut stream = &stream[..];
            let frame = read(&mut stream).unwrap().unwrap();
            assert_eq!(frame.id, id);
            let error = frame.content.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
            let next = read(&mut stream).unwrap().unwrap();
            assert_eq!(next.content, Ok((json!(null), json!(null))));
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_passed_over() {
        let length = u32::try_from(MAX_FRAME).unwrap() + 1;
        let mut stream = length.to_be_bytes().to_vec();
        stream.extend([0x93, 0x05]);
        let mut stream = (&stream[..])
            .chain(io::repeat(0).take(u64::from(length) - 2))
            .chain(&[0, 0, 0, 4, 0x93, 6, 0xc0, 0xc0][..]);
        let frame = read(&mut stream).unwrap().unwrap();
        assert_eq!(frame.id, Some(5));
        assert!(frame.content.unwrap_err().to_string().contains("limit"));
        assert_eq!(read(&mut stream).unwrap().unwrap().id, Some(6));
    }

    #[test]
    fn what_is_wrong_in_the_first_frame_is_null_there() {
        let mut body = vec![0x92, 0x00, 0x83];
        // A float that JSON cannot hold, an unknown extension, and an array with a byte string in it.
        body.extend([0xa1, b'a', 0x81, 0xa1, b'n', 0xca, 0x7f, 0xc0, 0, 0]);
        body.extend([0xa1, b'b', 0xd4, 5, 0]);
        body.extend([0xa1, b'c', 0x92, 1, 0xc4, 1, 7]);
        let first = read_first(&mut &prefixed(&body)[..]).unwrap().unwrap();
        assert_eq!(first.body, json!({"a": {"n": null}, "b": null, "c": null}));
        let faults: Vec<String> = first.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "a.n: the number NaN",
                "b: an unknown extension type 5",
                "c: a byte string, which no message has"
            ]
        );
    }

    #[test]
    fn no_part_of_the_first_frame_is_null_without_a_word() {
        const KEYS: u8 = 25;
        let mut body = vec![0x92, 0x00, 0x82];
        body.extend([0xa2, b't', b'i', 0x84]);
        for key in ["id", "task_id", "dag_id", "run_id"] {
            body.push(0xa0 | u8::try_from(key.len()).unwrap());
            body.extend(key.as_bytes());
            body.extend([0xa1, b'x']);
        }
        body.extend(
            b"\xaati_context\x81\xa7dag_run\x83\xa6dag_id\xa1x\xa6run_id\xa1x\xa4conf\xde\x00",
        );
        body.push(KEYS);
        for key in 0..KEYS {
            body.extend([0xa1, b'a' + key, 0xca, 0x7f, 0xc0, 0, 0]);
        }
        let first = read_first(&mut &prefixed(&body)[..]).unwrap().unwrap();
        let details = StartupDetails::read(&first.body, first.faults).unwrap();
        let problem = |key: u8| {
            let key = char::from(b'a' + key).to_string();
            details.conf_fault(&key).map(ToString::to_string)
        };
        assert_eq!(
            problem(19).unwrap(),
            "ti_context.dag_run.conf.t: the number NaN"
        );
        for key in 20..KEYS {
            assert_eq!(problem(key).unwrap(), "more parts can't be read");
        }
        assert!(details.resume_fault().is_some());
        assert_eq!(details.faults.len(), 21);
    }
}
