//! The subcommand of cargo that builds the executables: `build`, or another one that takes its flags and passes cargo's messages
//! on.

use std::error::Error;
use std::fmt;

/// The words after `cargo` that build: `build`, `zigbuild`, `auditable build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder(Vec<String>);

impl Default for Builder {
    fn default() -> Self {
        Self(vec!["build".to_owned()])
    }
}

/// Why a text is no subcommand of cargo.
#[derive(Debug, PartialEq, Eq)]
pub enum BuilderError {
    /// A quote or a backslash in this text has no end.
    Unfinished(String),
    /// The text has no word.
    Empty,
    /// The first word is this flag.
    Flag(String),
}

impl fmt::Display for BuilderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished(text) => write!(
                f,
                "a quote or backslash in `{text}` does not end; write it as for a shell, such as `auditable build`"
            ),
            Self::Empty => f.write_str(
                "it is empty; name a subcommand of cargo that builds, such as `zigbuild`",
            ),
            Self::Flag(flag) => write!(
                f,
                "`{flag}` is a flag, not a subcommand of cargo; name one that builds, such as `zigbuild`"
            ),
        }
    }
}

impl Error for BuilderError {}

impl Builder {
    /// Splits words as a shell does.
    ///
    /// # Errors
    /// If the words are no subcommand.
    pub fn parse(text: &str) -> Result<Self, BuilderError> {
        let Some(mut words) = shlex::split(text) else {
            return Err(BuilderError::Unfinished(text.to_owned()));
        };
        if words.first().is_some_and(|word| word == "cargo") {
            words.remove(0);
        }
        match words.first() {
            None => Err(BuilderError::Empty),
            Some(flag) if flag.starts_with('-') => Err(BuilderError::Flag(flag.clone())),
            Some(_) => Ok(Self(words)),
        }
    }

    /// The words after `cargo`; there is at least one.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() -> Result<(), BuilderError> {
        for (text, words) in [
            ("zigbuild", &["zigbuild"][..]),
            ("auditable  build", &["auditable", "build"]),
            ("cargo auditable build", &["auditable", "build"]),
            ("x 'a b' c\\ d", &["x", "a b", "c d"]),
        ] {
            assert_eq!(Builder::parse(text)?.words(), words, "{text}");
        }
        for text in ["", "  ", "cargo", "a 'b", "--release"] {
            assert!(Builder::parse(text).is_err(), "{text}");
        }
        Ok(())
    }
}
