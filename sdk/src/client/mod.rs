//! Requests and their replies over one connection.
//!
//! The session's thread reads what comes, whatever else it waits for; other threads wait until it has read their replies. So a supervisor
//! that sends a large reply always gets rid of it and reads the logs again: no amount of logging can block both sides.

pub(crate) mod error;
mod reader;

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use airflow_protocol::frame::{self, First, Frame};
use airflow_protocol::message::{describe, name};
use airflow_protocol::reply;
use serde_json::Value;

use self::error::{ClientError, ClientErrorKind};
use self::reader::{Read, Reader};

/// How long a reply may take. The supervisor repeats a failing API call up to five times with growing waits before it
/// answers, which takes minutes.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_mins(10);

/// The sending half of the conversation, and the requests that wait for a reply.
pub(crate) struct Client {
    socket: TcpStream,
    reader: Mutex<Reader>,
    /// Held while a message is written.
    writer: Mutex<()>,
    pending: Mutex<Pending>,
    answered: Condvar,
    /// Notified at the end of the conversation.
    over: Condvar,
    next_id: AtomicU64,
    /// Whether a thread has claimed the terminal message: nothing else may be sent after it.
    ended: AtomicBool,
    reply_timeout: Duration,
}

/// A request that was sent.
struct Sent<'a> {
    id: u64,
    body: &'a Value,
    at: Instant,
    timeout: Duration,
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
    /// A terminal message for whose reply no thread waits but the session's, which waits for everything.
    last: Option<(u64, Instant, Value)>,
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
    pub(crate) fn new(socket: TcpStream, reply_timeout: Duration) -> Self {
        Self {
            socket,
            reader: Mutex::default(),
            writer: Mutex::default(),
            pending: Mutex::default(),
            answered: Condvar::new(),
            over: Condvar::new(),
            next_id: AtomicU64::new(1),
            ended: AtomicBool::new(false),
            reply_timeout,
        }
    }

    /// How long a reply may take.
    pub(crate) fn reply_timeout(&self) -> Duration {
        self.reply_timeout
    }

    /// The socket to wait for; `None` when the conversation is over.
    pub(crate) fn socket(&self) -> Option<&TcpStream> {
        lock(&self.pending).closed.is_none().then_some(&self.socket)
    }

    /// Reads what is there, if the socket is `readable`, and hands the replies to the threads that wait for them. Returns the first
    /// frame of the conversation when it has come. For the session's thread.
    pub(crate) fn read(&self, readable: bool) -> Option<First> {
        // It is locked already where the session's thread ends in the midst of this function, by a panic that aborts.
        let mut reader = self.reader.try_lock().ok()?;
        if readable {
            reader.fill(&self.socket);
        }
        let reason = loop {
            match reader.next(&self.socket) {
                Ok(Read::Nothing) => return None,
                Ok(Read::First(first)) => return Some(first),
                Ok(Read::Reply(frame)) => self.answer(frame),
                Ok(Read::End) => break "the supervisor closed the connection".to_owned(),
                Err(error) => break format!("the supervisor sent {error}"),
            }
        };
        self.close(&reason);
        None
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
        self.over.notify_all();
    }

    /// Why the conversation is over, if it is.
    pub(crate) fn closed(&self) -> Option<String> {
        lock(&self.pending).closed.clone()
    }

    /// Looks for the reply to a request; an error when there is none and none can come any more.
    fn look(pending: &mut Pending, request: &Sent<'_>) -> Option<Result<Frame, NoReply>> {
        if let Some(frame) = pending.take(request.id) {
            return Some(Ok(frame));
        }
        let late = request.at.elapsed() >= request.timeout;
        if pending.closed.is_none() && !late {
            return None;
        }
        pending.forget(request.id);
        Some(Err(match pending.closed.clone() {
            Some(reason) => NoReply::Closed(reason),
            None => NoReply::Late {
                passed_over: pending.answered > request.id,
            },
        }))
    }

    /// Sends a request and waits for its reply, while the session's thread reads.
    pub(crate) fn request(&self, body: &Value) -> Result<Value, ClientError> {
        self.request_for(body, self.reply_timeout)
    }

    /// As [`request`](Self::request), and waits no longer than this.
    pub(crate) fn request_for(
        &self,
        body: &Value,
        timeout: Duration,
    ) -> Result<Value, ClientError> {
        let sent = self.send(body, timeout, false)?;
        let mut pending = lock(&self.pending);
        let result = loop {
            if let Some(result) = Self::look(&mut pending, &sent) {
                break result;
            }
            let left = sent.timeout.saturating_sub(sent.at.elapsed());
            pending = self
                .answered
                .wait_timeout(pending, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        };
        drop(pending);
        reply_to(result, &sent)
    }

    /// Sends a request from the session's thread, and waits no longer than this for its reply; `wait` waits for the socket, up to an
    /// instant, and tells whether it is readable.
    pub(crate) fn request_within(
        &self,
        body: &Value,
        timeout: Duration,
        wait: impl Fn(&TcpStream, Instant) -> bool,
    ) -> Result<Value, ClientError> {
        let sent = self.send(body, timeout, false)?;
        self.wait(&sent, &wait)
    }

    /// Claims the right to send the terminal message: true exactly once.
    pub(crate) fn claim_end(&self) -> bool {
        !self.ended.swap(true, Ordering::SeqCst)
    }

    /// Sends the terminal message, which must have been claimed, from the session's thread, and waits for its reply.
    pub(crate) fn end(
        &self,
        body: &Value,
        timeout: Option<Duration>,
        wait: impl Fn(&TcpStream, Instant) -> bool,
    ) -> Result<Value, ClientError> {
        let sent = self.send(body, timeout.unwrap_or(self.reply_timeout), true)?;
        self.wait(&sent, &wait)
    }

    /// Reads until the reply has come.
    fn wait(
        &self,
        sent: &Sent<'_>,
        wait: &dyn Fn(&TcpStream, Instant) -> bool,
    ) -> Result<Value, ClientError> {
        let mut readable = false;
        let result = loop {
            self.read(readable);
            if let Some(result) = Self::look(&mut lock(&self.pending), sent) {
                break result;
            }
            readable = wait(&self.socket, sent.at + sent.timeout);
        };
        reply_to(result, sent)
    }

    /// Sends the terminal message, which must have been claimed, and leaves its reply to the session's thread.
    pub(crate) fn send_last(&self, body: &Value) -> Result<(), ClientError> {
        // Told before it is sent: the reply may come before this thread runs again.
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        lock(&self.pending).last = Some((id, Instant::now(), body.clone()));
        let written = self.write(id, body, true);
        if written.is_err() {
            lock(&self.pending).last = None;
        }
        written
    }

    /// The reply to [`send_last`](Self::send_last), if it has come, or does not come any more.
    pub(crate) fn last_reply(&self) -> Option<Result<Value, ClientError>> {
        let mut pending = lock(&self.pending);
        let (id, at, body) = pending.last.take()?;
        let sent = Sent {
            id,
            body: &body,
            at,
            timeout: self.reply_timeout,
        };
        let result = Self::look(&mut pending, &sent).map(|result| reply_to(result, &sent));
        if result.is_none() {
            pending.last = Some((id, at, body));
        }
        result
    }

    /// Waits as long as the reply to [`send_last`](Self::send_last) may take, or until the conversation is over. Whether the reply is
    /// late.
    pub(crate) fn last_is_late(&self) -> bool {
        let (pending, _) = self
            .over
            .wait_timeout_while(lock(&self.pending), self.reply_timeout, |pending| {
                pending.closed.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        pending.closed.is_none()
    }

    fn send<'a>(
        &self,
        body: &'a Value,
        timeout: Duration,
        terminal: bool,
    ) -> Result<Sent<'a>, ClientError> {
        let at = Instant::now();
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.write(id, body, terminal)?;
        Ok(Sent {
            id,
            body,
            at,
            timeout,
        })
    }

    fn write(&self, id: u64, body: &Value, terminal: bool) -> Result<(), ClientError> {
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
            let _writing = lock(&self.writer);
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
            (&self.socket).write_all(&bytes)
        };
        written.map_err(|error| {
            self.close(&format!("writing to the supervisor failed: {error}"));
            disconnected(body, &error.to_string())
        })
    }

    /// Ends the conversation from this side.
    pub(crate) fn shut_down(&self) {
        self.close("the session has ended");
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// The reply in a frame, or the error of one that has not come.
fn reply_to(result: Result<Frame, NoReply>, sent: &Sent<'_>) -> Result<Value, ClientError> {
    let Sent { body, timeout, .. } = sent;
    match result {
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

fn disconnected(body: &Value, reason: &str) -> ClientError {
    ClientError::new(
        ClientErrorKind::Disconnected,
        format!("{} got no reply: {reason}", describe(body)),
    )
}
