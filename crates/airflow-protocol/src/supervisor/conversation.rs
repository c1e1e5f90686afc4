//! One conversation of the supervisor with an executable: what it reads, checks and answers.

use std::io::{Read, Write};
use std::time::Instant;

use serde_json::{Value, json};

use super::state::State;
use super::task_start::TaskStart;
use super::world::{Answer, World};
use crate::dag_file::{ANSWERS, TASK_HANDLER_PARSING_RESULT};
use crate::reply::{ErrorCode, error_body};
use crate::schema::{Receiver, Schema};
use crate::terminal::TerminalKind;
use crate::{codec, frame};

/// One conversation with an executable, and what came of it.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The Airflow that answers.
    pub world: World,
    /// What the executable sent, in order.
    pub messages: Vec<Value>,
    /// The messages that end a conversation; the last one counts.
    pub terminal: Vec<Value>,
    /// When the last message of `terminal` came.
    pub terminal_at: Option<Instant>,
    /// What Airflow's supervisor would not have answered, or would have crashed on.
    pub rejections: Vec<String>,
    schema: &'static Schema,
    receiver: Receiver,
    first: Vec<u8>,
}

impl Conversation {
    /// A conversation that starts a task. `schema` is what the executable speaks.
    pub fn with_task(schema: &'static Schema, mut world: World, start: &TaskStart) -> Self {
        let tasks = world.task_states.entry(start.run()).or_default();
        let state = tasks.entry(start.instance());
        state.or_insert_with(|| "running".into());
        Self::new(schema, Receiver::ToSupervisor, world, &start.message())
    }

    /// A conversation that begins with `first`, and in which the executable sends messages to `receiver`.
    pub fn new(schema: &'static Schema, receiver: Receiver, world: World, first: &Value) -> Self {
        // What the supervisor says has the depth of its own data.
        let first = frame::encode(&[&0.into(), first, &Value::Null]).unwrap_or_default();
        Self::beginning_with(schema, receiver, world, first)
    }

    /// A conversation that begins with these bytes instead of a frame.
    pub fn beginning_with(
        schema: &'static Schema,
        receiver: Receiver,
        world: World,
        first: Vec<u8>,
    ) -> Self {
        Self {
            world,
            messages: Vec::new(),
            terminal: Vec::new(),
            terminal_at: None,
            rejections: Vec::new(),
            schema,
            receiver,
            first,
        }
    }

    /// The state of the task after an executable has exited with 0 or not.
    pub fn state(&self, exited_well: bool) -> State {
        State::after(self.terminal.last(), exited_well)
    }

    /// Sends the first message and answers requests until the executable has closed the stream, or has sent what Airflow's supervisor
    /// would crash on.
    pub fn hold(&mut self, mut stream: impl Read + Write) {
        // A task that does not like its first message may be gone already.
        let _ = stream.write_all(&std::mem::take(&mut self.first));
        // A task that ends with unread data in its socket resets the connection, which is an end like any other.
        while let Ok(Some(payload)) = frame::read_payload(&mut stream) {
            match self.answer(&payload) {
                Ok(reply) => {
                    let _ = stream.write_all(&reply);
                }
                Err(error) => {
                    self.rejections
                        .push(format!("a frame crashes the supervisor: {error}"));
                    break;
                }
            }
        }
    }

    /// The reply to a frame; an error for one that would crash the supervisor.
    fn answer(&mut self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let value = codec::read(payload).map_err(|error| error.to_string())?;
        let (id, body) = parts(&value)?;
        let kind = body["type"].as_str().unwrap_or_default().to_owned();
        self.messages.push(body.clone());
        if !self.terminal.is_empty() {
            self.rejections
                .push(format!("{kind} came after the terminal message"));
        }
        if let Some(payload) = self.world.payloads.get(&kind).copied() {
            if TerminalKind::of(&kind).is_some() {
                self.end(&kind, body);
            }
            return Ok(frame::prefixed(&payload(id.as_u64().unwrap_or_default())));
        }
        let failure = self.world.failures.get(&kind).cloned();
        let (body, error) = match self.check(&kind, body) {
            Ok(()) if let Some(detail) = failure => {
                if TerminalKind::of(&kind).is_some() {
                    self.end(&kind, body);
                }
                (Value::Null, error_body(ErrorCode::ApiServerError, &detail))
            }
            Err(problem) => {
                let message = format!("the real supervisor would never answer: {problem}");
                self.rejections.push(problem);
                (Value::Null, refusal(400, &message))
            }
            Ok(()) if TerminalKind::of(&kind).is_some() || ANSWERS.contains(&kind.as_str()) => {
                self.end(&kind, body)
            }
            Ok(()) => match self.world.answer(body) {
                Answer::Body(body) => (body, Value::Null),
                Answer::Negative(code, detail) => (error_body(code, &detail), Value::Null),
                Answer::Refused(status, message) => (Value::Null, refusal(status, &message)),
            },
        };
        frame::encode(&[id, &body, &error]).map_err(|error| error.to_string())
    }

