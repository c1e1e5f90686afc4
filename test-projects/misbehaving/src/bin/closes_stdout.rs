//! Prints its manifest, closes stdout and stays.

use std::os::fd::{FromRawFd as _, OwnedFd};

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::MANIFEST);
    // SAFETY: nothing in this program uses stdout from here on.
    drop(unsafe { OwnedFd::from_raw_fd(1) });
    misbehaving::sleep();
}
