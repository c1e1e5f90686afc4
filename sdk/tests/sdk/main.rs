//! Tasks against the in-process supervisor.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]
#![allow(
    clippy::unnecessary_wraps,
    clippy::unnecessary_literal_unwrap,
    reason = "the handlers show the signatures that users write"
)]

mod arguments;
mod chosen;
mod connections;
mod data;
mod hostile;
mod life;
mod logs;
mod mapping;
mod outcomes;
mod releases;
mod signatures;
mod stopping;
mod url_texts;
mod worker_secrets;
