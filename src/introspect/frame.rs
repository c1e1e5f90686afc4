//! The frames of a trial: what an executable sends while it is asked as a Dag processor asks, and the replies.
//!
//! Airflow sends `[id, body, error]`, the executable `[id, body]`; further parts of a frame are passed over (3.4.0b2,
//! `airflow/sdk/execution_time/comms.py`). A value that the trial does not need is passed over without being decoded, so that a frame
//! takes little more memory than its bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use airflow_protocol::codec::Input;
use airflow_protocol::dag_file::{self, DAG_FILE_PARSING_RESULT};
use airflow_protocol::frame::BadLength;
use airflow_protocol::reply::{ErrorCode, error_body};
use airflow_protocol::{WireError, frame};
use serde_json::{Value, json};

/// The longest frame that is read, in bytes. Airflow takes 4 GiB.
pub const FRAME_LIMIT: usize = 16 << 20;

/// What an executable sends.
#[derive(Debug)]
pub struct Frame {
    /// The request's id, which the reply repeats.
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
    Length(u32),
    /// What is wrong with the msgpack, or with the fields of the message.
    Content(String),
}

impl From<WireError> for FrameError {
    fn from(error: WireError) -> Self {
        Self::Content(error.to_string())
    }
}

impl From<BadLength> for FrameError {
    fn from(BadLength(length): BadLength) -> Self {
        Self::Length(length)
    }
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
    frame::take(bytes, FRAME_LIMIT)?.map(read).transpose()
}

fn read(payload: &[u8]) -> Result<Frame, FrameError> {
    let mut input = Input::new(payload);
    let parts = input
        .array_length()?
        .ok_or_else(|| wrong("expected the array `[id, body]`"))?;
    if parts < 2 {
        return Err(wrong("a frame has an id and a body"));
    }
    let id = input
        .integer()?
        .ok_or_else(|| wrong("the id is not an integer"))?;
    let message = message(&mut input)?;
    for _ in 2..parts {
        input.pass_over(1)?;
    }
    input.end()?;
    Ok(Frame { id, message })
}

/// Reads a body.
fn message(input: &mut Input<'_>) -> Result<Message, FrameError> {
    let fields = input
        .map_length()?
        .ok_or_else(|| wrong("expected a map with the field `type`"))?;
    let (mut kind, mut has_file, mut has_dags) = (None, false, false);
    let mut errors = BTreeMap::new();
    for _ in 0..fields {
        let name = input
            .string()?
            .ok_or_else(|| wrong("a field's name is not a string"))?;
        match name {
            "type" => kind = Some(string(input, name)?),
            "fileloc" => {
                string(input, name)?;
                has_file = true;
            }
            "serialized_dags" => {
                let dags = input
                    .array_length()?
                    .ok_or_else(|| wrong("`serialized_dags` is not an array"))?;
                for _ in 0..dags {
                    input.pass_over(3)?;
                }
                has_dags = true;
            }
            "import_errors" => errors = import_errors(input)?,
            _ => input.pass_over(2)?,
        }
    }
    let kind = kind.ok_or_else(|| missing("type"))?;
    if kind != DAG_FILE_PARSING_RESULT {
        return Ok(Message::Request(kind));
    }
    match (has_file, has_dags) {
        (false, _) => Err(missing("fileloc")),
        (_, false) => Err(missing("serialized_dags")),
        (true, true) => Ok(Message::Answer(errors)),
    }
}

/// Reads null or a map from strings to strings.
fn import_errors(input: &mut Input<'_>) -> Result<BTreeMap<String, String>, FrameError> {
    let mut errors = BTreeMap::new();
    if input.null() {
        return Ok(errors);
    }
    let count = input
        .map_length()?
        .ok_or_else(|| wrong("`import_errors` is not a map"))?;
    for _ in 0..count {
        let file = string(input, "import_errors")?;
        errors.insert(file, string(input, "import_errors")?);
    }
    Ok(errors)
}

fn string(input: &mut Input<'_>, field: &str) -> Result<String, FrameError> {
    input
        .string()?
        .map(str::to_owned)
        .ok_or_else(|| wrong(&format!("`{field}` is not a string")))
}

fn missing(field: &str) -> FrameError {
    wrong(&format!("missing field `{field}`"))
}

fn wrong(reason: &str) -> FrameError {
    FrameError::Content(reason.to_owned())
}

/// The question of a Dag processor to the executable at `path`, which it has found in the folder of a Dag bundle.
pub fn dag_file_parse_request(path: &Path) -> Vec<u8> {
    let folder = path.parent().unwrap_or(path);
    let body = dag_file::dag_file_parse_request(path, folder, "trial");
    encoded(0, &body, &Value::Null)
}

/// The reply that a request was served, and that there is nothing to return.
pub fn done(id: i64) -> Vec<u8> {
    encoded(id, &Value::Null, &Value::Null)
}

