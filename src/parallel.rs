//! Work on all processors whose results come in the order of their inputs.
//!
//! The ways of an input, all of them under one lock, which a thread takes once for several inputs:
//!
//! ```text
//! inputs ──claim──► a thread's batch ──work──► done ──share──► results ──hand over──► `take`
//!                          ▲   │                                (in order: the result of the
//!                          │   └──share──► returned ─┐           oldest input opens the way)
//!                          └─────────claim───────────┘
//! ```
//!
//! A thread shares at the end of its batch; before that, if an input announces long work or waits for earlier results. Sharing
//! passes on the results so far and returns the inputs that the thread has not begun, which any thread claims before new
//! inputs. A thread that finds nothing to claim sleeps until all results are taken, because others may return inputs.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::iter::Fuse;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most inputs that a thread claims at once. The lock for each single input would cost more than most inputs themselves.
const BATCH: usize = 64;

/// A thread whose batch took longer claims a single input next: slow inputs are spread over the threads.
const SLICE: Duration = Duration::from_millis(1);

/// How many inputs for each thread may be claimed beyond the oldest whose result is not taken. Bounds the memory.
const AHEAD: usize = 2 * BATCH;

/// Calls `work` for each input on several threads, and `take` with the results in the order of the inputs, some at a time.
///
/// One thread at a time calls `take`: the thread that finishes the oldest input, so that no other has to wake up for it. One
/// thread at a time advances `inputs`.
///
/// # Errors
/// The first error of `take`, which ends the work.
pub fn in_order<I: Send, T: Send, E: Send>(
    inputs: impl Iterator<Item = I> + Send,
    work: impl Fn(I, &Turn<'_>) -> Option<T> + Sync,
    take: impl FnMut(Vec<T>) -> Result<(), E> + Send,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let shared = Shared {
        state: Mutex::new(State {
            inputs: inputs.fuse(),
            exhausted: false,
            next: 0,
            returned: BTreeMap::new(),
            results: VecDeque::new(),
            taken: 0,
            ahead: threads * AHEAD,
            take: Some(take),
            error: None,
            stopped: false,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where the system refuses a thread, the others do its work.
            let _ = thread::Builder::new().spawn_scoped(scope, || shared.run(&work));
        }
        shared.run(&work);
    });
    let state = shared.state.into_inner();
    state
        .unwrap_or_else(PoisonError::into_inner)
        .error
        .map_or(Ok(()), Err)
}

/// The turn of an input, by which its work tells the other threads what to expect.
pub struct Turn<'a> {
    share: &'a dyn Fn(),
    wait: &'a dyn Fn() -> bool,
}

impl Turn<'_> {
    /// Announces long work on this input: the thread passes on its results so far, and leaves the rest of its batch to others.
    pub fn takes_long(&self) {
        (self.share)();
    }

    /// Waits until the results of all earlier inputs are taken. Work or results that need much memory wait, so that only one
    /// of them exists at a time. Returns `false` if the work has ended meanwhile, and nobody would take the result.
    #[must_use]
    pub fn wait(&self) -> bool {
        (self.share)();
        (self.wait)()
    }
}

struct Shared<I: Iterator, T, F, E> {
    state: Mutex<State<I, T, F, E>>,
    /// Notified whenever the state has changed in a way for which a thread may wait.
    changed: Condvar,
}

struct State<I: Iterator, T, F, E> {
    inputs: Fuse<I>,
    /// Whether `inputs` has ended.
    exhausted: bool,
    /// The number of the next input.
    next: usize,
    /// Inputs that a thread has claimed and returned, by their numbers.
    returned: BTreeMap<usize, I::Item>,
    /// The results of the inputs before `next` that are not on their way to `take`.
    results: VecDeque<Slot<T>>,
    /// How many inputs, from the first, have their results taken.
    taken: usize,
    /// How far `next` may be ahead of `taken`.
    ahead: usize,
    /// `None` while a thread calls it.
    take: Option<F>,
    error: Option<E>,
    /// Whether an error or a panic has ended the work.
    stopped: bool,
}

/// The place of a result.
enum Slot<T> {
    Open,
    Done(Option<T>),
}

/// The inputs that a thread has claimed, by their numbers, and the results of those it has done.
struct Batch<I, T> {
    rest: VecDeque<(usize, I)>,
    done: Vec<(usize, Option<T>)>,
}

impl<I, T> Default for Batch<I, T> {
    fn default() -> Self {
        Self {
            rest: VecDeque::new(),
            done: Vec::new(),
        }
    }
}

