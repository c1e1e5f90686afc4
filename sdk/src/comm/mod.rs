//! The conversation with the supervisor: frames, their msgpack, and a client that matches replies to requests.

pub(crate) mod client;
pub(crate) mod codec;
pub(crate) mod frame;
pub(crate) mod timestamp;

use std::fmt;

/// Input that breaks the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WireError(String);

impl WireError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WireError {}
