//! Reads what a running executable writes, within limits.

use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airflow_protocol::record::MANIFEST_LIMIT;

/// The most bytes that are read of a manifest, from an executable's stdout or from a file.
pub const OUTPUT_LIMIT: usize = MANIFEST_LIMIT;

/// How much is kept of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All; more than so many bytes end the reading.
    All(usize),
    /// The last so many bytes.
    End(usize),
}

/// Reads a pipe on a thread of its own, so that neither pipe can block the other.
pub struct Collector {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    collected: Mutex<Collected>,
    done: Condvar,
}

#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    full: bool,
    done: bool,
    error: Option<io::Error>,
}

impl Collector {
    /// Starts to read.
    pub fn start(pipe: Option<impl Read + Send + 'static>, keep: Keep) -> Self {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            let error = pipe.and_then(|pipe| shared.read(pipe, keep).err());
            let mut collected = shared.lock();
            collected.error = error;
            collected.done = true;
            shared.done.notify_all();
        });
        Self { shared: ours }
    }

    /// Whether the pipe has ended.
    pub fn is_done(&self) -> bool {
        self.shared.lock().done
    }

    /// Whether there was more than the limit.
    pub fn is_full(&self) -> bool {
        self.shared.lock().full
    }

    /// Waits for the end of the pipe. Returns whether it came in time.
    pub fn wait(&self, limit: Duration) -> bool {
        let waiting = |collected: &mut Collected| !collected.done;
        let waited = self
            .shared
            .done
            .wait_timeout_while(self.shared.lock(), limit, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.done
    }

    /// What was read.
    pub fn take(&self) -> io::Result<Vec<u8>> {
        let mut collected = self.shared.lock();
        match collected.error.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut collected.bytes)),
        }
    }

    /// What was read, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.shared.lock().bytes)
            .trim_end()
            .to_owned()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mut pipe: impl Read, keep: Keep) -> io::Result<()> {
        let (Keep::All(limit) | Keep::End(limit)) = keep;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match pipe.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut collected = self.lock();
            collected.bytes.extend_from_slice(&buffer[..count]);
            let over = collected.bytes.len().saturating_sub(limit);
            collected.full |= over > 0;
            if collected.full && matches!(keep, Keep::All(_)) {
                return Ok(());
            }
            collected.bytes.drain(..over);
        }
    }
}
