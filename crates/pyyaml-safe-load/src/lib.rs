//! What `PyYAML` 6.0.3's `yaml.safe_load` makes of a text.
//!
//! ```
//! use pyyaml_safe_load::{LoadError, Value, safe_load};
//!
//! let document = safe_load("on: 12:30\nid: 'on'\n")?;
//! let root = document.root();
//! assert_eq!(root.get("id").and_then(|id| id.as_str()), Some("on"));
//!
//! // PyYAML follows YAML 1.1, where `on` without quotes is a boolean and `12:30` a number to the base 60.
//! let (key, value) = root.entries().next().expect("the first entry");
//! assert!(matches!(key.value(), Value::Bool(true)));
//! assert!(matches!(value.value(), Value::Int(minutes) if minutes.to_i128() == Some(750)));
//!
//! // A month 13 makes Python's `datetime` raise, and PyYAML lets a `ValueError` through, which is no `YAMLError`.
//! let error = safe_load("day: 2026-13-45").expect_err("this date does not exist");
//! assert!(matches!(error, LoadError::Raises { exception: "ValueError", .. }));
//! # Ok::<(), LoadError>(())
//! ```
//!
//! A Rust program needs this crate where a Python program decides by what `safe_load` answers: whether a file is read,
//! passed over or ends the program. Three things can come of a text: a value; a `YAMLError`, for which Python programs are
//! prepared; or another exception, for which they often are not. [`safe_load`] draws the lines between the three where
//! `PyYAML` draws them, faults included: a tab that `PyYAML` refuses is refused here, and a text on which `PyYAML` fails with an
//! `AttributeError` is [`LoadError::Raises`]. Other YAML libraries draw these lines elsewhere: libyaml differs on tabs, escapes
//! and document markers, and readers of YAML 1.2 on types as well. A program that wants YAML of its own is better served by
//! them.
//!
//! The model is the pure Python `SafeLoader` (`yaml.safe_load`, not `CSafeLoader`) on `CPython` 3.10 to 3.13. The test
//! `differential` compares thousands of texts with the real one: the outcome, the value with all its sharing, the exception's
//! class and the place of a `YAMLError`. The words of a message are not `PyYAML`'s.
//!
//! # Limits
//!
//! Where Python's answer depends on the machine (recursion limit, memory, patience), [`safe_load`] gives none:
//!
//! - [`MAX_DEPTH`] collections may be open inside each other, and mappings may merge each other in chains of that length; beyond
//!   it comes [`LoadError::TooDeep`].
//! - [`MAX_WORK`] entries may be copied by merge keys; beyond it comes [`LoadError::TooComplex`].
//!
//! Within them, time and memory grow with the text's length and no faster. No text makes [`safe_load`] panic.
//!
//! # Features
//!
//! - `json`: `ValueRef::to_json` turns a value into a `serde_json::Value`.
#![forbid(unsafe_code)]

mod compose;
mod construct;
mod error;
mod limits;
mod parse;
mod read;
mod scan;
mod timestamp;
mod value;

#[cfg(test)]
mod tests;

pub use error::LoadError;
pub use limits::{MAX_DEPTH, MAX_WORK};
pub use value::{Date, DateTime, Document, Int, PyStr, Value, ValueId, ValueRef};

/// Does what `yaml.safe_load(text)` does.
///
/// # Errors
///
/// [`LoadError`] says which exception `PyYAML` raises, or which limit of this crate the text passes.
pub fn safe_load(text: &str) -> Result<Document, LoadError> {
    construct::construct(compose::compose(text)?)
}
