//! Stands in for the runtime crate: only its name matters here.

/// The version of the coordinator's schema.
pub const SCHEMA: &str = "2026-06-16";
