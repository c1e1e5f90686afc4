//! The answer of `safe_load`: Python's values.

mod document;
mod int;
#[cfg(feature = "json")]
mod json;
mod text;
mod time;

pub use document::{Document, Value, ValueId, ValueRef};
pub use int::Int;
pub use text::PyStr;
pub(crate) use text::PyStrBuilder;
pub use time::{Date, DateTime};
