//! How a handler ends other than by returning a value: errors, and the outcomes that are among them.

#[cfg(feature = "anyhow")]
mod anyhow;
pub(crate) mod chosen;
pub(crate) mod context;
mod defer;
pub(crate) mod error;
pub(crate) mod error_chain;
mod human_input;
pub(crate) mod into_error;
pub(crate) mod outcome;
pub(crate) mod render;

pub use chosen::BoxError;
pub use context::Context;
pub use defer::Defer;
pub use error::{Error, Result};
pub use human_input::HumanInput;
pub use into_error::IntoError;
pub use outcome::Outcome;
