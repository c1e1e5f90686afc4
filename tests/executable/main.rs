//! What kind of file is it, and can it be packed: real files, built images, and damaged ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is a test failure"
)]

mod built_images;
mod hostile;
mod images;
mod link_section;
mod loader;
mod other_kinds;
mod real_files;
mod toolchain;