/// The reply to a request that has no answer here.
pub fn refusal(id: i64, kind: &str) -> Vec<u8> {
    let message = format!("{kind} has no answer while `cargo airflow-bundle` tries the executable");
    let error = error_body(ErrorCode::GenericError, &json!({ "message": message }));
    encoded(id, &Value::Null, &error)
}

/// The bytes of a frame of the supervisor.
fn encoded(id: i64, body: &Value, error: &Value) -> Vec<u8> {
    // Only a length over 4 GiB or a number over 64 bits cannot be written, and no reply has one.
    frame::encode(&[&id.into(), body, error]).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is a test failure")]
mod tests {
    use airflow_protocol::codec;

    use super::*;

    /// A frame whose payload is this value.
    fn framed(value: &Value) -> Vec<u8> {
        frame::prefixed(&codec::encode(value).unwrap())
    }

    fn taken(value: &Value) -> Result<Option<Frame>, FrameError> {
        take(&mut framed(value).as_slice())
    }

    fn refused(value: &Value) -> String {
        taken(value).unwrap_err().to_string()
    }

    fn answer() -> Value {
        json!({"type": "DagFileParsingResult", "fileloc": "/a", "serialized_dags": [], "import_errors": null})
    }

    /// `answer` with another value for a field.
    fn changed(field: &str, value: Value) -> Value {
        let mut answer = answer();
        answer[field] = value;
        answer
    }

    #[test]
    fn frames_have_the_bytes_of_airflow() {
        // Seen on the wire of 3.3.2.
        assert_eq!(done(5), b"\0\0\0\x04\x93\x05\xc0\xc0");
        let request = dag_file_parse_request(Path::new("/srv/rust/sales"));
        assert_eq!(
            codec::read(&request[4..]).unwrap(),
            json!([
                0,
                {"type": "DagFileParseRequest", "file": "/srv/rust/sales", "bundle_path": "/srv/rust",
                    "bundle_name": "trial", "callback_requests": []},
                null,
            ])
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
            let frame = taken(&json!([7, value])).unwrap().unwrap();
            assert_eq!(frame.id, 7);
            assert!(matches!(frame.message, Message::Answer(errors) if errors.is_empty()));
        }
        let errors = changed("import_errors", json!({"sales": "two of one name"}));
        let frame = taken(&json!([7, errors, null])).unwrap().unwrap();
        assert!(
            matches!(frame.message, Message::Answer(errors) if errors["sales"] == "two of one name")
        );
        let frame = taken(&json!([8, {"type": "GetVariable", "key": "a"}])).unwrap();
        assert!(
            matches!(frame.unwrap(), Frame { id: 8, message: Message::Request(kind) } if kind == "GetVariable")
        );
    }

    #[test]
    fn what_airflow_refuses_is_refused() {
        for (body, words) in [
            (
                changed("serialized_dags", json!(null)),
                "`serialized_dags` is not an array",
            ),
            (changed("fileloc", json!(1)), "`fileloc` is not a string"),
            (
                changed("import_errors", json!({"a": 1})),
                "`import_errors` is not a string",
            ),
            (
                json!({"type": "DagFileParsingResult"}),
                "missing field `fileloc`",
            ),
            (json!({"fileloc": ""}), "missing field `type`"),
            // As some serializers write a struct: its values without their names.
            (
                json!(["DagFileParsingResult", "/a", [], null]),
                "a map with the field `type`",
            ),
        ] {
            let text = refused(&json!([1, body]));
            assert!(text.contains(words), "{body}: {text}");
        }
        for (text, words) in [
            (refused(&json!([1])), "an id and a body"),
            (refused(&json!(["1", answer()])), "the id is not an integer"),
            (refused(&answer()), "the array `[id, body]`"),
            (refused(&json!(5)), "the array `[id, body]`"),
        ] {
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn bytes_of_no_sense_are_refused_and_cost_little() {
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
                matches!(
                    take(&mut &frame::prefixed(payload)[..]),
                    Err(FrameError::Content(_))
                ),
                "{payload:?}"
            );
        }
        let more = [codec::encode(&json!([1, answer()])).unwrap(), vec![0xc0]].concat();
        let text = take(&mut &frame::prefixed(&more)[..])
            .unwrap_err()
            .to_string();
        assert!(text.contains("1 bytes after the value"), "{text}");

        let claimed = |length: u32| take(&mut &length.to_be_bytes()[..]);
        assert!(matches!(claimed(0), Err(FrameError::Length(0))));
        assert!(matches!(claimed(1 << 24), Ok(None)));
        let text = claimed(0x4854_5450).unwrap_err().to_string();
        assert_eq!(text, "a frame of 1213486160 bytes, more than 16 MiB");
    }

    #[test]
    fn a_frame_is_taken_once_it_is_whole() {
        let whole = [framed(&json!([1, answer()])), done(2)].concat();
        let first = framed(&json!([1, answer()])).len();
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
