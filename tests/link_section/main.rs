//! The manifest that `airflow_sdk::bundle!` puts into an executable is in it whatever the profile does.
//!
//! Linux; `tests/linkers` has what needs linkers that come neither with Rust nor with a C compiler.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is a test failure"
)]

mod builds;
mod by_hand;
mod check;
mod introspection;
mod library;
mod profiles;
#[path = "../common/project.rs"]
mod project;
mod run_time;
mod strip;