impl<I: Iterator, T, F, E> State<I, T, F, E> {
    /// The next inputs, at most `size`: returned ones before new ones. None at all if there is no room for their results.
    fn claim(&mut self, size: usize) -> VecDeque<(usize, I::Item)> {
        if !self.returned.is_empty() {
            return std::iter::from_fn(|| self.returned.pop_first())
                .take(size)
                .collect();
        }
        let room = (self.taken + self.ahead).saturating_sub(self.next);
        let size = size.min(room);
        let claimed: VecDeque<_> = (self.next..).zip(self.inputs.by_ref().take(size)).collect();
        self.exhausted |= claimed.len() < size;
        self.next += claimed.len();
        let slots = self.results.len() + claimed.len();
        self.results.resize_with(slots, || Slot::Open);
        claimed
    }

    fn store(&mut self, number: usize, result: Option<T>) {
        let first = self.next - self.results.len();
        if let Some(slot) = self.results.get_mut(number - first) {
            *slot = Slot::Done(result);
        }
    }

    /// Removes the results that are next in order. Returns the number of their inputs too, some of which have none.
    fn ready(&mut self) -> (usize, Vec<T>) {
        let (mut count, mut results) = (0, Vec::new());
        while let Some(Slot::Done(result)) = self
            .results
            .pop_front_if(|slot| matches!(slot, Slot::Done(_)))
        {
            count += 1;
            results.extend(result);
        }
        (count, results)
    }
}

impl<I, T, F, E> Shared<I, T, F, E>
where
    I: Iterator,
    F: FnMut(Vec<T>) -> Result<(), E>,
{
    fn lock(&self) -> MutexGuard<'_, State<I, T, F, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work of one thread.
    fn run(&self, work: &impl Fn(I::Item, &Turn<'_>) -> Option<T>) {
        let _unwinding = OnPanic(&|| self.stop());
        let batch = RefCell::new(Batch::default());
        let mut size = 1;
        while self.claim(&batch, size) {
            let start = Instant::now();
            loop {
                let Some((number, input)) = batch.borrow_mut().rest.pop_front() else {
                    break;
                };
                let turn = Turn {
                    share: &|| self.share(&batch),
                    wait: &|| self.wait_for(number),
                };
                let result = work(input, &turn);
                batch.borrow_mut().done.push((number, result));
            }
            self.share(&batch);
            size = if start.elapsed() < SLICE {
                BATCH.min(2 * size)
            } else {
                1
            };
        }
    }

    /// Fills an empty batch. Returns `false` if no work is left.
    fn claim(&self, batch: &RefCell<Batch<I::Item, T>>, size: usize) -> bool {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return false;
            }
            let claimed = state.claim(size);
            if !claimed.is_empty() {
                batch.borrow_mut().rest = claimed;
                return true;
            }
            if state.exhausted && state.taken == state.next {
                return false;
            }
            state = self.wait(state);
        }
    }

    /// Passes on the results in a batch, and returns its inputs that the thread has not begun.
    fn share(&self, batch: &RefCell<Batch<I::Item, T>>) {
        let Batch { rest, done } = batch.take();
        if rest.is_empty() && done.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.returned.extend(rest);
        for (number, result) in done {
            state.store(number, result);
        }
        self.hand_over(state);
    }

    /// Calls `take` with all results that are next in order. If another thread does so at the moment, that thread looks for
    /// more results afterwards.
    fn hand_over<'a>(&'a self, mut state: MutexGuard<'a, State<I, T, F, E>>) {
        if let Some(mut take) = state.take.take() {
            loop {
                let (count, results) = state.ready();
                if count == 0 || state.stopped {
                    break;
                }
                if !results.is_empty() {
                    drop(state);
                    let answer = take(results);
                    state = self.lock();
                    state.stopped |= answer.is_err();
                    state.error = answer.err();
                }
                state.taken += count;
            }
            state.take = Some(take);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until the results of all inputs before `number` are taken. Returns `false` if the work has ended meanwhile.
    fn wait_for(&self, number: usize) -> bool {
        let mut state = self.lock();
        while state.taken < number && !state.stopped {
            state = self.wait(state);
        }
        !state.stopped
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State<I, T, F, E>>,
    ) -> MutexGuard<'a, State<I, T, F, E>> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Calls a function when a panic unwinds: without it, the other threads would wait for ever for the result of this one.
struct OnPanic<'a>(&'a dyn Fn());

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
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
                    // `take` may be at work on the last result at this moment.
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
    fn inputs_behind_long_work_are_left_to_others() {
        // Quick ones first, so that batches are large when the slow ones come.
        const QUICK: usize = 20 * super::BATCH;
        let workers = Mutex::new(HashSet::new());
        let mut results = Vec::new();
        let ended: Result<(), Infallible> = in_order(
            0..QUICK + super::BATCH,
            |number, turn| {
                if number >= QUICK {
                    turn.takes_long();
                    std::thread::sleep(Duration::from_millis(5));
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
    fn long_work_keeps_no_earlier_result_back() {
        let taken = AtomicUsize::new(0);
        let ended: Result<(), Infallible> = in_order(
            0..1000_usize,
            |number, turn| {
                if number == 500 {
                    turn.takes_long();
                    // The other threads go on, and one may be at work on an earlier input.
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
