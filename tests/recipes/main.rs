//! The recipes for CI, and the commands in the documentation: they parse, every command and every flag in them exists,
//! and what can be run here is run.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod commands;
#[path = "../common/project.rs"]
mod project;
#[path = "../common/python.rs"]
mod python;
mod recipe;
mod run;

use std::fs;
use std::path::Path;

/// A file of this repository.
fn text(path: &str) -> String {
    let path = Path::new(project::REPOSITORY).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
