//! Requests and their replies over one connection, with a reader thread of its own.
//!
//! The reader never waits for anything but the socket, so that a supervisor that sends a large reply always gets rid of it and reads
//! the logs again: no amount of logging can block both sides.

pub(crate) mod error;

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use airflow_protocol::frame::{self, First, Frame};
use airflow_protocol::message::{describe, name};
use airflow_protocol::reply;
use serde_json::Value;

use self::error::{ClientError, ClientErrorKind};

/// How long a reply may take. The supervisor repeats a failing API call up to five times with growing waits before it
/// answers, which takes minutes.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_mins(10);

/// What the reader tells the session, besides answering requests.
pub(crate) enum Incoming {
    /// The first frame of the conversation.
    First(First),
    /// The conversation is over: nothing more will come.
    Closed(String),
}

/// The sending half of the conversation, and the requests that wait for a reply.
pub(crate) struct Client {
    writer: Mutex<TcpStream>,
    pending: Mutex<Pending>,
    answered: Condvar,
    next_id: AtomicU64,
    /// Whether a thread has claimed the terminal message: nothing else may be sent after it.
    ended: AtomicBool,
    reply_timeout: Duration,
}

/// Why a request has no reply.
enum NoReply {
    /// The conversation is over.
    Closed(String),
    /// None came in time. The supervisor answers in the order of the requests, all that it can decode: one that was passed over is
    /// answered never.
    Late { passed_over: bool },
}

#[derive(Default)]
struct Pending {
    /// The ids of the requests that wait, with their replies. They are few.
    waiting: Vec<(u64, Option<Frame>)>,
    /// The highest id that a reply had.
    answered: u64,
    closed: Option<String>,
}

impl Pending {
    /// Takes the reply to a request, if it has come.
    fn take(&mut self, id: u64) -> Option<Frame> {
        let place = self
            .waiting
            .iter()
            .position(|(waiting, _)| *waiting == id)?;
        let frame = self.waiting.get_mut(place)?.1.take()?;
        self.waiting.swap_remove(place);
        Some(frame)
    }

    /// Removes a request from those that wait; its reply will be dropped.
    fn forget(&mut self, id: u64) {
        self.waiting.retain(|(waiting, _)| *waiting != id);
    }
}

