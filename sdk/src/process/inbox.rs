//! A queue whose reader waits at the same time for a socket and for the signals that tell a task to stop.
//!
//! So one thread sees to all of them, and no other thread has to be started, and woken, before the task runs.

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::process::platform::Bell;

/// A queue without a limit, of which one thread takes. Clones share it.
pub(crate) struct Inbox<T>(Arc<Shared<T>>);

struct Shared<T> {
    queue: Mutex<VecDeque<T>>,
    bell: Bell,
}

impl<T> Clone for Inbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            queue: Mutex::new(VecDeque::new()),
            bell: Bell::new()?,
        })))
    }

    /// Puts something in, and wakes the thread that waits.
    pub(crate) fn send(&self, item: T) {
        let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(item);
        drop(queue);
        self.0.bell.ring();
    }

    /// Takes the first thing out, if there is one.
    pub(crate) fn take(&self) -> Option<T> {
        let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }

    /// From now on, the signals that tell a task to stop wake the thread that waits.
    pub(crate) fn hear_signals(&self) -> io::Result<()> {
        self.0.bell.hear_signals()
    }

    /// The name of a signal that has come, once.
    pub(crate) fn signal(&self) -> Option<&'static str> {
        self.0.bell.signal()
    }

    /// Waits until there may be something in the queue, a signal, or something to read from the socket, but not beyond the deadline.
    /// Whether there is something to read, or the end of the stream.
    pub(crate) fn wait(&self, socket: Option<&TcpStream>, deadline: Option<Instant>) -> bool {
        self.0.bell.wait(socket, deadline)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::Inbox;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn things_wake_and_come_in_order() {
        let inbox = Inbox::new().unwrap();
        let other = inbox.clone();
        let thread = std::thread::spawn(move || (1..=3).for_each(|n| other.send(n)));
        let mut got = Vec::new();
        while got.len() < 3 {
            match inbox.take() {
                Some(n) => got.push(n),
                None => assert!(!inbox.wait(None, Some(soon()))),
            }
        }
        assert_eq!(got, [1, 2, 3]);
        thread.join().unwrap();
    }

    #[test]
    fn a_wait_ends_at_its_deadline() {
        let inbox = Inbox::<()>::new().unwrap();
        let deadline = Instant::now() + Duration::from_millis(20);
        while Instant::now() < deadline {
            assert!(!inbox.wait(None, Some(deadline)));
        }
        assert_eq!(inbox.take(), None);
    }

    #[test]
    fn a_socket_wakes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let inbox = Inbox::<()>::new().unwrap();
        peer.write_all(b"x").unwrap();
        while !inbox.wait(Some(&socket), Some(soon())) {}
        // Nothing was read.
        assert!(inbox.wait(Some(&socket), Some(soon())));
    }

    #[cfg(unix)]
    #[test]
    fn both_signals_wake() {
        use signal_hook::consts::{SIGINT, SIGTERM};

        let inbox = Inbox::<()>::new().unwrap();
        inbox.hear_signals().unwrap();
        for (signal, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")] {
            signal_hook::low_level::raise(signal).unwrap();
            let limit = soon();
            let mut found = None;
            while found.is_none() && Instant::now() < limit {
                inbox.wait(None, Some(limit));
                found = inbox.signal();
            }
            assert_eq!(found, Some(name));
            assert_eq!(inbox.signal(), None);
        }
    }
}
