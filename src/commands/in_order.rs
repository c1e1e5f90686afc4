//! Work on all processors whose results come in the order of their inputs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most inputs that a thread takes at once. One at a time would cost more than most inputs themselves.
const BATCH: usize = 64;

/// How many inputs for each thread may have been handed out beyond the oldest whose result is not taken. Bounds the memory.
const AHEAD: usize = 2 * BATCH;

/// A thread that has worked on a batch for so long gives back what it has not begun.
const SLICE: Duration = Duration::from_millis(1);

/// Calls `work` for each input, on several threads, and `take` for each result, in the order of the inputs and on one thread
/// at a time: on the one that has finished the oldest input, so that none has to be woken for it. `inputs` is advanced by
/// one thread at a time. Ends at the first error of `take`. Work that needs much memory waits for its [`Turn`], so that
/// there is only one such result at a time.
pub fn in_order<I: Send, T: Send, E: Send>(
    inputs: impl Iterator<Item = I> + Send,
    work: impl Fn(I, &Turn<'_>) -> Option<T> + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let shared = Shared {
        state: Mutex::new(State {
            inputs: inputs.fuse(),
            next: 0,
            returned: BTreeMap::new(),
            taken: 0,
            limit: threads * AHEAD,
            results: BTreeMap::new(),
            taking: false,
            working: 0,
            waiting: 0,
        }),
        changed: Condvar::new(),
        taker: Mutex::new(Taker { take, error: None }),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // The others do the work of one that cannot be started.
            let _ = thread::Builder::new().spawn_scoped(scope, || shared.work(&work));
        }
        shared.work(&work);
    });
    let taker = shared.taker.into_inner();
    match taker.unwrap_or_else(PoisonError::into_inner).error {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The place of an input in the order.
pub struct Turn<'a>(&'a dyn Fn());

impl Turn<'_> {
    /// Waits until the results of all inputs before this one have been taken.
    pub fn wait(&self) {
        (self.0)();
    }
}

struct Shared<I: Iterator, T, F, E> {
    state: Mutex<State<I, T>>,
    /// Results were taken, or inputs given back.
    changed: Condvar,
    taker: Mutex<Taker<F, E>>,
}

struct State<I: Iterator, T> {
    inputs: I,
    /// The number of the next input.
    next: usize,
    /// Inputs that a thread has given back, by the number of the first.
    returned: BTreeMap<usize, Vec<I::Item>>,
    /// How many inputs, from the first, are over and done with.
    taken: usize,
    /// How far `next` may be ahead of `taken`; 0 once nothing more is to be done.
    limit: usize,
    /// What is there and not taken, by the number of the first input.
    results: BTreeMap<usize, Done<T>>,
    /// Whether a thread takes results at the moment.
    taking: bool,
    /// Threads that have a batch, of which they may give back a part.
    working: usize,
    /// Threads that wait for a change.
    waiting: usize,
}

struct Taker<F, E> {
    take: F,
    error: Option<E>,
}

/// What came of some inputs that follow each other.
struct Done<T> {
    /// How many inputs.
    inputs: usize,
    results: Vec<T>,
}

impl<T> Default for Done<T> {
    fn default() -> Self {
        Self {
            inputs: 0,
            results: Vec::new(),
        }
    }
}

impl<I: Iterator, T> State<I, T> {
    /// The next inputs, at most `size`, and the number of the first; `None` if there is no room for their results.
    fn batch(&mut self, size: usize) -> Option<(usize, Vec<I::Item>)> {
        if let Some((first, mut inputs)) = self.returned.pop_first() {
            let rest = inputs.split_off(size.min(inputs.len()));
            if !rest.is_empty() {
                self.returned.insert(first + inputs.len(), rest);
            }
            return Some((first, inputs));
        }
        let room = (self.taken + self.limit).saturating_sub(self.next);
        if room == 0 {
            return None;
        }
        let inputs: Vec<_> = self.inputs.by_ref().take(size.min(room)).collect();
        let first = self.next;
        self.next += inputs.len();
        Some((first, inputs))
    }
}

