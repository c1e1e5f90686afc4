//! Ctrl-C and SIGTERM: the program stops at the next safe point, cleans up and ends with the signal's exit code.
//! The state is global to the process, because signals are.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::exit;
use crate::platform;

static STOP: AtomicBool = AtomicBool::new(false);
static SIGNAL: AtomicI32 = AtomicI32::new(0);
/// The cargo that runs at the moment, or 0.
static CARGO: AtomicU32 = AtomicU32::new(0);
/// The number of [`AtOnce`] values that are alive.
static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: Mutex<bool> = Mutex::new(false);

/// How long the program waits for a running cargo to end after a signal.
const PATIENCE: Duration = Duration::from_secs(2);

/// The program was asked to stop.
#[derive(Debug, Clone, Copy)]
pub struct Interrupted {
    /// The signal that asked.
    pub signal: i32,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted by signal {}", self.signal)
    }
}

impl std::error::Error for Interrupted {}

/// Starts to watch for signals, once for the process.
pub fn install() -> io::Result<()> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        platform::watch_stop_signals(on_signal)?;
        *installed = true;
    }
    Ok(())
}

fn on_signal(signal: i32) {
    SIGNAL.store(signal, Ordering::SeqCst);
    STOP.store(true, Ordering::SeqCst);
    let cargo = CARGO.load(Ordering::SeqCst);
    if cargo != 0 {
        // A Ctrl-C reaches cargo by itself; a signal for this process alone must be passed on.
        platform::signal_tree(cargo, signal);
        // The main thread collects cargo, unless it is stuck in passing on what cargo says.
        let deadline = Instant::now() + PATIENCE;
        while AT_ONCE.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    if AT_ONCE.load(Ordering::SeqCst) > 0 {
        end_now(signal);
    }
}

#[expect(clippy::exit, reason = "the main thread may wait for ever")]
fn end_now(signal: i32) -> ! {
    std::process::exit(i32::from(exit::of_signal(signal)))
}

/// While one of these is held, a signal ends the program at once. For calls that may wait for ever,
/// such as writing to a pipe that nobody reads, while there is nothing to clean up.
#[derive(Debug)]
pub struct AtOnce(());

impl AtOnce {
    /// Ends the program if a signal came before.
    pub fn new() -> Self {
        AT_ONCE.fetch_add(1, Ordering::SeqCst);
        if check().is_err() {
            end_now(SIGNAL.load(Ordering::SeqCst));
        }
        Self(())
    }
}

impl Drop for AtOnce {
    fn drop(&mut self) {
        AT_ONCE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Set once the program was asked to stop; for loops that copy data.
pub fn stop_flag() -> &'static AtomicBool {
    &STOP
}

/// An error if the program was asked to stop.
pub fn check() -> Result<(), Interrupted> {
    if STOP.load(Ordering::SeqCst) {
        return Err(Interrupted {
            signal: SIGNAL.load(Ordering::SeqCst),
        });
    }
    Ok(())
}

/// Does what [`check`] does, after a child has ended with `status`. Ctrl-C reaches the processes of a terminal in any
/// order, so that this process may see the end of a child before it sees the signal that ended the child.
pub fn check_after(status: ExitStatus) -> Result<(), Interrupted> {
    if platform::ending_signal(status).is_some() {
        for _ in 0..20 {
            check()?;
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    check()
}

/// Passes signals on to a running cargo until it is dropped.
#[derive(Debug)]
pub struct CargoGuard(());

impl CargoGuard {
    /// Watches over the process `id`.
    pub fn new(id: u32) -> Self {
        CARGO.store(id, Ordering::SeqCst);
        if check().is_err() {
            // The signal came between the start of the process and this line.
            platform::signal_tree(id, SIGNAL.load(Ordering::SeqCst));
        }
        Self(())
    }
}

impl Drop for CargoGuard {
    fn drop(&mut self) {
        CARGO.store(0, Ordering::SeqCst);
    }
}
