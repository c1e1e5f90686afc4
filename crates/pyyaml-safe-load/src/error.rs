//! Where and why a text does not load.

use std::error::Error;
use std::fmt;

use crate::limits::MAX_DEPTH;

/// A place in the text: zero-based line and column, in characters, as `PyYAML` counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Mark {
    /// The line as people count it.
    pub(crate) fn line_number(self) -> usize {
        self.line as usize + 1
    }
}

/// Why a text has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// `safe_load` raises a `YAMLError`, for which Python programs that read YAML are prepared.
    Yaml {
        /// What this crate says is wrong; `PyYAML` says it in other words.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// `safe_load` raises an exception that is not a `YAMLError`. A program that catches `YAMLError` alone ends here.
    Raises {
        /// The Python exception's class name.
        exception: &'static str,
        /// What this crate says is wrong.
        message: String,
        /// Line, from 1, where it is known.
        line: Option<usize>,
    },
    /// More than [`MAX_DEPTH`](crate::MAX_DEPTH) collections inside each other.
    ///
    /// Python's recursion limit ends such a load at some greater depth, which depends on the caller's own depth.
    TooDeep {
        /// Line, from 1, on which the limit is passed.
        line: usize,
    },
    /// Merge keys, `=` values or base-60 numbers multiply beyond [`MAX_WORK`](crate::MAX_WORK).
    TooComplex {
        /// Line, from 1, on which the limit is passed.
        line: usize,
    },
}

impl LoadError {
    pub(crate) fn yaml(mark: Mark, message: impl Into<String>) -> Self {
        Self::Yaml {
            message: message.into(),
            line: mark.line_number(),
            column: mark.column as usize + 1,
        }
    }

    pub(crate) fn raises(mark: Mark, exception: &'static str, message: impl Into<String>) -> Self {
        Self::Raises {
            exception,
            message: message.into(),
            line: Some(mark.line_number()),
        }
    }

    pub(crate) fn too_deep(mark: Mark) -> Self {
        Self::TooDeep {
            line: mark.line_number(),
        }
    }

    pub(crate) fn too_complex(mark: Mark) -> Self {
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
                    "line {line}, column {column}: not valid YAML for PyYAML: {message}"
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
                write!(f, "PyYAML fails with {exception}: {message}")
            }
            Self::TooDeep { line } => {
                write!(
                    f,
                    "line {line}: more than {MAX_DEPTH} collections are nested inside each other"
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
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
