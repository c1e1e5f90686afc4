//! A queue between threads.
//!
//! The standard library's channels are generic over three kinds of queue, which is a tenth of a small executable. A task has
//! two threads that say a handful of things to a third.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// A queue without a limit. Clones share it.
pub(crate) struct Mailbox<T>(Arc<(Mutex<VecDeque<T>>, Condvar)>);

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(VecDeque::new()), Condvar::new())))
    }

    /// Puts something in.
    pub(crate) fn send(&self, item: T) {
        let (queue, changed) = &*self.0;
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(item);
        changed.notify_one();
    }

    /// Takes the first thing out, when there is one; `None` if there is none until the deadline.
    pub(crate) fn receive(&self, deadline: Option<Instant>) -> Option<T> {
        let (queue, changed) = &*self.0;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(item) = queue.pop_front() {
                return Some(item);
            }
            queue = match deadline {
                None => changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    changed
                        .wait_timeout(queue, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Mailbox;

    #[test]
    fn things_come_in_order_or_not_at_all() {
        let mailbox = Mailbox::new();
        let other = mailbox.clone();
        let thread = std::thread::spawn(move || (1..=3).for_each(|n| other.send(n)));
        let got: Vec<i32> = (0..3).filter_map(|_| mailbox.receive(None)).collect();
        assert_eq!(got, [1, 2, 3]);
        assert!(thread.join().is_ok());
        let soon = Instant::now() + Duration::from_millis(5);
        assert_eq!(mailbox.receive(Some(soon)), None);
    }
}
