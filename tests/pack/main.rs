//! Packing, from the command line to the report: selecting, building, the settings, and what is
//! printed. Each test works on its own copy of a project in `test-projects/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod build;
mod builder;
mod bundles;
mod config;
mod environment;
mod loader;
mod prebuilt;
#[path = "../common/project.rs"]
mod project;
mod report;
mod reproducible;
mod runner;
mod sdk;
mod select;
mod target;
mod together;
mod trial;
mod with_sdk;
