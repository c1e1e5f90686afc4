//! The writer under fire: killed a thousand times while the released Airflows scan its folder, and with real faults of
//! disks, permissions, inputs and system calls. At every moment the output is the old bundle or the new one, whole, under
//! its own name; and nothing is left behind.
//!
//! Needs root (for mounts, and to become somebody else), `strace` and util-linux. `cargo test --test under_fire`
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap fails the test"
)]

mod at_once;
mod disk;
mod faults;
mod inputs;
mod kills;
mod moments;
mod namespace;
#[path = "../common/packer.rs"]
mod packer;
mod permission;
#[path = "../common/python.rs"]
mod python;
mod reads;
#[path = "../common/releases.rs"]
mod releases;
mod scan;
mod site;
mod strace;
