//! The scanner's tokens.

use crate::error::Mark;
use crate::value::PyStr;

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: Mark,
    pub(crate) end: Mark,
}

#[derive(Clone, Debug)]
pub(crate) enum TokenKind {
    StreamStart,
    StreamEnd,
    Directive(Directive),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowMappingStart,
    FlowSequenceEnd,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(Box<str>),
    Anchor(Box<str>),
    Tag(TagName),
    Scalar { value: PyStr, plain: bool },
}

/// A tag as written: `!<suffix>` and the lone `!` have no handle.
#[derive(Clone, Debug)]
pub(crate) struct TagName {
    pub(crate) handle: Option<Box<str>>,
    pub(crate) suffix: Box<str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Directive {
    Yaml {
        supported: bool,
    },
    Tag {
        handle: Box<str>,
        prefix: Box<str>,
    },
    /// A directive of another name, which `PyYAML` ignores.
    Other,
}

impl TokenKind {
    /// The token's name in a message.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::StreamStart => "the start of the text",
            Self::StreamEnd => "the end of the text",
            Self::Directive(_) => "a directive ('%')",
            Self::DocumentStart => "a document start ('---')",
            Self::DocumentEnd => "a document end ('...')",
            Self::BlockSequenceStart => "the start of an indented sequence",
            Self::BlockMappingStart => "the start of an indented mapping",
            Self::BlockEnd => "the end of an indented block",
            Self::FlowSequenceStart => "'['",
            Self::FlowMappingStart => "'{'",
            Self::FlowSequenceEnd => "']'",
            Self::FlowMappingEnd => "'}'",
            Self::BlockEntry => "'-'",
            Self::FlowEntry => "','",
            Self::Key => "a mapping key",
            Self::Value => "':'",
            Self::Alias(_) => "an alias",
            Self::Anchor(_) => "an anchor",
            Self::Tag(_) => "a tag",
            Self::Scalar { .. } => "a scalar",
        }
    }
}
