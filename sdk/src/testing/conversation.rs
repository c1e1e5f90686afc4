//! One conversation of the test supervisor with a task: what it reads, checks and answers.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use airflow_protocol::schema::{Receiver, Schema};
use serde_json::{Value, json};

use super::report::{LogRecord, State};
use super::world::{Answer, World};
use crate::SUPERVISOR_SCHEMA_VERSION;
use airflow_protocol::supervisor::log_check;
use airflow_protocol::{codec, frame};

/// The state that the supervisor would report at the end.
pub(crate) fn state(terminal: Option<&Value>, delivered: bool) -> State {
    let Some(terminal) = terminal else {
        return State::Lost;
    };
    match (terminal["type"].as_str(), terminal["state"].as_str()) {
        (Some("SucceedTask"), _) => State::Success,
        (Some("RetryTask"), _) => State::UpForRetry,
        (Some("RescheduleTask"), _) => State::UpForReschedule,
        (Some("DeferTask"), _) => State::Deferred,
        (Some("AwaitInputTask"), _) => State::AwaitingInput,
        // This one is acted on when the process has exited with 0.
        (_, Some("skipped")) if delivered => State::Skipped,
        _ => State::Failed,
    }
}

/// Reads the log socket to its end.
pub(crate) fn read_logs(listener: &TcpListener) -> std::io::Result<(Vec<LogRecord>, Vec<String>)> {
    let (stream, _) = listener.accept()?;
    let (mut records, mut rejections) = (Vec::new(), Vec::new());
    for line in BufReader::new(stream).lines() {
        match log_check::check(&line?) {
            Ok(record) => records.push(LogRecord(record)),
            Err(error) => rejections.push(error),
        }
    }
    Ok((records, rejections))
}

/// Messages that end a task, and the answers to a Dag processor.
const TERMINAL: [&str; 8] = [
    "SucceedTask",
    "TaskState",
    "RetryTask",
    "RescheduleTask",
    "DeferTask",
    "AwaitInputTask",
    "DagFileParsingResult",
    "TaskHandlerParsingResult",
];

/// One conversation with a task, and what came of it.
pub(crate) struct Conversation {
    pub(crate) world: World,
    pub(crate) messages: Vec<Value>,
    pub(crate) terminal: Vec<Value>,
    pub(crate) rejections: Vec<String>,
}

impl Conversation {
    pub(crate) fn hold(
        listener: &TcpListener,
        first: &[u8],
        world: World,
    ) -> std::io::Result<Self> {
        let (mut stream, _) = listener.accept()?;
        let mut this = Self {
            world,
            messages: Vec::new(),
            terminal: Vec::new(),
            rejections: Vec::new(),
        };
        // A task that does not like its first message may be gone already.
        let _ = stream.write_all(first);
        // A task that ends with unread data in its socket resets the connection, which is an end like any other.
        while let Ok(Some(payload)) = frame::read_payload(&mut stream) {
            match this.answer(&payload) {
                Ok(reply) => {
                    let _ = stream.write_all(&reply);
                }
                Err(error) => {
                    this.rejections
                        .push(format!("a frame crashes the supervisor: {error}"));
                    break;
                }
            }
        }
        close(&stream);
        Ok(this)
    }

    /// The reply to a frame; an error for one that would crash the supervisor.
    fn answer(&mut self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let value = codec::read(payload).map_err(|error| error.to_string())?;
        let Value::Array(parts) = value else {
            return Err("it is not an array".to_owned());
        };
        let [id, body] = &parts[..] else {
            return Err(format!("it has {} parts", parts.len()));
        };
        if !id.is_u64() {
            return Err("its id is not an integer".to_owned());
        }
        let kind = body["type"].as_str().unwrap_or_default().to_owned();
        self.messages.push(body.clone());
        if !self.terminal.is_empty() {
            self.rejections
                .push(format!("{kind} came after the terminal message"));
        }
        #[cfg(test)]
        if let Some(payload) = self.world.payloads.get(&kind) {
            return Ok(frame::prefixed(&payload(id.as_u64().unwrap_or_default())));
        }
        // Airflow's main branch knows this one; the released schema does not have it.
        let checked = if kind == "TaskHandlerParsingResult" {
            Ok(())
        } else {
            check(&kind, body)
        };
        let (body, error) = match checked {
            Err(problem) => {
                let message = format!("the real supervisor would never answer: {problem}");
                self.rejections.push(problem);
                (Value::Null, refusal(400, &message))
            }
            Ok(()) if TERMINAL.contains(&kind.as_str()) => self.end(&kind, body),
            Ok(()) => match self.world.answer(body) {
                Answer::Body(body) => (body, Value::Null),
                Answer::Negative(code, detail) => (
                    json!({"type": "ErrorResponse", "error": code, "detail": detail}),
                    Value::Null,
                ),
                Answer::Refused(status, message) => (Value::Null, refusal(status, &message)),
            },
        };
        frame::encode(&[id, &body, &error]).map_err(|error| error.to_string())
    }

    fn end(&mut self, kind: &str, body: &Value) -> (Value, Value) {
        self.terminal.push(body.clone());
        let containers: &[&str] = match kind {
            "SucceedTask" => &["task_outlets", "outlet_events"],
            "DeferTask" => &["trigger_kwargs", "next_kwargs"],
            "AwaitInputTask" => &["next_kwargs"],
            _ => &[],
        };
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

/// Why the supervisor could not decode a message, and would therefore never answer it.
fn check(kind: &str, body: &Value) -> Result<(), String> {
    let receiver = if kind == "DagFileParsingResult" {
        Receiver::ToManager
    } else {
        Receiver::ToSupervisor
    };
    Schema::of(SUPERVISOR_SCHEMA_VERSION).map_or(Ok(()), |schema| {
        schema
            .check(receiver, body)
            .map_err(|violation| violation.to_string())
    })
}

fn refusal(status: u16, message: &str) -> Value {
    let detail = json!({"status_code": status, "message": message, "detail": null});
    json!({"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail})
}

fn close(stream: &TcpStream) {
    let _ = stream.shutdown(std::net::Shutdown::Both);
}
