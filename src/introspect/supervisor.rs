//! The other end of an executable's sockets, as Airflow's Dag processor keeps it: it asks one question and takes the answer.
//!
//! Facts of Airflow 3.4.0b2 (`airflow/dag_processing/lang_sdk_processor.py`): the executable connects to both addresses of its
//! command line, in any order; it may ask for variables and the like first; its answer gets a reply. This side does
//! not check which process connects: another one would gain nothing by its answer.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use airflow_protocol::command_line::{COMM_FLAG, LOGS_FLAG, Sockets};

use super::frame::{self, FrameError, Message};
use super::running::SAID_LIMIT;

/// How often a socket is read before everything else is looked at.
const READS: usize = 64;

/// A supervisor, and how far its conversation has come.
pub struct Supervisor {
    arguments: [OsString; 2],
    comm: Socket,
    logs: Socket,
    /// The question, until it was sent.
    question: Option<Vec<u8>>,
    /// What has come and is no whole frame yet.
    inbox: Vec<u8>,
    /// The end of the log.
    log: Vec<u8>,
}

/// One of the two sockets.
enum Socket {
    Awaited(TcpListener),
    Open(TcpStream),
    Closed,
}

/// What a look at the sockets has found.
#[derive(Debug)]
pub enum Found {
    /// Nothing new.
    Nothing,
    /// Something has come.
    Something,
    /// The answer, which has got its reply: what the executable says is wrong with its registrations, by file.
    Answer(BTreeMap<String, String>),
}

/// How far an executable has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It has connected to neither address.
    Nothing,
    /// It has connected to this one only.
    Only(&'static str),
    /// It has connected to both, and was asked.
    Asked,
    /// It has closed the connection over which it was asked.
    Closed,
}

impl Supervisor {
    /// Listens for the executable at `path`.
    pub fn listen(path: &Path) -> io::Result<Self> {
        let sockets = Sockets::listen()?;
        Ok(Self {
            arguments: sockets.arguments()?,
            comm: Socket::awaited(sockets.comm)?,
            logs: Socket::awaited(sockets.logs)?,
            question: Some(frame::dag_file_parse_request(path)),
            inbox: Vec::new(),
            log: Vec::new(),
        })
    }

    /// The arguments of the executable, in Airflow's order.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// Looks at both sockets, and does what there is to do, without waiting.
    pub fn look(&mut self) -> Result<Found, FrameError> {
        let mut moved = self.comm.accept() | self.logs.accept();
        let (log, inbox) = (&mut self.log, &mut self.inbox);
        moved |= self.logs.read(|bytes| {
            log.extend_from_slice(bytes);
            let over = log.len().saturating_sub(SAID_LIMIT);
            log.drain(..over);
        });
        if self.question.is_some() {
            if !self.comm.was_reached() || !self.logs.was_reached() {
                return Ok(if moved {
                    Found::Something
                } else {
                    Found::Nothing
                });
            }
            if let Some(question) = self.question.take() {
                self.comm.write(&question);
            }
        }
        moved |= self.comm.read(|bytes| inbox.extend_from_slice(bytes));
        let mut rest = self.inbox.as_slice();
        while let Some(frame) = frame::take(&mut rest)? {
            match frame.message {
                Message::Answer(errors) => {
                    self.comm.write(&frame::done(frame.id));
                    return Ok(Found::Answer(errors));
                }
                Message::Request(kind) => self.comm.write(&frame::refusal(frame.id, &kind)),
            }
        }
        let taken = self.inbox.len() - rest.len();
        self.inbox.drain(..taken);
        Ok(if moved {
            Found::Something
        } else {
            Found::Nothing
        })
    }

    /// How far the executable has come.
    pub fn reached(&self) -> Reached {
        match (&self.comm, &self.logs) {
            (Socket::Awaited(..), Socket::Awaited(..)) => Reached::Nothing,
            (Socket::Awaited(..), _) => Reached::Only(LOGS_FLAG),
            (_, Socket::Awaited(..)) => Reached::Only(COMM_FLAG),
            (Socket::Closed, _) => Reached::Closed,
            (Socket::Open(_), _) => Reached::Asked,
        }
    }

    /// The end of what came over the log socket: each record as its level and its text, where it has both.
    pub fn log(&self) -> String {
        let text = String::from_utf8_lossy(&self.log);
        let lines: Vec<_> = text.trim_end().lines().map(record).collect();
        lines.join("\n")
    }
}

/// A line of a log for a person.
fn record(line: &str) -> String {
    let record: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let field = |name| record.as_ref()?.get(name)?.as_str();
    match (field("level"), field("event")) {
        (Some(level), Some(event)) => format!("{level}: {event}"),
        _ => line.to_owned(),
    }
}

impl Socket {
    fn awaited(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self::Awaited(listener))
    }

    fn was_reached(&self) -> bool {
        !matches!(self, Self::Awaited(..))
    }

    /// Takes the first connection. Returns whether there was one.
    fn accept(&mut self) -> bool {
        let Self::Awaited(listener) = self else {
            return false;
        };
        let Ok((stream, _)) = listener.accept() else {
            return false;
        };
        *self = match stream.set_nonblocking(true) {
            Ok(()) => Self::Open(stream),
            Err(_) => Self::Closed,
        };
        true
    }

    /// Reads what there is, up to a limit. Returns whether there was something.
    fn read(&mut self, mut take: impl FnMut(&[u8])) -> bool {
        let Self::Open(stream) = self else {
            return false;
        };
        let mut buffer = [0; 16 << 10];
        let mut some = false;
        for _ in 0..READS {
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => {
                    take(buffer.get(..count).unwrap_or_default());
                    some = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    *self = Self::Closed;
                    return true;
                }
            }
        }
        some
    }

    /// Writes a frame. Frames are short, so that an executable without room for one does not read its replies.
    fn write(&mut self, frame: &[u8]) {
        if let Self::Open(stream) = self
            && stream.write_all(frame).is_err()
        {
            *self = Self::Closed;
        }
    }
}
