//! How much memory an input deserves.

use std::alloc::System;
use std::sync::Once;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Calls `target` with `data`. Ends the process if that takes more than `base` bytes and `each` bytes for each byte of `data`
/// at one time.
pub fn within(base: usize, each: usize, data: &[u8], target: fn(&[u8])) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A backtrace takes more memory than any input.
            let _ = ALLOCATOR.set_limit(usize::MAX);
            report(panic);
        }));
    });
    let limit = ALLOCATOR.allocated() + base + each * data.len();
    // The limit cannot be below what is allocated now, which is the only error.
    let _ = ALLOCATOR.set_limit(limit);
    target(data);
    let _ = ALLOCATOR.set_limit(usize::MAX);
}
