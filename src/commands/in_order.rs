//! Work on all processors whose results come in the order of their inputs.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How many inputs each thread may be ahead of the oldest result that is not there yet. Bounds the memory.
const AHEAD: usize = 16;

/// Calls `work` for each input, on several threads, and `take` for each result, on this one, in the order of the inputs.
/// `inputs` is advanced by one thread at a time. Ends at the first error of `take`. Work that needs much memory waits for
/// its [`Turn`], so that there is only one such result at a time.
pub fn in_order<I, T: Send, E>(
    inputs: impl Iterator<Item = I> + Send,
    work: impl Fn(I, &Turn<'_>) -> Option<T> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let shared = Shared {
        state: Mutex::new(State {
            inputs: inputs.fuse(),
            next: 0,
            wanted: 0,
            limit: threads * AHEAD,
            results: BTreeMap::new(),
            working: threads,
            waiting: 0,
        }),
        ready: Condvar::new(),
        room: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // Counted down even by a panic, so that nobody waits for ever.
                let _working = Working(&shared);
                while let Some((number, input)) = shared.next_input() {
                    let wait = || shared.wait_for(number);
                    let result = work(input, &Turn(&wait));
                    shared.put(number, result);
                }
            });
        }
        while let Some(result) = shared.next_result() {
            if let Err(error) = take(result) {
                shared.stop();
                return Err(error);
            }
        }
        Ok(())
    })
}

/// The place of an input in the order.
pub struct Turn<'a>(&'a dyn Fn());

impl Turn<'_> {
    /// Waits until the results of all inputs before this one have been taken.
    pub fn wait(&self) {
        (self.0)();
    }
}

struct Shared<I, T> {
    state: Mutex<State<I, T>>,
    /// The wanted result is there, or none will come.
    ready: Condvar,
    /// Results were taken.
    room: Condvar,
}

struct State<I, T> {
    inputs: I,
    /// The number of the next input.
    next: usize,
    /// The number of the next result that is taken.
    wanted: usize,
    /// How far `next` may be ahead of `wanted`; 0 once nothing more is to be done.
    limit: usize,
    /// What is there already; `None` where an input has no result.
    results: BTreeMap<usize, Option<T>>,
    /// Threads that have not ended.
    working: usize,
    /// Threads that wait for room.
    waiting: usize,
}

impl<I, T> State<I, T> {
    /// Passes over inputs without a result. Whether the wanted result is there.
    fn advance(&mut self) -> bool {
        while let Some(result) = self.results.get(&self.wanted) {
            if result.is_some() {
                return true;
            }
            self.results.remove(&self.wanted);
            self.wanted += 1;
        }
        false
    }
}

impl<I: Iterator, T> Shared<I, T> {
    fn lock(&self) -> MutexGuard<'_, State<I, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_room<'a>(
        &self,
        mut state: MutexGuard<'a, State<I, T>>,
    ) -> MutexGuard<'a, State<I, T>> {
        state.waiting += 1;
        let waited = self.room.wait(state);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn next_input(&self) -> Option<(usize, I::Item)> {
        let mut state = self.lock();
        while state.next >= state.wanted.saturating_add(state.limit) {
            if state.limit == 0 {
                return None;
            }
            state = self.wait_for_room(state);
        }
        let input = state.inputs.next()?;
        let number = state.next;
        state.next += 1;
        Some((number, input))
    }

    fn wait_for(&self, number: usize) {
        let mut state = self.lock();
        while state.wanted < number && state.limit > 0 {
            state = self.wait_for_room(state);
        }
    }

    fn put(&self, number: usize, result: Option<T>) {
        let mut state = self.lock();
        state.results.insert(number, result);
        if number != state.wanted {
            return;
        }
        let ready = state.advance();
        let waiting = state.waiting > 0;
        drop(state);
        if ready {
            self.ready.notify_one();
        }
        if waiting {
            self.room.notify_all();
        }
    }

    fn next_result(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            state.advance();
            let wanted = state.wanted;
            if let Some(result) = state.results.remove(&wanted) {
                state.wanted += 1;
                let waiting = state.waiting > 0;
                drop(state);
                if waiting {
                    self.room.notify_all();
                }
                return result;
            }
            if state.working == 0 {
                return None;
            }
            let waited = self.ready.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets no thread begin anything more.
    fn stop(&self) {
        self.lock().limit = 0;
        self.room.notify_all();
    }
}

struct Working<'a, I: Iterator, T>(&'a Shared<I, T>);

impl<I: Iterator, T> Drop for Working<'_, I, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.working -= 1;
        if thread::panicking() {
            // The result that this thread owes never comes.
            state.limit = 0;
        }
        drop(state);
        self.0.ready.notify_one();
        self.0.room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// Every third input has no result.
    fn has_result(number: usize) -> bool {
        number % 3 != 1
    }

    #[test]
    fn results_come_in_order_and_few_are_kept() {
        let taken = AtomicUsize::new(0);
        let mut results = Vec::new();
        let ahead = super::AHEAD * std::thread::available_parallelism().map_or(1, usize::from);
        let ended: Result<(), Infallible> = in_order(
            0..2000_usize,
            |number, turn| {
                let before = (0..number).filter(|&number| has_result(number)).count();
                assert!(before <= taken.load(Ordering::SeqCst) + ahead + 1);
                if number % 300 == 7 {
                    turn.wait();
                    // The last result may have been handed out only this moment.
                    assert!(before <= taken.load(Ordering::SeqCst) + 1);
                }
                if number % 500 == 0 {
                    std::thread::sleep(Duration::from_millis(20));
                }
                has_result(number).then_some(number)
            },
            |result| {
                taken.fetch_add(1, Ordering::SeqCst);
                results.push(result);
                Ok(())
            },
        );
        assert_eq!(ended, Ok(()));
        let expected: Vec<_> = (0..2000).filter(|&number| has_result(number)).collect();
        assert_eq!(results, expected);
    }

    #[test]
    fn an_error_ends_it() {
        let result = in_order(
            0..,
            |number: u32, turn| {
                if number > 100 {
                    turn.wait();
                }
                Some(number)
            },
            |number| if number == 100 { Err(number) } else { Ok(()) },
        );
        assert_eq!(result, Err(100));
    }
}
