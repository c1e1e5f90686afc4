//! Which task the current thread's records belong to.
//!
//! A served bundle has one task for the whole process. Under `testing` several run at once, each on threads of its own.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError, RwLock};

use super::Route;

static PROCESS: RwLock<Option<Arc<Route>>> = RwLock::new(None);

thread_local! {
    static THREAD: RefCell<Option<Arc<Route>>> = const { RefCell::new(None) };
}

/// Where this thread's records go: its own task's, or else the process's.
pub(crate) fn route() -> Option<Arc<Route>> {
    // The thread-local is gone while a thread ends.
    let own = THREAD
        .try_with(|route| route.try_borrow().ok().and_then(|route| route.clone()))
        .ok()
        .flatten();
    own.or_else(|| {
        PROCESS
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    })
}

/// Binds this thread to a task.
pub(crate) fn follow(route: Option<Arc<Route>>) {
    THREAD.with(|own| *own.borrow_mut() = route);
}

/// Binds the process to a task.
pub(crate) fn follow_process(route: Arc<Route>) {
    *PROCESS.write().unwrap_or_else(PoisonError::into_inner) = Some(route);
}
