//! The scanner's tokens.

use super::error::Mark;
use super::text::PyStr;

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

#[derive(Clone, Debug)]
pub(super) enum TokenKind {
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
pub(super) struct TagName {
    pub(super) handle: Option<Box<str>>,
    pub(super) suffix: Box<str>,
}

#[derive(Clone, Debug)]
pub(super) enum Directive {
    Yaml {
        supported: bool,
    },
    Tag {
        handle: Box<str>,
        prefix: Box<str>,
    },
    /// Reserved: `PyYAML` ignores it.
    Other,
}

impl TokenKind {
    /// What to call it in a message.
    pub(super) fn name(&self) -> &'static str {
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
