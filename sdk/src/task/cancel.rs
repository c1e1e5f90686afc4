//! The token by which a task learns that it shall stop.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::ending::render;
use crate::process::threads;

/// Tells a task that it shall stop: the supervisor has sent a signal (someone marked the task in the UI, the worker
/// shuts down), or is gone, or the time that the task has set itself is over.
///
/// Whatever the task does then, its outcome is reported within three seconds, and the process ends.
///
/// ```
/// use std::time::Duration;
/// use airflow_sdk::{Result, Task};
///
/// fn poll(task: &Task) -> Result<()> {
///     for _ in 0..3 {
///         // Sleeps, and is an error as soon as the task is cancelled.
///         task.cancellation().sleep(Duration::from_millis(1))?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    wakers: Vec<Waker>,
}

impl Cancellation {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the task shall stop.
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// An error if the task shall stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() {
            Err(Cancelled(()))
        } else {
            Ok(())
        }
    }

    /// Sleeps this long; an error as soon as the task shall stop.
    pub fn sleep(&self, time: Duration) -> Result<(), Cancelled> {
        let deadline = Instant::now().checked_add(time);
        let mut state = self.lock();
        while !state.cancelled {
            state =
                match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                    Some(Duration::ZERO) => return Ok(()),
                    Some(left) => {
                        self.0
                            .changed
                            .wait_timeout(state, left)
                            .unwrap_or_else(PoisonError::into_inner)
                            .0
                    }
                    None => self
                        .0
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner),
                };
        }
        Err(Cancelled(()))
    }

    /// Waits, in an `async fn`, until the task shall stop.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static {
        Wait(self.clone())
    }

    pub(crate) fn cancel(&self) {
        let wakers = {
            let mut state = self.lock();
            state.cancelled = true;
            std::mem::take(&mut state.wakers)
        };
        self.0.changed.notify_all();
        if wakers.is_empty() {
            return;
        }
        // A waker is the user's code: it may block, and neither the session's thread nor that of the signals may wait for it. A panic of
        // one must not keep the next from being woken. Without a thread none is woken, and the task is given up after its time.
        let _ = threads::start("airflow-wake", move || {
            for waker in wakers {
                render::guarded(|| waker.wake());
            }
        });
    }
}

struct Wait(Cancellation);

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.cancelled {
            return Poll::Ready(());
        }
        if !state
            .wakers
            .iter()
            .any(|waker| waker.will_wake(context.waker()))
        {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// The error of a task that stops because it was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled(());

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was cancelled")
    }
}

impl std::error::Error for Cancelled {}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::sync::{Arc, mpsc};
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::{self, ThreadId};
    use std::time::{Duration, Instant};

    use super::Cancellation;

    /// Tells the thread on which it is woken.
    struct Tells(mpsc::Sender<ThreadId>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(thread::current().id());
        }
    }

    #[test]
    fn wakers_run_on_a_thread_of_their_own() {
        let token = Cancellation::default();
        let (sender, woken) = mpsc::channel();
        let waker = Waker::from(Arc::new(Tells(sender)));
        let mut context = Context::from_waker(&waker);
        let mut wait = pin!(token.cancelled());
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
        token.cancel();
        let other = woken.recv_timeout(Duration::from_secs(30));
        assert!(other.is_ok_and(|other| other != thread::current().id()));
        assert_eq!(wait.poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn a_sleeper_is_woken() {
        let token = Cancellation::default();
        assert!(token.sleep(Duration::from_millis(1)).is_ok());
        let other = token.clone();
        let started = Instant::now();
        let thread = thread::spawn(move || other.sleep(Duration::from_mins(1)));
        token.cancel();
        assert!(thread.join().is_ok_and(|result| result.is_err()));
        assert!(started.elapsed() < Duration::from_secs(30));
        assert!(token.check().is_err());
    }
}
