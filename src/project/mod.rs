//! What of a cargo workspace is packed: the tables for this program in a `Cargo.toml`, and the choice of executables.

mod features;
mod select;
mod table;

pub use select::{Named, Selected, Selection, marked, reaches_sdk, select};
pub use table::Table;
