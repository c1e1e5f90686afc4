//! Nodes: what the text says, before tags make Python values of it.

use super::error::Mark;
use super::text::PyStr;

/// Names a node, and the value that is made of it.
pub(super) type NodeId = u32;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) tag: Tag,
    pub(super) mark: Mark,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar(PyStr),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
}

impl Content {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a scalar",
            Self::Sequence(_) => "a sequence",
            Self::Mapping(_) => "a mapping",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Binary,
    Timestamp,
    Omap,
    Pairs,
    Set,
    Str,
    Seq,
    Map,
    /// The key `<<`. Has no value of its own.
    Merge,
    /// The key `=`. Has no value of its own either.
    Value,
    /// No type that `safe_load` knows.
    Unknown(Box<str>),
}

impl Tag {
    pub(super) fn from_uri(uri: &str) -> Self {
        match uri.strip_prefix("tag:yaml.org,2002:") {
            Some("null") => Self::Null,
            Some("bool") => Self::Bool,
            Some("int") => Self::Int,
            Some("float") => Self::Float,
            Some("binary") => Self::Binary,
            Some("timestamp") => Self::Timestamp,
            Some("omap") => Self::Omap,
            Some("pairs") => Self::Pairs,
            Some("set") => Self::Set,
            Some("str") => Self::Str,
            Some("seq") => Self::Seq,
            Some("map") => Self::Map,
            Some("merge") => Self::Merge,
            Some("value") => Self::Value,
            _ => Self::Unknown(uri.into()),
        }
    }
}
