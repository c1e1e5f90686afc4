//! The frames of a conversation with Airflow: a length of four bytes, most significant first, and one msgpack array.
//!
//! Airflow sends `[id, body, error]`, the executable `[id, body]`; further elements of its own are passed over (3.4.0b2,
//! `airflow/sdk/execution_time/comms.py`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::json;

/// The longest frame that is read, in bytes. Airflow takes 4 GiB.
pub const FRAME_LIMIT: usize = 16 << 20;

/// How deep the values of a frame may be nested: the Dags of an answer are not nearly as deep.
const DEPTH_LIMIT: usize = 100;

/// The length of the prefix, in bytes.
const PREFIX: usize = 4;

/// What an executable sends.
#[derive(Debug)]
pub struct Frame {
    /// By which the reply names its request.
    pub id: i64,
    /// The body.
    pub message: Message,
}

/// The body of a frame.
#[derive(Debug)]
pub enum Message {
    /// `DagFileParsingResult`: what is wrong with the registrations, by file.
    Answer(BTreeMap<String, String>),
    /// A request with this `type`.
    Request(String),
}

/// Why bytes are no frame that Airflow would take.
#[derive(Debug)]
pub enum FrameError {
    /// The length, in bytes.
    Length(usize),
    /// What is wrong with the msgpack, or with the fields of the message.
    Content(String),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(0) => f.write_str("a frame without a byte"),
            Self::Length(length) => write!(
                f,
                "a frame of {length} bytes, more than {} MiB",
                FRAME_LIMIT >> 20
            ),
            Self::Content(reason) => write!(f, "a frame that Airflow would refuse ({reason})"),
        }
    }
}

impl std::error::Error for FrameError {}

/// The first frame in `bytes`, which then begin behind it; `None` if it is not all there yet.
pub fn take(bytes: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
    let Some(prefix) = bytes.first_chunk::<PREFIX>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*prefix) as usize;
    if length == 0 || length > FRAME_LIMIT {
        return Err(FrameError::Length(length));
    }
    let Some(payload) = bytes.get(PREFIX..PREFIX + length) else {
        return Ok(None);
    };
    let frame = read(payload).map_err(|error| FrameError::Content(error.to_string()))?;
    *bytes = bytes.get(PREFIX + length..).unwrap_or_default();
    Ok(Some(frame))
}

fn read(payload: &[u8]) -> Result<Frame, rmp_serde::decode::Error> {
    let mut rest = payload;
    let mut reader = rmp_serde::Deserializer::new(&mut rest);
    reader.set_max_depth(DEPTH_LIMIT);
    let frame = Frame::deserialize(&mut reader)?;
    if rest.is_empty() {
        Ok(frame)
    } else {
        Err(rmp_serde::decode::Error::custom(
            "more bytes follow the value",
        ))
    }
}

