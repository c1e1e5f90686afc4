//! Executables for other systems, built by real compilers, run where something here can run them, and changed by real tools
//! after packing.
//!
//! `cargo test --test foreign` runs it. It needs Debian or a system like it, with the packages in `packages.txt`; what it installs or
//! builds itself (Python packages, cargo tools, a standard library for aarch64) goes below `target/`. Nothing is skipped:
//! what is missing is named, with the command that installs it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

mod aarch64;
mod after_packing;
mod apple;
mod builders;
mod code_signature;
#[path = "../common/packer.rs"]
mod packer;
mod project;
#[path = "../common/python.rs"]
mod python;
mod reports;
mod static_linked;
mod tools;
mod windows;
