//! Hashes buffers on a second thread, so that hashing and copying go on side by side.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};

use super::digest::Sha256Digest;

/// Length of one buffer, in bytes.
pub const BUFFER_LEN: usize = 128 << 10;

/// How many buffers may be on their way to the hashing thread. Together they stay in a core's cache:
/// with 2 MiB under way, `cargo bench` showed a third more time.
const BUFFERS: usize = 4;

/// A thread that hashes the buffers that it is given, in order.
pub struct HashThread<'scope> {
    full: SyncSender<Arc<Vec<u8>>>,
    done: Receiver<Arc<Vec<u8>>>,
    spare: Vec<Vec<u8>>,
    thread: ScopedJoinHandle<'scope, Sha256Digest>,
}

impl<'scope> HashThread<'scope> {
    /// Starts the thread.
    pub fn start(scope: &'scope Scope<'scope, '_>) -> Self {
        let (full, to_hash) = sync_channel::<Arc<Vec<u8>>>(BUFFERS);
        let (hashed, done) = sync_channel(BUFFERS * 2);
        let thread = scope.spawn(move || {
            let mut hasher = Sha256::new();
            for buffer in to_hash {
                hasher.update(buffer.as_slice());
                // An error means that nobody wants the buffer back.
                let _ = hashed.send(buffer);
            }
            hasher.into()
        });
        Self {
            full,
            done,
            spare: (0..BUFFERS)
                .map(|_| Vec::with_capacity(BUFFER_LEN))
                .collect(),
            thread,
        }
    }

    /// An empty buffer of [`BUFFER_LEN`] bytes capacity; waits until one is free.
    pub fn buffer(&mut self) -> Vec<u8> {
        loop {
            if let Some(buffer) = self.spare.pop() {
                return buffer;
            }
            let Ok(hashed) = self.done.recv() else {
                // The thread is gone; `finish` says so.
                return Vec::with_capacity(BUFFER_LEN);
            };
            // The writer's share is gone before it asks for the next buffer.
            self.spare.extend(Arc::into_inner(hashed));
            if self.spare.is_empty() {
                return Vec::with_capacity(BUFFER_LEN);
            }
        }
    }

    /// Hands `buffer` to the thread, and back to the caller for reading.
    pub fn hash(&mut self, buffer: Vec<u8>) -> Arc<Vec<u8>> {
        let shared = Arc::new(buffer);
        // An error means that the thread is gone; `finish` says so.
        let _ = self.full.send(Arc::clone(&shared));
        shared
    }

    /// The digest of all buffers.
    pub fn finish(self) -> Sha256Digest {
        drop(self.full);
        drop(self.done);
        match self.thread.join() {
            Ok(digest) => digest,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
