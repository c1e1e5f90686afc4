//! From an executable to a bundle that is written or refused: introspection, validation, output,
//! signals. The executables are real ones; see `test-projects/misbehaving`.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

mod elsewhere;
mod introspect;
mod library;
mod output;
#[path = "../common/packer.rs"]
mod packer;
mod packing;
mod refuse;
mod releases;
mod section;
mod signals;
mod start;
mod trial;
mod validate;
mod validate_json;
mod validate_yaml;