/// Takes a lock, also a poisoned one: no invariant of this file spans a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Starts the reader thread, which calls `incoming` with the first frame and with the end of the conversation.
    pub(crate) fn start(
        stream: TcpStream,
        reply_timeout: Duration,
        mut incoming: impl FnMut(Incoming) + Send + 'static,
    ) -> std::io::Result<Arc<Self>> {
        let mut reader = std::io::BufReader::with_capacity(16 * 1024, stream.try_clone()?);
        let client = Arc::new(Self {
            writer: Mutex::new(stream),
            pending: Mutex::default(),
            answered: Condvar::new(),
            next_id: AtomicU64::new(1),
            ended: AtomicBool::new(false),
            reply_timeout,
        });
        let shared = Arc::clone(&client);
        crate::process::threads::start("airflow-comm", move || {
            let mut first = true;
            let reason = loop {
                let end = if first {
                    first = false;
                    frame::read_first(&mut reader)
                        .map(|frame| frame.map(|frame| incoming(Incoming::First(frame))))
                } else {
                    frame::read(&mut reader).map(|frame| frame.map(|frame| shared.answer(frame)))
                };
                match end {
                    Ok(Some(())) => {}
                    Ok(None) => break "the supervisor closed the connection".to_owned(),
                    Err(error) => break format!("the supervisor sent {error}"),
                }
            };
            shared.close(&reason);
            incoming(Incoming::Closed(reason));
        })?;
        Ok(client)
    }

    /// Hands a reply to the thread that waits for it, and drops the reply if none waits. The supervisor answers in the order of the
    /// requests, so that a reply whose id cannot be read belongs to the oldest request.
    fn answer(&self, frame: Frame) {
        let mut pending = lock(&self.pending);
        pending.answered = pending.answered.max(frame.id.unwrap_or_default());
        let mut waiting = pending.waiting.iter_mut();
        let found = match frame.id {
            Some(id) => waiting.find(|(waiting, _)| *waiting == id),
            None => waiting
                .filter(|(_, reply)| reply.is_none())
                .min_by_key(|(id, _)| *id),
        };
        if let Some((_, slot)) = found {
            *slot = Some(frame);
            self.answered.notify_all();
        }
    }

    fn close(&self, reason: &str) {
        lock(&self.pending)
            .closed
            .get_or_insert_with(|| reason.to_owned());
        self.answered.notify_all();
    }

    /// Waits for the reply to a request.
    fn wait(&self, id: u64, deadline: Instant) -> Result<Frame, NoReply> {
        let mut pending = lock(&self.pending);
        loop {
            if let Some(frame) = pending.take(id) {
                return Ok(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if pending.closed.is_some() || left.is_zero() {
                pending.forget(id);
                return Err(match pending.closed.clone() {
                    Some(reason) => NoReply::Closed(reason),
                    None => NoReply::Late {
                        passed_over: pending.answered > id,
                    },
                });
            }
            pending = self
                .answered
                .wait_timeout(pending, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Sends a request and waits no longer than this for its reply.
    pub(crate) fn request_within(
        &self,
        body: &Value,
        timeout: Duration,
    ) -> Result<Value, ClientError> {
        self.exchange(body, timeout, false)
    }

    /// Sends a request and waits for its reply.
    pub(crate) fn request(&self, body: &Value) -> Result<Value, ClientError> {
        self.exchange(body, self.reply_timeout, false)
    }

    /// Claims the right to send the terminal message: true exactly once.
    pub(crate) fn claim_end(&self) -> bool {
        !self.ended.swap(true, Ordering::SeqCst)
    }

    /// Sends the terminal message, which must have been claimed, and waits for its reply.
    pub(crate) fn end(
        &self,
        body: &Value,
        timeout: Option<Duration>,
    ) -> Result<Value, ClientError> {
        self.exchange(body, timeout.unwrap_or(self.reply_timeout), true)
    }

    fn exchange(
        &self,
        body: &Value,
        timeout: Duration,
        terminal: bool,
    ) -> Result<Value, ClientError> {
        let started = Instant::now();
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let bytes = frame::write(id, body).map_err(|error| {
            ClientError::new(
                ClientErrorKind::Value,
                format!("{} can't be sent: {error}", describe(body)),
            )
        })?;
        {
            let mut pending = lock(&self.pending);
            if let Some(reason) = &pending.closed {
                return Err(disconnected(body, reason));
            }
            pending.waiting.push((id, None));
        }
        let written = {
            let mut writer = lock(&self.writer);
            // The thread checks this while it holds the writer's lock, so that nothing follows the terminal message.
            if !terminal && self.ended.load(Ordering::SeqCst) {
                lock(&self.pending).forget(id);
                return Err(ClientError::new(
                    ClientErrorKind::Ended,
                    format!(
                        "{} was not sent: the task has reported its outcome already",
                        name(body)
                    ),
                ));
            }
            writer.write_all(&bytes)
        };
        if let Err(error) = written {
            self.close(&format!("writing to the supervisor failed: {error}"));
            return Err(disconnected(body, &error.to_string()));
        }
        match self.wait(id, started + timeout) {
            Ok(frame) => reply::unwrap(frame).map_err(|error| ClientError::of_reply(error, body)),
            Err(NoReply::Closed(reason)) => Err(disconnected(body, &reason)),
            Err(NoReply::Late { passed_over }) => Err(ClientError::new(
                ClientErrorKind::Timeout,
                format!(
                    "no reply to {} within {} ms: {}",
                    describe(body),
                    timeout.as_millis(),
                    if passed_over {
                        "the supervisor has answered what was sent later, and so can't decode this: look for \"Unable to decode \
                         message\" in its log"
                    } else {
                        "Airflow's API is slow or away, and the supervisor goes on trying"
                    }
                ),
            )),
        }
    }

    /// Ends the conversation from this side.
    pub(crate) fn shut_down(&self) {
        let _ = lock(&self.writer).shutdown(Shutdown::Both);
    }
}

fn disconnected(body: &Value, reason: &str) -> ClientError {
    ClientError::new(
        ClientErrorKind::Disconnected,
        format!("{} got no reply: {reason}", describe(body)),
    )
}
