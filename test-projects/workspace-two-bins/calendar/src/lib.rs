//! A library of the workspace, which has nothing to pack.

/// The first hour in which there is something to report.
pub const OPENS: u32 = 8;
