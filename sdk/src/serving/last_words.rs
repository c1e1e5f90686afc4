//! The report for a process that ends before its session does: by `std::process::exit`, or by a panic that aborts.
//!
//! The ending thread tells the session's thread, which reports the outcome as always and ends the process. So the report takes no lock
//! that the ending thread may hold, and is made on one path only.

use std::cell::Cell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::client::Client;
use crate::logging::Route;
use crate::process::inbox::Inbox;
use crate::serving::completion::{self, Completion, Ending, Standing};
use crate::serving::event::{Cause, Event};
use crate::serving::leave::leave;
use crate::task::Task;

/// How long the reply to the last message of such a process may take.
const LAST_REPLY: Duration = Duration::from_mins(1);

/// The exit code of a process that its task has ended.
pub(crate) const SELF_ENDED: u8 = 1;

/// How the task ends for a process that is about to end.
pub(crate) fn ending(cause: Cause) -> Ending {
    match cause {
        Cause::Exit => Ending::SelfEnded,
        Cause::Panic(message) => DECIDED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map_or(Ending::Panic(message), completion::ending),
    }
}

/// The task that this process serves.
pub(crate) struct Served {
    /// The id of this process. A process that the task forks inherits this value and C's exit functions, but not the session's thread.
    pub(crate) process: u32,
    pub(crate) events: Inbox<Event>,
    pub(crate) client: Arc<Client>,
    pub(crate) route: Arc<Route>,
    pub(crate) task: Task,
}

/// Set once: a process serves one task.
static SERVED: OnceLock<Served> = OnceLock::new();

/// The task of this very process, if it serves one.
fn served() -> Option<&'static Served> {
    SERVED
        .get()
        .filter(|served| served.process == std::process::id())
}

/// How the handler has ended. A later panic that ends the process, such as one in the `Drop` of the handler's error, does not change it.
static DECIDED: Mutex<Option<Completion>> = Mutex::new(None);

/// Notes how the handler of this process has ended.
pub(crate) fn decide(completion: impl FnOnce() -> Completion) {
    // Only under `testing` do several tasks run in one process, and there no process is watched.
    if served().is_some() {
        *DECIDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(completion());
    }
}

thread_local! {
    /// Whether the session runs on this thread. It has no destructor, so it can be asked while the thread ends.
    static SESSION: Cell<bool> = const { Cell::new(false) };
}

/// From here on, `exit` and panics that abort are reported. The session runs on the calling thread.
pub(crate) fn watch(served: Served) {
    SESSION.with(|own| own.set(true));
    if SERVED.set(served).is_ok() {
        #[cfg(unix)]
        exit_function::register();
    }
}

/// Keeps the current thread from ending in a process that serves, which ends soon: the end of a thread runs the destructors of its
/// thread-locals, and a panic of one aborts the process.
pub(crate) fn stay() {
    while served().is_some() {
        std::thread::park();
    }
}

/// Reports the outcome and ends the process; returns only in a process without a task, which a child that the task has forked is too.
pub(crate) fn speak(cause: Cause) {
    let Some(served) = served() else {
        return;
    };
    if SESSION.try_with(Cell::get).unwrap_or(false) {
        report(served, ending(cause));
    }
    served.events.send(Event::Ending(cause));
    // The session ends the process; also when it is about to deliver another outcome, which nothing may change any more. All its waits
    // have limits. Not `park`, which may not be called when the thread's locals are gone.
    loop {
        std::thread::sleep(Duration::from_hours(1));
    }
}

/// Reports the outcome on the session's own thread, and ends the process.
fn report(served: &Served, ending: Ending) -> ! {
    let Served {
        events,
        client,
        route,
        task,
        ..
    } = served;
    // Where the claim fails, the session has sent its outcome and is about to end the process.
    let mut delivered = true;
    let self_ended = matches!(ending, Ending::SelfEnded);
    if client.claim_end() {
        let (record, terminal) = ending.report(task, &Standing::Running);
        if let Some(record) = record {
            route.send(&record);
        }
        let body = task.last_message(terminal);
        delivered = client
            .end(&body, Some(LAST_REPLY), |socket, deadline| {
                events.wait(Some(socket), Some(deadline))
            })
            .map_or_else(|error| error.was_answered(), |_| true);
    }
    route.sink.flush(Duration::from_secs(5));
    leave(if self_ended {
        SELF_ENDED
    } else {
        u8::from(!delivered)
    })
}

#[cfg(unix)]
mod exit_function {
    use std::ffi::c_int;

    use super::{Cause, speak};

    /// Registers a function that C's `exit` calls, and with it `std::process::exit`. `_exit`, `abort` and `quick_exit` call none.
    #[allow(unsafe_code, reason = "see below")]
    pub(super) fn register() {
        // SAFETY: the declaration is that of C's <stdlib.h>, `int atexit(void (*)(void))`; the standard library links the C library. It
        // may be called on any thread at any time with a function that stays loaded, which a function of an executable does.
        unsafe extern "C" {
            safe fn atexit(function: extern "C" fn()) -> c_int;
        }
        // Fails only without memory. Then such a task is reported as before: by Airflow, when it misses it.
        let _ = atexit(at_exit);
    }

    /// Runs on the thread that called `exit`, whose thread-locals are gone; before the functions that were registered earlier. It does
    /// not unwind: nothing in it panics. It returns only in a forked child, which ends as it would without the SDK.
    extern "C" fn at_exit() {
        speak(Cause::Exit);
    }
}
