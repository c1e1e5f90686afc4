//! What is wrong with a manifest that an executable printed.

use std::fmt;

/// What is wrong with a manifest, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// 1-based line, if it is known.
    pub line: Option<usize>,
    /// Path of the key, such as `sdk.version`, if the text could be read that far.
    pub key: Option<String>,
    /// What was found.
    pub found: String,
    /// What should stand there.
    pub expected: Option<Box<str>>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "`{key}` ")?;
        }
        f.write_str(&self.found)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}
