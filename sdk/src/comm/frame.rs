//! Frames: a big-endian `u32` length and one msgpack array.

use std::io::{self, Read};

use rmp::encode::ByteBuf;
use serde_json::Value;

use super::{WireError, codec};

/// The longest frame that is read, in bytes. The wire allows 4 GiB; decoded values take many times their bytes.
pub(crate) const MAX_FRAME: usize = 1 << 30;

/// How much memory is taken for a frame before any of its bytes arrived.
const FIRST_ALLOCATION: usize = 64 * 1024;

/// A frame from the supervisor: `[id, body, error]`.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: u64,
    pub(crate) body: Value,
    pub(crate) error: Value,
}

/// Reads the next frame; `None` at the end of the stream.
pub(crate) fn read(stream: &mut impl Read) -> Result<Option<Frame>, WireError> {
    let Some(payload) = read_payload(stream)? else {
        return Ok(None);
    };
    parse(&payload).map(Some)
}

/// Reads the next frame's payload, allocating no faster than its bytes arrive.
pub(crate) fn read_payload(stream: &mut impl Read) -> Result<Option<Vec<u8>>, WireError> {
    let mut head = [0; 4];
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
    let announced = u32::from_be_bytes(head);
    let length = usize::try_from(announced).unwrap_or(usize::MAX);
    if length == 0 {
        return Err(WireError::new("a frame of length 0"));
    }
    if length > MAX_FRAME {
        return Err(WireError::new(format!(
            "a frame of {announced} bytes, over the limit of {MAX_FRAME}"
        )));
    }
    let mut payload = Vec::with_capacity(length.min(FIRST_ALLOCATION));
    let read = stream
        .take(u64::from(announced))
        .read_to_end(&mut payload)
        .map_err(|error| failed(&error))?;
    if read < length {
        return Err(WireError::new(format!(
            "the stream ended after {read} of a frame's {length} bytes"
        )));
    }
    Ok(Some(payload))
}

fn failed(error: &io::Error) -> WireError {
    WireError::new(format!("the connection failed: {error}"))
}

fn parse(payload: &[u8]) -> Result<Frame, WireError> {
    let Value::Array(items) = codec::read(payload)? else {
        return Err(WireError::new("a frame that is not an array"));
    };
    let mut items = items.into_iter();
    let id = items.next().and_then(|id| id.as_u64());
    let id = id.ok_or_else(|| WireError::new("a frame without a numeric id"))?;
    let body = items
        .next()
        .ok_or_else(|| WireError::new("a frame without a body"))?;
    Ok(Frame {
        id,
        body,
        error: items.next().unwrap_or_default(),
    })
}

/// Writes a request's frame, `[id, body]`, into one buffer so that it goes out in one piece.
pub(crate) fn write(id: u64, body: &Value) -> Result<Vec<u8>, WireError> {
    encode(&[&Value::from(id), body])
}

/// Writes any frame; the supervisor's side, in tests, sends three parts.
pub(crate) fn encode(parts: &[&Value]) -> Result<Vec<u8>, WireError> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::{self, Read};

    use serde_json::json;

    use super::{Frame, read, write};

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
                id: 7,
                body: json!({"type": "OKResponse"}),
                error: json!(null)
            }
        );
        assert_eq!(read(&mut stream).unwrap().unwrap().id, 5);
        assert_eq!(read(&mut stream).unwrap(), None);
    }

    #[test]
    fn hostile_frames_are_errors() {
        for (bytes, text) in [
            (&[0, 0][..], "ended after 2 bytes"),
            (&[0, 0, 0, 0], "length 0"),
            (&[0xff, 0xff, 0xff, 0xff], "over the limit"),
            (&[0x3f, 0xff, 0xff, 0xff, 0x93], "ended after 1 of"),
            (&[0, 0, 0, 1, 0xc0], "not an array"),
            (&[0, 0, 0, 2, 0x91, 0x01], "without a body"),
            (&[0, 0, 0, 3, 0x92, 0xa0, 0xc0], "numeric id"),
        ] {
            let error = read(&mut &bytes[..]).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
