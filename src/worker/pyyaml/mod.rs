//! What `yaml.safe_load` makes of a manifest.
//!
//! The released worker reads manifests with `PyYAML` 6.0.3's pure Python `SafeLoader`, and three things can come of it: a
//! value; a `YAMLError`, on which the worker skips the bundle; or another exception, on which its whole search for a
//! bundle ends. No YAML library for Rust draws these lines where `PyYAML` does: libyaml differs on tabs, escapes and
//! document markers, YAML 1.2 readers also on types. So the loader is written anew here, after `PyYAML`'s behaviour on Python
//! 3.10 to 3.13, faults included. `tests/pyyaml_differential.rs` holds it against the real one.
//!
//! Where Python's answer depends on the machine (recursion limit, memory, patience) this loader says so with
//! [`LoadError::TooDeep`] or [`LoadError::TooComplex`]. Otherwise its time and memory are linear in the text's length.

mod binary;
mod collections;
mod composer;
mod construct;
mod document;
mod error;
mod int;
mod key;
mod merge;
mod node;
mod numbers;
mod parser;
mod properties;
mod reader;
mod resolver;
mod scalars;
mod scanner;
mod text;
mod timestamp;
mod token;

#[cfg(test)]
mod tests;

pub use document::{Document, Value, ValueId, ValueRef};
pub use error::LoadError;
pub use int::Int;
pub use text::PyStr;
pub use timestamp::{Date, DateTime};

/// Collections that may be open inside each other, and mappings that may merge each other in a chain.
pub const MAX_DEPTH: usize = 64;

/// Entries that merge keys may copy in all, and characters that `=` values may repeat.
pub const MAX_WORK: usize = 1 << 20;

/// Does what `yaml.safe_load(text)` does.
///
/// # Errors
///
/// See [`LoadError`].
pub fn safe_load(text: &str) -> Result<Document, LoadError> {
    construct::construct(composer::compose(text)?)
}
