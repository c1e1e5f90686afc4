//! Threads, signals and process groups.

pub(crate) mod inbox;
pub(crate) mod mailbox;
pub(crate) mod platform;
pub(crate) mod threads;
