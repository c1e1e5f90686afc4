//! Where and why a text does not load.

use std::error::Error;
use std::fmt;

/// A place in the text: zero-based line and column, in characters, as `PyYAML` counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Mark {
    /// The line as people count it.
    pub(super) fn line_number(self) -> usize {
        self.line as usize + 1
    }
}

/// What stands between a text and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// `safe_load` raises a `YAMLError`: the worker skips the file and looks at the next.
    Yaml {
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// `safe_load` raises something that is not a `YAMLError`: the worker's search for a bundle ends there.
    Raises {
        /// The Python exception's class name.
        exception: &'static str,
        /// What is wrong.
        message: String,
        /// Line, from 1, where it is known.
        line: Option<usize>,
    },
    /// More than [`MAX_DEPTH`](super::MAX_DEPTH) collections inside each other.
    ///
    /// Python's recursion limit ends such a load somewhere deeper, at a depth that depends on the caller.
    TooDeep {
        /// Line, from 1, on which the limit is passed.
        line: usize,
    },
    /// Merge keys, `=` values or base-60 numbers multiply beyond [`MAX_WORK`](super::MAX_WORK).
    TooComplex {
        /// Line, from 1, on which the limit is passed.
        line: usize,
    },
}

impl LoadError {
    pub(super) fn yaml(mark: Mark, message: impl Into<String>) -> Self {
        Self::Yaml {
            message: message.into(),
            line: mark.line_number(),
            column: mark.column as usize + 1,
        }
    }

    pub(super) fn raises(mark: Mark, exception: &'static str, message: impl Into<String>) -> Self {
        Self::Raises {
            exception,
            message: message.into(),
            line: Some(mark.line_number()),
        }
    }

    pub(super) fn too_deep(mark: Mark) -> Self {
        Self::TooDeep {
            line: mark.line_number(),
        }
    }

    pub(super) fn too_complex(mark: Mark) -> Self {
        Self::TooComplex {
            line: mark.line_number(),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml {
                message,
                line,
                column,
            } => {
                write!(
                    f,
                    "line {line}, column {column}: not valid YAML for the worker: {message}"
                )
            }
            Self::Raises {
                exception,
                message,
                line,
            } => {
                if let Some(line) = line {
                    write!(f, "line {line}: ")?;
                }
                write!(
                    f,
                    "the worker's YAML reader fails with {exception}: {message}"
                )
            }
            Self::TooDeep { line } => {
                write!(
                    f,
                    "line {line}: more than {} collections are nested inside each other",
                    super::MAX_DEPTH
                )
            }
            Self::TooComplex { line } => {
                write!(
                    f,
                    "line {line}: aliases, merge keys or base-60 numbers expand to more than this reader allows"
                )
            }
        }
    }
}

impl Error for LoadError {}

/// A text in quotes, cut to a length that fits a message.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