impl<'de> Deserialize<'de> for Frame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Frame;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the array `[id, body]`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Frame, A::Error> {
                let missing = || A::Error::custom("a frame has an id and a body");
                let id = elements.next_element()?.ok_or_else(missing)?;
                let message = elements.next_element()?.ok_or_else(missing)?;
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Frame { id, message })
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Message;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map with the field `type`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Message, A::Error> {
                let mut kind = None::<String>;
                let mut fileloc = None::<String>;
                let mut dags = None::<Vec<IgnoredAny>>;
                let mut errors = None::<BTreeMap<String, String>>;
                while let Some(name) = fields.next_key::<String>()? {
                    match name.as_str() {
                        "type" => kind = Some(fields.next_value()?),
                        "fileloc" => fileloc = Some(fields.next_value()?),
                        "serialized_dags" => dags = Some(fields.next_value()?),
                        "import_errors" => errors = fields.next_value()?,
                        _ => drop(fields.next_value::<IgnoredAny>()?),
                    }
                }
                let kind = kind.ok_or_else(|| A::Error::missing_field("type"))?;
                if kind != "DagFileParsingResult" {
                    return Ok(Message::Request(kind));
                }
                fileloc.ok_or_else(|| A::Error::missing_field("fileloc"))?;
                dags.ok_or_else(|| A::Error::missing_field("serialized_dags"))?;
                Ok(Message::Answer(errors.unwrap_or_default()))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// The question of a Dag processor to the executable at `path`, which it has found in the folder of a Dag bundle.
pub fn dag_file_parse_request(path: &Path) -> Vec<u8> {
    let folder = path.parent().unwrap_or(path);
    let body = json!({
        "type": "DagFileParseRequest",
        "file": path.to_string_lossy(),
        "bundle_path": folder.to_string_lossy(),
        "bundle_name": "trial",
        "callback_requests": [],
    });
    encoded(&(0, body, ()))
}

/// The reply that a request was served, and that there is nothing to return.
pub fn done(id: i64) -> Vec<u8> {
    encoded(&(id, (), ()))
}

/// The reply to a request that has no answer here.
pub fn refusal(id: i64, kind: &str) -> Vec<u8> {
    let message = format!("{kind} has no answer while `cargo airflow-bundle` tries the executable");
    let error = json!({
        "type": "ErrorResponse",
        "error": "GENERIC_ERROR",
        "detail": { "message": message },
    });
    encoded(&(id, (), error))
}

fn encoded(frame: &impl Serialize) -> Vec<u8> {
    // Strings, integers and their containers: nothing that msgpack could not hold.
    let payload = rmp_serde::to_vec(frame).unwrap_or_default();
    let length = u32::try_from(payload.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &payload].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is a test failure")]
mod tests {
    use super::*;

    fn taken(value: &impl Serialize) -> Result<Option<Frame>, FrameError> {
        take(&mut encoded(value).as_slice())
    }

    fn refused(value: &impl Serialize) -> String {
        taken(value).unwrap_err().to_string()
    }

    fn answer() -> serde_json::Value {
        json!({"type": "DagFileParsingResult", "fileloc": "/a", "serialized_dags": [], "import_errors": null})
    }

    /// `answer` with another value for a field.
    fn changed(field: &str, value: serde_json::Value) -> serde_json::Value {
        let mut answer = answer();
        answer[field] = value;
        answer
    }

    #[test]
    fn frames_have_the_bytes_of_airflow() {
        // Seen on the wire of 3.3.2.
        assert_eq!(done(5), b"\0\0\0\x04\x93\x05\xc0\xc0");
        let request = dag_file_parse_request(Path::new("/srv/rust/sales"));
        let read: (u8, serde_json::Value, Option<u8>) =
            rmp_serde::from_slice(&request[4..]).unwrap();
        assert_eq!(
            read,
            (
                0,
                json!({"type": "DagFileParseRequest", "file": "/srv/rust/sales", "bundle_path": "/srv/rust",
                    "bundle_name": "trial", "callback_requests": []}),
                None
            )
        );
        // A map, not an array of its values.
        assert_eq!(request[6] & 0xf0, 0x80);
    }

    #[test]
    fn an_answer_is_read_and_a_request_is_named() {
        for value in [
            answer(),
            changed("import_errors", json!({})),
            changed("serialized_dags", json!([{"data": {"dag": {}}}])),
            changed("more", json!({"deep": [[1.5, true]]})),
        ] {
            let frame = taken(&(7, value)).unwrap().unwrap();
            assert_eq!(frame.id, 7);
            assert!(matches!(frame.message, Message::Answer(errors) if errors.is_empty()));
        }
        let errors = changed("import_errors", json!({"sales": "two of one name"}));
        let frame = taken(&(7, errors, ())).unwrap().unwrap();
        assert!(
            matches!(frame.message, Message::Answer(errors) if errors["sales"] == "two of one name")
        );
        let frame = taken(&(8, json!({"type": "GetVariable", "key": "a"}))).unwrap();
        assert!(
            matches!(frame.unwrap(), Frame { id: 8, message: Message::Request(kind) } if kind == "GetVariable")
        );
    }

    #[test]
    fn what_airflow_refuses_is_refused() {
        for (body, words) in [
            (
                changed("serialized_dags", json!(null)),
                "expected a sequence",
            ),
            (changed("fileloc", json!(1)), "expected a string"),
            (
                changed("import_errors", json!({"a": 1})),
                "expected a string",
            ),
            (
                json!({"type": "DagFileParsingResult"}),
                "missing field `fileloc`",
            ),
            (json!({"fileloc": ""}), "missing field `type`"),
            // As rmp-serde writes a struct that is not asked for names.
            (
                json!(["DagFileParsingResult", "/a", [], null]),
                "a map with the field `type`",
            ),
        ] {
            let text = refused(&(1, &body));
            assert!(text.contains(words), "{body}: {text}");
        }
        for (text, words) in [
            (refused(&(1,)), "an id and a body"),
            (refused(&("1", answer())), "wrong msgpack marker FixStr(1)"),
            (refused(&answer()), "the array `[id, body]`"),
            (refused(&5), "the array `[id, body]`"),
        ] {
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn bytes_of_no_sense_are_refused_and_cost_little() {
        let framed = |payload: &[u8]| {
            let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
            take(&mut [&length[..], payload].concat().as_slice())
        };
        let deep = [vec![0x91; 100_000], vec![0xc0]].concat();
        for payload in [
            &b"HTTP/1.1 200 OK"[..],
            b"\xc1",
            // Arrays, maps and texts that claim four billion entries.
            b"\xdd\xff\xff\xff\xff",
            b"\x92\x01\xdf\xff\xff\xff\xff",
            b"\x92\x01\x81\xdb\xff\xff\xff\xff",
            b"\x92\x01\x81\xa1x\xdd\xff\xff\xff\xff\xc0",
            &deep,
        ] {
            assert!(
                matches!(framed(payload), Err(FrameError::Content(_))),
                "{payload:?}"
            );
        }
        let mut more = encoded(&(1, answer()));
        more.push(0xc0);
        let length = u32::try_from(more.len() - 4).unwrap();
        more[..4].copy_from_slice(&length.to_be_bytes());
        let text = take(&mut more.as_slice()).unwrap_err().to_string();
        assert!(text.contains("more bytes follow"), "{text}");

        let claimed = |length: u32| take(&mut &length.to_be_bytes()[..]);
        assert!(matches!(claimed(0), Err(FrameError::Length(0))));
        assert!(matches!(claimed(1 << 24), Ok(None)));
        let text = claimed(0x4854_5450).unwrap_err().to_string();
        assert_eq!(text, "a frame of 1213486160 bytes, more than 16 MiB");
    }

    #[test]
    fn a_frame_is_taken_once_it_is_whole() {
        let whole = [encoded(&(1, answer())), done(2)].concat();
        let first = encoded(&(1, answer())).len();
        // Of the second frame, the last byte is never there.
        for end in 0..whole.len() {
            let mut bytes = &whole[..end];
            let mut found = 0;
            while take(&mut bytes).unwrap().is_some() {
                found += 1;
            }
            assert_eq!(found, usize::from(end >= first));
            assert_eq!(bytes.len(), end - found * first);
        }
    }
}