impl<I, T, F, E> Shared<I, T, F, E>
where
    I: Iterator,
    F: FnMut(T) -> Result<(), E>,
{
    fn lock(&self) -> MutexGuard<'_, State<I, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, mut state: MutexGuard<'a, State<I, T>>) -> MutexGuard<'a, State<I, T>> {
        state.waiting += 1;
        let waited = self.changed.wait(state);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    /// What each thread does.
    fn work(&self, work: &impl Fn(I::Item, &Turn<'_>) -> Option<T>) {
        let _unwinding = StopOnPanic(self);
        let mut size = 1;
        while let Some((first, inputs)) = self.next_batch(size) {
            let start = Instant::now();
            // What is done of the batch and not delivered, and the number of its first input.
            let done = RefCell::new((first, Done::default()));
            let mut inputs = inputs.into_iter();
            while let Some(input) = inputs.next() {
                let wait = || self.wait_for_turn(&done);
                let result = work(input, &Turn(&wait));
                let (_, done) = &mut *done.borrow_mut();
                done.inputs += 1;
                done.results.extend(result);
                if inputs.len() > 0 && start.elapsed() > SLICE {
                    break;
                }
            }
            let quick = inputs.len() == 0 && start.elapsed() < SLICE;
            size = if quick { BATCH.min(2 * size) } else { 1 };
            let (first, done) = done.into_inner();
            self.end_batch(first + done.inputs, inputs.collect());
            self.deliver(first, done);
        }
    }

    /// `None` if nothing more is to be done.
    fn next_batch(&self, size: usize) -> Option<(usize, Vec<I::Item>)> {
        let mut state = self.lock();
        loop {
            if state.limit == 0 {
                return None;
            }
            match state.batch(size) {
                Some((first, inputs)) if !inputs.is_empty() => {
                    state.working += 1;
                    return Some((first, inputs));
                }
                Some(_) if state.working == 0 => return None,
                _ => state = self.wait(state),
            }
        }
    }

    /// Gives back what was not begun: `inputs`, of which the first has the number `first`.
    fn end_batch(&self, first: usize, inputs: Vec<I::Item>) {
        let mut state = self.lock();
        state.working -= 1;
        if !inputs.is_empty() {
            state.returned.insert(first, inputs);
        }
        self.tell(state);
    }

    fn wait_for_turn(&self, done: &RefCell<(usize, Done<T>)>) {
        let (first, done) = {
            let mut done = done.borrow_mut();
            let next = done.0 + done.1.inputs;
            std::mem::replace(&mut *done, (next, Done::default()))
        };
        let number = first + done.inputs;
        self.deliver(first, done);
        let mut state = self.lock();
        while state.taken < number && state.limit > 0 {
            state = self.wait(state);
        }
    }

    /// Keeps results, and takes all that are next in order unless another thread does.
    fn deliver(&self, first: usize, done: Done<T>) {
        if done.inputs == 0 {
            return;
        }
        let mut state = self.lock();
        state.results.insert(first, done);
        if state.taking {
            return;
        }
        state.taking = true;
        loop {
            let next = state.taken;
            let Some(done) = state.results.remove(&next) else {
                break;
            };
            if !done.results.is_empty() {
                drop(state);
                let good = self.take(done.results);
                state = self.lock();
                if !good {
                    state.limit = 0;
                    break;
                }
            }
            state.taken += done.inputs;
        }
        state.taking = false;
        self.tell(state);
    }

    /// Whether more results are wanted.
    fn take(&self, results: Vec<T>) -> bool {
        let mut taker = self.taker.lock().unwrap_or_else(PoisonError::into_inner);
        for result in results {
            if taker.error.is_none() {
                taker.error = (taker.take)(result).err();
            }
        }
        taker.error.is_none()
    }

    /// Wakes the threads that wait for what has changed.
    fn tell(&self, state: MutexGuard<'_, State<I, T>>) {
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.changed.notify_all();
        }
    }
}

/// Lets no thread wait for the result that a panicking one owes.
struct StopOnPanic<'a, I, T, F, E>(&'a Shared<I, T, F, E>)
where
    I: Iterator,
    F: FnMut(T) -> Result<(), E>;

impl<I, T, F, E> Drop for StopOnPanic<'_, I, T, F, E>
where
    I: Iterator,
    F: FnMut(T) -> Result<(), E>,
{
    fn drop(&mut self) {
        if thread::panicking() {
            let mut state = self.0.lock();
            state.limit = 0;
            self.0.tell(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use std::collections::HashSet;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};
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
    fn a_thread_gives_back_what_takes_long() {
        // Quick ones first, so that batches are large when the slow ones come.
        const QUICK: usize = 20 * super::BATCH;
        let workers = Mutex::new(HashSet::new());
        let mut results = Vec::new();
        let ended: Result<(), Infallible> = in_order(
            0..QUICK + super::BATCH,
            |number, _| {
                if number >= QUICK {
                    std::thread::sleep(Duration::from_millis(2));
                    let mut workers = workers.lock().unwrap_or_else(PoisonError::into_inner);
                    workers.insert(std::thread::current().id());
                }
                Some(number)
            },
            |result| {
                results.push(result);
                Ok(())
            },
        );
        assert_eq!(ended, Ok(()));
        assert!(results.into_iter().eq(0..QUICK + super::BATCH));
        let workers = workers.into_inner().unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(workers.len(), processors.min(super::BATCH));
    }

    #[test]
    fn a_panic_is_passed_on() {
        let panicked = std::panic::catch_unwind(|| {
            in_order(
                0..1000,
                |number, turn| {
                    assert_ne!(number, 500, "on purpose");
                    if number > 500 {
                        turn.wait();
                    }
                    Some(number)
                },
                |_| Ok::<(), Infallible>(()),
            )
        });
        assert!(panicked.is_err());
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
