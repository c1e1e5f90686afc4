//! Events: what the parser says to the composer.

use crate::error::Mark;
use crate::value::PyStr;

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) mark: Mark,
    pub(crate) anchor: Option<Box<str>>,
    /// The tag with its handle replaced by the prefix of the `%TAG` directives. `!` stands for itself.
    pub(crate) tag: Option<Box<str>>,
}

#[derive(Debug)]
pub(crate) enum EventKind {
    StreamStart,
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(Box<str>),
    Scalar {
        value: PyStr,
        /// Whether the text decides the type: it is plain and has no tag, or its tag is `!`.
        resolves: bool,
    },
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

impl Event {
    pub(crate) fn bare(kind: EventKind, mark: Mark) -> Self {
        Self {
            kind,
            mark,
            anchor: None,
            tag: None,
        }
    }

    pub(crate) fn empty_scalar(mark: Mark) -> Self {
        Self::bare(
            EventKind::Scalar {
                value: "".into(),
                resolves: true,
            },
            mark,
        )
    }
}
