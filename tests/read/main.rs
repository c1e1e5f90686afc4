//! `inspect`, `verify`, `unpack`: what they say of good bundles and of all others, and what they
//! write.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

mod displaced;
mod hostile;
mod inspect;
#[path = "../common/packer.rs"]
mod packer;
mod unpack;
mod verify;
mod verify_executable;
mod verify_folders;
mod verify_manifest;

use std::path::PathBuf;

use packer::{Bench, EXECUTABLE, assemble, set_mode};

/// A manifest that a worker reads, as short as possible.
const SHORT: &str = "dags: {sales: {tasks: [t]}}\nsdk: {supervisor_schema_version: '2026-06-16'}\n";

/// Writes a bundle with this manifest that the packer would perhaps not write.
fn by_hand(bench: &Bench, name: &str, source: &[u8], manifest: impl AsRef<[u8]>) -> PathBuf {
    let executable = std::fs::read(bench.path(EXECUTABLE)).unwrap();
    let path = bench.write(name, assemble(&executable, source, manifest.as_ref()));
    set_mode(&path, 0o755);
    path
}
