//! All threads of the SDK are started by the functions of this module.
//!
//! Each type of closure that the standard library's `spawn` is given costs two kilobytes of a small executable, so all here are of one.

use std::io;
use std::thread::Builder;

/// Starts a thread of the SDK's own.
pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    spawn(Builder::new().name(name.to_owned()), Box::new(work))
}

/// Starts a thread with a stack of this many bytes.
pub(crate) fn start_with_stack(
    name: String,
    stack: usize,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    spawn(Builder::new().name(name).stack_size(stack), Box::new(work))
}

#[inline(never)]
fn spawn(builder: Builder, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    builder.spawn(work).map(drop)
}
