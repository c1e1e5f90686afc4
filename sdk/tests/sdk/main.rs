//! Tasks against the in-process supervisor.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

mod data;
mod life;
mod logs;
mod outcomes;
mod signatures;
