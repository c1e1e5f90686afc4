//! The end of a process that serves, which runs no exit handler and no destructor.
//!
//! A process that returns from `main` or calls `exit` runs the exit handlers of every library in it. Airflow 3.3.2 goes by the exit
//! code even after the task has reported its outcome (`ActivitySubprocess.final_state` in `execution_time/supervisor.py` of its task
//! SDK): a handler that aborts would turn a success into a failure, and a skip into a retry.

use std::io::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::process::threads;
use crate::task::kill_all;

/// How long flushing standard output may take: another thread may hold its lock and never give it back.
const FLUSH: Duration = Duration::from_secs(1);

/// Ends the process: what was written to standard output is flushed, what `Task::run_command` has started is killed, an instrumented
/// build writes its profile, and no exit handler and no destructor runs.
pub(crate) fn leave(code: u8) -> ! {
    kill_all();
    flush_standard_output();
    profile::write();
    #[cfg(unix)]
    signal_hook::low_level::exit(code.into());
    #[cfg(not(unix))]
    #[expect(
        clippy::exit,
        reason = "on Windows it runs no handlers that were registered with `atexit`"
    )]
    std::process::exit(code.into());
}

/// How far the flushing of standard output is.
static FLUSHED: (Mutex<Flushed>, Condvar) = (Mutex::new(Flushed::Not), Condvar::new());

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flushed {
    Not,
    Begun,
    Done,
}

fn flushed() -> MutexGuard<'static, Flushed> {
    FLUSHED.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Flushes the buffers of Rust and of C on this thread, for which [`leave`] waits no longer than [`FLUSH`].
pub(crate) fn flush_here() {
    *flushed() = Flushed::Begun;
    let _ = std::io::stdout().flush();
    c_stdout::flush();
    *flushed() = Flushed::Done;
    FLUSHED.1.notify_all();
}

/// Waits until the buffers are flushed, by a thread that has begun with it, or else by one of its own.
fn flush_standard_output() {
    let begun = *flushed() != Flushed::Not;
    if begun || threads::start("airflow-flush", flush_here).is_ok() {
        let _ = FLUSHED
            .1
            .wait_timeout_while(flushed(), FLUSH, |flushed| *flushed != Flushed::Done);
    }
}

/// The buffer of C's `stdout`, which C libraries print to: it is a socket under Airflow, so C keeps 4 KiB and more back.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod c_stdout {
    use std::ffi::{c_int, c_void};

    #[allow(unsafe_code, reason = "see below")]
    pub(super) fn flush() {
        // SAFETY: the declarations are those of C's <stdio.h>: `FILE *stdout`, under the name that it has in the system's C library, and
        // `int fflush(FILE *)`; the standard library links that library. `stdout` is set before `main` begins. A program that assigns to
        // it meanwhile races with every `printf` of its own; the read itself is of one aligned pointer. `fflush` takes the stream's
        // lock, so that other threads may print meanwhile.
        unsafe extern "C" {
            #[cfg_attr(target_vendor = "apple", link_name = "__stdoutp")]
            static stdout: *mut c_void;
            fn fflush(stream: *mut c_void) -> c_int;
        }
        // SAFETY: as above.
        unsafe {
            fflush(stdout);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
mod c_stdout {
    pub(super) fn flush() {}
}

/// The profile of a build with `-C instrument-coverage` or `-C profile-generate`, which LLVM's runtime writes in an exit handler.
#[cfg(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[allow(unsafe_code, reason = "see below")]
mod profile {
    use std::ffi::c_int;

    // A pointer to `__llvm_profile_write_file`, which is null in a build without LLVM's runtime, because the reference is weak. Stable
    // Rust has no weak references of its own. The pointer is weak as well, so that two versions of this crate can be in one program,
    // and hidden, so that no library takes it.
    std::arch::global_asm!(
        ".weak __llvm_profile_write_file",
        ".weak airflow_sdk_profile_writer",
        ".hidden airflow_sdk_profile_writer",
        ".pushsection .data.rel.ro.airflow_sdk_profile_writer,\"aw\",%progbits",
        ".p2align 3",
        ".type airflow_sdk_profile_writer,%object",
        ".size airflow_sdk_profile_writer,8",
        "airflow_sdk_profile_writer:",
        ".quad __llvm_profile_write_file",
        ".popsection",
    );

    // SAFETY: the assembly above defines it, as eight aligned bytes that nothing writes to. They are null or the address of a function
    // of this type (`int __llvm_profile_write_file(void)` in LLVM's `InstrProfiling.h`), which is what an `Option` of it holds.
    unsafe extern "C" {
        safe static airflow_sdk_profile_writer: Option<unsafe extern "C" fn() -> c_int>;
    }

    pub(super) fn write() {
        if let Some(writer) = airflow_sdk_profile_writer {
            // SAFETY: LLVM documents the function for calls by programs that end without their exit handlers. It takes no arguments and
            // locks the file that it writes.
            unsafe {
                writer();
            }
        }
    }
}

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod profile {
    pub(super) fn write() {}
}
