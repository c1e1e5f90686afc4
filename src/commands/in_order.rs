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

/// Calls `work` for each input, on several threads, and `take` for the results, some at a time, in the order of the inputs and
/// on one thread at a time: on the one that has finished the oldest input, so that none has to be woken for it. `inputs` is
/// advanced by one thread at a time. Ends at the first error of `take`.
pub fn in_order<I: Send, T: Send, E: Send>(
    inputs: impl Iterator<Item = I> + Send,
    work: impl Fn(I, &Turn<'_>) -> Option<T> + Sync,
    take: impl FnMut(Vec<T>) -> Result<(), E> + Send,
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
pub struct Turn<'a> {
    set_out: &'a dyn Fn(),
    wait: &'a dyn Fn() -> bool,
}

impl Turn<'_> {
    /// Says that the work on this input takes long: what the thread has done before is handed over first, and what it was to
    /// do afterwards is left to others.
    pub fn takes_long(&self) {
        (self.set_out)();
    }

    /// Waits until the results of all inputs before this one have been taken: for work or results that need much memory, so
    /// that there is only one at a time. Returns whether anything more is to be done; if not, the result would be dropped.
    #[must_use]
    pub fn wait(&self) -> bool {
        (self.set_out)();
        (self.wait)()
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

/// Inputs that a thread has taken.
struct Batch<I, T> {
    /// The number of the first input whose result is not handed over.
    first: usize,
    done: Done<T>,
    rest: std::vec::IntoIter<I>,
}

impl<I, T> Batch<I, T> {
    /// The number of the input that is worked on.
    fn next(&self) -> usize {
        self.first + self.done.inputs
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
    F: FnMut(Vec<T>) -> Result<(), E>,
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
            let batch = RefCell::new(Batch {
                first,
                done: Done::default(),
                rest: inputs.into_iter(),
            });
            loop {
                let Some(input) = batch.borrow_mut().rest.next() else {
                    break;
                };
                let result = work(
                    input,
                    &Turn {
                        set_out: &|| self.set_out(&batch),
                        wait: &|| self.wait_for(batch.borrow().next()),
                    },
                );
                let mut batch = batch.borrow_mut();
                batch.done.inputs += 1;
                batch.done.results.extend(result);
                if start.elapsed() > SLICE {
                    break;
                }
            }
            size = if start.elapsed() < SLICE {
                BATCH.min(2 * size)
            } else {
                1
            };
            let Batch { first, done, rest } = batch.into_inner();
            self.give_back(first + done.inputs, rest.collect(), true);
            self.deliver(first, done);
        }
    }

    /// Hands over what is done of a batch, and gives back what is not begun.
    fn set_out(&self, batch: &RefCell<Batch<I::Item, T>>) {
        let (first, done, rest) = {
            let mut batch = batch.borrow_mut();
            let first = batch.first;
            batch.first = batch.next();
            let rest: Vec<_> = batch.rest.by_ref().collect();
            (first, std::mem::take(&mut batch.done), rest)
        };
        // The input that is worked on stands between them.
        self.give_back(first + done.inputs + 1, rest, false);
        self.deliver(first, done);
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

    /// Gives back what was not begun: `inputs`, of which the first has the number `first`. `ends` says that the thread has
    /// nothing more of its batch.
    fn give_back(&self, first: usize, inputs: Vec<I::Item>, ends: bool) {
        if inputs.is_empty() && !ends {
            return;
        }
        let mut state = self.lock();
        state.working -= usize::from(ends);
        if !inputs.is_empty() {
            state.returned.insert(first, inputs);
        }
        self.tell(state);
    }

    /// Waits until all inputs before `number` are over and done with. Returns whether anything more is to be done.
    fn wait_for(&self, number: usize) -> bool {
        let mut state = self.lock();
        while state.taken < number && state.limit > 0 {
            state = self.wait(state);
        }
        state.limit > 0
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
        taker.error = (taker.take)(results).err();
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
    F: FnMut(Vec<T>) -> Result<(), E>;

impl<I, T, F, E> Drop for StopOnPanic<'_, I, T, F, E>
where
    I: Iterator,
    F: FnMut(Vec<T>) -> Result<(), E>,
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
                    assert!(turn.wait());
                    // The last result may have been handed out only this moment.
                    assert!(before <= taken.load(Ordering::SeqCst) + 1);
                }
                if number % 500 == 0 {
                    std::thread::sleep(Duration::from_millis(20));
                }
                has_result(number).then_some(number)
            },
            |some| {
                taken.fetch_add(some.len(), Ordering::SeqCst);
                results.extend(some);
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
            |some| {
                results.extend(some);
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
                        assert!(!turn.wait());
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
                    assert!(!turn.wait());
                }
                Some(number)
            },
            |numbers| match numbers.last() {
                Some(&number) if number >= 100 => Err(number),
                _ => Ok(()),
            },
        );
        assert_eq!(result, Err(100));
    }

    #[test]
    fn what_takes_long_keeps_nothing_back() {
        let taken = AtomicUsize::new(0);
        let ended: Result<(), Infallible> = in_order(
            0..1000_usize,
            |number, turn| {
                if number == 500 {
                    turn.takes_long();
                    // The others go on, and may be at work on one before this.
                    let mut patience = 1000;
                    while taken.load(Ordering::SeqCst) < 500 && patience > 0 {
                        std::thread::sleep(Duration::from_millis(1));
                        patience -= 1;
                    }
                    assert_eq!(taken.load(Ordering::SeqCst), 500);
                }
                Some(number)
            },
            |some| {
                taken.fetch_add(some.len(), Ordering::SeqCst);
                Ok(())
            },
        );
        assert_eq!(ended, Ok(()));
        assert_eq!(taken.into_inner(), 1000);
    }
}
