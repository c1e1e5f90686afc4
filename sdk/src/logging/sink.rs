//! The way of finished log lines to the supervisor: into the socket, as long as it takes them at once; then a bounded queue, and a thread
//! that empties it into the socket.
//!
//! The queue takes lines from the start of the process, before there is a connection, and keeps their order.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::process::threads;

/// How many bytes of lines may wait. A task that logs faster than the supervisor reads waits beyond this.
const MAX_QUEUED: usize = 8 * 1024 * 1024;

/// How long a logging task waits for room before its line is dropped: longer than the supervisor's own retries take.
const MAX_WAIT: Duration = Duration::from_mins(10);

/// The queue of log lines. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sink(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    dropped: u64,
    connected: bool,
    /// The socket, as long as no thread writes into it: it does not block.
    socket: Option<TcpStream>,
    /// The writer has taken lines that are not in the socket yet.
    writing: bool,
    /// Nothing is taken any more, or the socket is gone.
    closed: bool,
    /// No thread waits for room any more: the process is about to end.
    urgent: bool,
}

impl Queue {
    /// Whether there is no room, and somebody makes some.
    fn must_wait(&self) -> bool {
        self.bytes >= MAX_QUEUED && self.connected && !self.closed && !self.urgent
    }
}

impl Sink {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line, which ends in a newline. Waits while the queue is full and someone empties it.
    pub(crate) fn push(&self, line: Vec<u8>) {
        let mut queue = self.lock();
        if queue.socket.is_some() {
            return self.write(&mut queue, line);
        }
        let deadline = Instant::now() + MAX_WAIT;
        while queue.must_wait() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = self
                .0
                .changed
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        if queue.closed {
            return;
        }
        if queue.bytes >= MAX_QUEUED {
            queue.dropped += 1;
            return;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line);
        self.0.changed.notify_all();
    }

    /// From now on, lines go to this socket: the first are those that are there.
    pub(crate) fn connect(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nonblocking(true)?;
        let mut queue = self.lock();
        queue.connected = true;
        queue.socket = Some(stream);
        queue.bytes = 0;
        for line in std::mem::take(&mut queue.lines) {
            self.write(&mut queue, line);
        }
        Ok(())
    }

    /// Writes a line into the socket; what it does not take at once goes into the queue, which a thread empties from now on.
    fn write(&self, queue: &mut Queue, mut line: Vec<u8>) {
        let written = match queue.socket.take() {
            None => Ok(()),
            Some(socket) => match write_at_once(&socket, &mut line) {
                Ok(()) if line.is_empty() => {
                    queue.socket = Some(socket);
                    return;
                }
                Ok(()) => socket
                    .set_nonblocking(false)
                    .and_then(|()| self.begin(socket)),
                Err(error) => Err(error),
            },
        };
        // Where nobody writes, nothing is kept, and nothing waits for room.
        queue.closed |= written.is_err();
        if !queue.closed {
            queue.bytes += line.len();
            queue.lines.push_back(line);
        }
    }

    /// Starts the thread that writes the lines into the socket.
    fn begin(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let sink = self.clone();
        threads::start("airflow-logs", move || {
            while let Some(lines) = sink.next_lines() {
                let failed = stream.write_all(&lines).is_err();
                let mut queue = sink.lock();
                queue.writing = false;
                if failed {
                    queue.closed = true;
                    queue.lines.clear();
                    queue.bytes = 0;
                }
                sink.0.changed.notify_all();
            }
            let _ = stream.shutdown(Shutdown::Write);
        })
    }

    /// Waits for lines and takes all that are there; `None` when the queue is closed and empty.
    fn next_lines(&self) -> Option<Vec<u8>> {
        let mut queue = self.lock();
        while queue.lines.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self
                .0
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut taken = Vec::with_capacity(queue.bytes);
        for line in queue.lines.drain(..) {
            taken.extend(line);
        }
        queue.bytes = 0;
        queue.writing = true;
        if std::mem::take(&mut queue.dropped) > 0 {
            let record = super::record::Record::new(
                super::levels::Level::Warning,
                "airflow_sdk",
                "log lines were dropped: they came faster than the supervisor reads",
            );
            taken.extend(record.line());
        }
        self.0.changed.notify_all();
        Some(taken)
    }

    /// From now on no thread waits for room.
    pub(crate) fn hurry(&self) {
        self.lock().urgent = true;
        self.0.changed.notify_all();
    }

    /// Whether a line would have to wait for room.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().must_wait()
    }

    /// Waits until every line is in the socket; false if that takes longer.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut queue = self.lock();
        while queue.connected && !queue.closed && (queue.writing || !queue.lines.is_empty()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            queue = self
                .0
                .changed
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        queue.lines.is_empty()
    }

    /// Takes no more lines; the writer ends when it has written the rest.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        if let Some(socket) = queue.socket.take() {
            let _ = socket.shutdown(Shutdown::Write);
        }
        self.0.changed.notify_all();
    }

    /// The lines that no writer has taken, for a process that never had a connection.
    pub(crate) fn take_unsent(&self) -> Vec<u8> {
        let mut queue = self.lock();
        queue.bytes = 0;
        queue.lines.drain(..).flatten().collect()
    }
}

/// Writes as much of the line as the socket takes without blocking, and cuts that off.
fn write_at_once(mut socket: &TcpStream, line: &mut Vec<u8>) -> std::io::Result<()> {
    while !line.is_empty() {
        match socket.write(line) {
            Ok(written) => drop(line.drain(..written)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::{MAX_QUEUED, Sink};

    #[test]
    fn lines_from_before_the_connection_come_first() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Sink::new();
        sink.push(b"one\n".to_vec());
        sink.connect(TcpStream::connect(listener.local_addr().unwrap()).unwrap())
            .unwrap();
        sink.push(b"two\n".to_vec());
        let (mut peer, _) = listener.accept().unwrap();
        assert!(sink.flush(Duration::from_secs(10)));
        sink.close();
        let mut text = String::new();
        peer.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn without_a_connection_the_queue_is_bounded_and_never_waits() {
        let sink = Sink::new();
        for _ in 0..3 {
            sink.push(vec![b'x'; MAX_QUEUED / 2 + 1]);
        }
        assert_eq!(sink.take_unsent().len(), MAX_QUEUED + 2);
    }

    #[test]
    fn a_vanished_reader_does_not_block_the_task() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Sink::new();
        sink.connect(TcpStream::connect(listener.local_addr().unwrap()).unwrap())
            .unwrap();
        drop(listener.accept().unwrap());
        for _ in 0..64 {
            sink.push(vec![b'x'; 1024 * 1024]);
        }
    }
}
