//! The manifest that `airflow_sdk::bundle!` puts into an executable is in it whatever the profile and the linker do.
//!
//! Linux, whose linkers these are.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is a test failure"
)]

mod by_hand;
mod introspection;
mod library;
mod linkers;
mod project;
mod run_time;
mod strip;
