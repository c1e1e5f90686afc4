//! Versions of the GNU C library.

use std::fmt;
use std::str::FromStr;

/// A version of the GNU C library, such as 2.34 or 2.2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlibcVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, which only the oldest versions have.
    pub patch: u32,
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

/// The text is not a version of the GNU C library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseGlibcVersionError;

impl fmt::Display for ParseGlibcVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a glibc version of two or three numbers, such as `2.28`")
    }
}

impl std::error::Error for ParseGlibcVersionError {}

impl FromStr for GlibcVersion {
    type Err = ParseGlibcVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split('.').map(|number| {
            // `parse` alone would accept a sign.
            if number.bytes().all(|byte| byte.is_ascii_digit()) {
                number.parse::<u32>().map_err(|_| ParseGlibcVersionError)
            } else {
                Err(ParseGlibcVersionError)
            }
        });
        let version = Self {
            major: numbers.next().ok_or(ParseGlibcVersionError)??,
            minor: numbers.next().ok_or(ParseGlibcVersionError)??,
            patch: numbers.next().transpose()?.unwrap_or(0),
        };
        match numbers.next() {
            None => Ok(version),
            Some(_) => Err(ParseGlibcVersionError),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is a test failure")]
mod tests {
    use super::*;

    fn parsed(text: &str) -> GlibcVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered_by_number_and_shown_as_written() {
        assert!(parsed("2.9") < parsed("2.10"));
        assert!(parsed("2.2.5") > parsed("2.2"));
        assert!(parsed("2.2.5") < parsed("2.3"));
        for text in ["2.28", "2.2.5", "3.0"] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_no_versions() {
        for text in [
            "",
            "2",
            "2.",
            ".28",
            "2.+8",
            "2.28.1.1",
            "2.28 ",
            "v2.28",
            "2.99999999999",
        ] {
            assert_eq!(
                text.parse::<GlibcVersion>(),
                Err(ParseGlibcVersionError),
                "{text}"
            );
        }
    }
}
