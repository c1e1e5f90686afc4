//! How a handler ends other than by returning a value: errors, and the outcomes that are among them.

pub(crate) mod error;
pub(crate) mod error_chain;
mod human_input;
pub(crate) mod outcome;
pub(crate) mod render;

pub use error::{Error, Result};
pub use human_input::HumanInput;
pub use outcome::{BoxError, Defer, Outcome};