    /// Why the supervisor could not decode a message, and would therefore never answer it.
    fn check(&self, kind: &str, body: &Value) -> Result<(), String> {
        // Airflow's main branch knows this message; no released schema has it.
        if kind == TASK_HANDLER_PARSING_RESULT && self.receiver == Receiver::ToManager {
            return Ok(());
        }
        self.schema
            .check(self.receiver, body)
            .map_err(|violation| violation.to_string())
    }

    fn end(&mut self, kind: &str, body: &Value) -> (Value, Value) {
        self.terminal.push(body.clone());
        self.terminal_at = Some(Instant::now());
        let containers = TerminalKind::of(kind).map_or(&[][..], TerminalKind::containers);
        match containers.iter().find(|key| body[**key].is_null()) {
            Some(key) => {
                let problem = format!("{kind} without {key} is a 422");
                self.rejections.push(problem.clone());
                (Value::Null, refusal(422, &problem))
            }
            None => (Value::Null, Value::Null),
        }
    }
}

/// The id and the body of a frame `[id, body]` or `[id, body, context]`; an error for one that Airflow's supervisor would crash on
/// (3.3.2, `_RequestFrame` in `airflow/sdk/execution_time/comms.py`).
fn parts(frame: &Value) -> Result<(&Value, &Value), String> {
    let Value::Array(parts) = frame else {
        return Err("it is not an array".to_owned());
    };
    let [id, body, more @ ..] = &parts[..] else {
        return Err(format!("it has {} parts", parts.len()));
    };
    if !id.is_u64() && !id.is_i64() {
        return Err("its id is not an integer".to_owned());
    }
    if !body.is_object() && !body.is_null() {
        return Err("its body is not a map".to_owned());
    }
    let is_context = |value: &Value| match value {
        Value::Object(fields) => fields.values().all(Value::is_string),
        other => other.is_null(),
    };
    match more.first() {
        Some(context) if !is_context(context) => {
            Err("its third part is not a map of texts".to_owned())
        }
        _ => Ok((id, body)),
    }
}

fn refusal(status: u16, message: &str) -> Value {
    let detail = json!({"status_code": status, "message": message, "detail": null});
    error_body(ErrorCode::ApiServerError, &detail)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io::{self, Cursor, Read, Write};

    use serde_json::{Value, json};

    use super::{Conversation, parts};
    use crate::release::SCHEMA_2026_06_16;
    use crate::schema::Schema;
    use crate::supervisor::{State, TaskStart, World};
    use crate::{codec, frame};

    /// A stream in memory: what the executable has to say, and what it got.
    struct Memory {
        says: Cursor<Vec<u8>>,
        got: Vec<u8>,
    }

    impl Read for Memory {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.got.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> Memory {
        fn of(frames: impl IntoIterator<Item = &'a [&'a Value]>) -> Self {
            let frames = frames
                .into_iter()
                .map(|parts| frame::encode(parts).unwrap());
            let says = Cursor::new(frames.flatten().collect());
            Self {
                says,
                got: Vec::new(),
            }
        }

        fn replies(&self) -> Vec<Value> {
            let mut rest = &self.got[..];
            std::iter::from_fn(|| frame::read_payload(&mut rest).unwrap())
                .map(|payload| codec::read(&payload).unwrap())
                .collect()
        }
    }

    #[test]
    fn any_stream_carries_a_conversation() {
        let (get, end) = (
            json!({"type": "GetVariable", "key": "rate"}),
            json!({"type": "TaskState", "state": "skipped"}),
        );
        let trace = json!({"traceparent": "00-1-2-01"});
        let mut stream = Memory::of([&[&json!(-3), &get, &trace][..], &[&json!(4), &end]]);
        let mut world = World::default();
        world.variables.insert("rate".into(), Some("1.5".into()));
        let schema = Schema::of(SCHEMA_2026_06_16).unwrap();
        let start = TaskStart::new("sales", "load");
        let mut conversation = Conversation::with_task(schema, world, &start);
        conversation.hold(&mut stream);
        let replies = stream.replies();
        assert_eq!(replies.len(), 3);
        assert_eq!(replies[0][1]["ti"]["task_id"], "load");
        let result = json!({"type": "VariableResult", "key": "rate", "value": "1.5"});
        assert_eq!(replies[1], json!([-3, result, null]));
        assert_eq!(replies[2], json!([4, null, null]));
        assert_eq!(conversation.messages, [get, end]);
        assert_eq!(conversation.rejections, [""; 0]);
        assert_eq!(conversation.state(true), State::Skipped);
        assert_eq!(conversation.state(false), State::Failed);
    }

    #[test]
    fn frames_that_crash_the_supervisor_end_the_conversation() {
        for (frame, why) in [
            (json!({}), "it is not an array"),
            (json!([1]), "it has 1 parts"),
            (json!(["1", {}]), "its id is not an integer"),
            (json!([1.5, {}]), "its id is not an integer"),
            (json!([1, []]), "its body is not a map"),
            (
                json!([1, {}, {"traceparent": 1}]),
                "its third part is not a map of texts",
            ),
        ] {
            assert_eq!(parts(&frame), Err(why.to_owned()), "{frame}");
        }
        for frame in [json!([1, null]), json!([1, {}, null, 3])] {
            assert!(parts(&frame).is_ok(), "{frame}");
        }
    }
}
