//! Why a bundle could not be written.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a bundle could not be written. The output is as it was before.
#[derive(Debug)]
pub enum WriteError {
    /// An input could not be read.
    Read(PathBuf, io::Error),
    /// The output could not be written: what was tried, where.
    Write(&'static str, PathBuf, io::Error),
    /// An input changed while it was read.
    Changed(PathBuf),
    /// A region is longer than its 32-bit length can say: which, and its bytes.
    TooLong(&'static str, u64),
    /// The source is not UTF-8: the file, and the 1-based line.
    NotUtf8(PathBuf, u64),
    /// The manifest could not be made.
    Manifest(String),
    /// The program was asked to stop.
    Interrupted,
    /// The caller does not want it written.
    Declined,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "failed to read `{}`: {error}", path.display()),
            Self::Write(action, path, error) => {
                write!(f, "failed to {action} `{}`: {error}", path.display())
            }
            Self::Changed(path) => write!(
                f,
                "`{}` changed while it was packed; wait for whatever writes it, then pack again",
                path.display()
            ),
            Self::TooLong(region, length) => write!(
                f,
                "the {region} has {length} bytes; a bundle holds at most {} (4 GiB - 1)",
                u32::MAX
            ),
            Self::NotUtf8(path, line) => write!(
                f,
                "the source `{}` is not UTF-8 (line {line}); Airflow shows it as text: convert it, \
                 or name another file with `--source`",
                path.display()
            ),
            Self::Manifest(reason) => f.write_str(reason),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Declined => f.write_str("the caller does not want it written"),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // `Display` holds the inner text already.
            Self::Read(_, error) | Self::Write(_, _, error) => error.source(),
            Self::Changed(_)
            | Self::TooLong(..)
            | Self::NotUtf8(..)
            | Self::Manifest(_)
            | Self::Interrupted
            | Self::Declined => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    /// An error whose text does not hold the text of its cause.
    #[derive(Debug)]
    struct Outer(fmt::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_text_of_an_error_is_said_once_and_its_cause_is_kept() {
        let io = || io::Error::other(Outer(fmt::Error));
        for error in [
            WriteError::Read("a".into(), io()),
            WriteError::Write("write", "a".into(), io()),
        ] {
            assert!(error.to_string().ends_with("`a`: outer"), "{error}");
            let source = error.source().map(ToString::to_string);
            assert_eq!(source, Some(fmt::Error.to_string()));
        }
    }
}
