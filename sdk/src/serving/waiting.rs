//! What the session's thread waits for: events of other threads, signals, and what the supervisor sends.

use std::cell::Cell;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::client::error::ClientError;
use crate::logging::Route;
use crate::logging::record::Record;
use crate::process::inbox::Inbox;
use crate::serving::event::Event;
use crate::serving::turn::{Reporter, Turn};
use crate::task::Cancellation;

/// How often the session reads meanwhile, while it waits for the thread that writes the log.
const SLICE: Duration = Duration::from_millis(5);

/// The session's thread, which reads what the supervisor sends whatever it waits for.
pub(crate) struct Waiting<'a> {
    pub(crate) events: &'a Inbox<Event>,
    pub(crate) client: Arc<Client>,
    pub(crate) route: &'a Route,
    pub(crate) cancellation: &'a Cancellation,
    pub(crate) turn: &'a Turn,
    /// Whether the end of the conversation was told.
    closed: Cell<bool>,
}

impl<'a> Waiting<'a> {
    pub(crate) fn new(
        events: &'a Inbox<Event>,
        client: Arc<Client>,
        route: &'a Route,
        cancellation: &'a Cancellation,
        turn: &'a Turn,
    ) -> Self {
        Self {
            events,
            client,
            route,
            cancellation,
            turn,
            closed: Cell::new(false),
        }
    }

    /// What happens next; `None` if nothing does until the deadline.
    pub(crate) fn receive(&self, deadline: Option<Instant>) -> Option<Event> {
        let mut readable = false;
        loop {
            if let Some(signal) = self.events.signal() {
                // In this order: a task that ends because of the token does not report its outcome itself.
                self.turn.take(Reporter::Session);
                self.cancellation.cancel();
                return Some(Event::Stop(signal));
            }
            if let Some(event) = self.events.take() {
                return Some(event);
            }
            if let Some(first) = self.client.read(readable) {
                return Some(Event::First(first));
            }
            if let Some(result) = self.client.last_reply() {
                return Some(Event::Reported(result));
            }
            if !self.closed.get()
                && let Some(reason) = self.client.closed()
            {
                self.closed.set(true);
                return Some(Event::Closed(reason));
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return None;
            }
            readable = self.events.wait(self.client.socket(), deadline);
        }
    }

    /// Sends a request, and waits no longer than this for its reply.
    pub(crate) fn request(&self, body: &Value, timeout: Duration) -> Result<Value, ClientError> {
        self.client
            .request_within(body, timeout, |socket, deadline| {
                self.readable(socket, deadline)
            })
    }

    /// Sends the terminal message, which must have been claimed, and waits for its reply.
    pub(crate) fn end(
        &self,
        body: &Value,
        timeout: Option<Duration>,
    ) -> Result<Value, ClientError> {
        self.client.end(body, timeout, |socket, deadline| {
            self.readable(socket, deadline)
        })
    }

    fn readable(&self, socket: &TcpStream, deadline: Instant) -> bool {
        self.events.wait(Some(socket), Some(deadline))
    }

    /// Sends a record, when there is room for it.
    pub(crate) fn send(&self, record: &Record) {
        let deadline = Instant::now() + self.client.reply_timeout();
        while self.route.sink.is_full() && Instant::now() < deadline {
            self.read_for(SLICE);
        }
        self.route.send(record);
    }

    /// Waits until every line of the log is in the socket, but no longer than this.
    pub(crate) fn flush(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.route.sink.flush(left.min(SLICE)) || left.is_zero() {
                return;
            }
            self.read_for(Duration::ZERO);
        }
    }

    /// Reads what comes in this time.
    fn read_for(&self, time: Duration) {
        let deadline = Instant::now() + time;
        if let Some(socket) = self.client.socket() {
            let readable = self.readable(socket, deadline);
            self.client.read(readable);
        } else {
            std::thread::sleep(time);
        }
    }
}
