//! Which Dag and task ids Airflow's server accepts.
//!
//! The rules are those of the released server: letters, digits, `_`, `.` and `-`, at most 250 characters, and no `..`.
//! The checks are `const`, so that `bundle!` can refuse a bad id while it compiles.

use std::fmt;

/// The longest id that Airflow's server accepts, in characters.
pub(crate) const MAX_ID_CHARS: usize = 250;

/// What is wrong with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdFault {
    /// The id has no characters.
    Empty,
    /// The id has more than 250 characters.
    TooLong,
    /// The id has a character other than a letter, a digit, `_`, `.` or `-`.
    IllegalCharacter,
    /// The id has two dots in a row.
    DoubleDot,
}

impl IdFault {
    /// The end of a sentence that begins with the id.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "is longer than the 250 characters that Airflow accepts",
            Self::IllegalCharacter => {
                "has a character that Airflow refuses: use letters, digits, '_', '.' and '-'"
            }
            Self::DoubleDot => "contains '..', which Airflow refuses",
        }
    }
}

impl fmt::Display for IdFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The checks that a constant expression can make: everything but which non-ASCII characters are letters.
pub(crate) const fn check_const(id: &str) -> Result<(), IdFault> {
    let bytes = id.as_bytes();
    if bytes.is_empty() {
        return Err(IdFault::Empty);
    }
    let mut chars = 0;
    let mut previous = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        // Every byte but a UTF-8 continuation byte starts a character.
        if byte & 0xC0 != 0x80 {
            chars += 1;
        }
        if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.' | b'-') {
            return Err(IdFault::IllegalCharacter);
        }
        if byte == b'.' && previous == b'.' {
            return Err(IdFault::DoubleDot);
        }
        previous = byte;
        at += 1;
    }
    if chars > MAX_ID_CHARS {
        return Err(IdFault::TooLong);
    }
    Ok(())
}

/// All checks, for ids that are known at run time.
pub(crate) fn check(id: &str) -> Result<(), IdFault> {
    check_const(id)?;
    if id.chars().any(|c| !c.is_ascii() && !c.is_alphanumeric()) {
        return Err(IdFault::IllegalCharacter);
    }
    Ok(())
}

/// Whether two strings are equal, in a constant expression.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{IdFault, check, check_const};

    #[test]
    fn accepts_what_the_server_accepts() {
        for id in [
            "a",
            "extract_2",
            "a.b-c",
            "größe",
            "数据",
            &"x".repeat(250),
            &"ü".repeat(250),
        ] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn refuses_what_the_server_refuses() {
        assert_eq!(check(""), Err(IdFault::Empty));
        assert_eq!(check("a b"), Err(IdFault::IllegalCharacter));
        assert_eq!(check("a/b"), Err(IdFault::IllegalCharacter));
        assert_eq!(check("a\nb"), Err(IdFault::IllegalCharacter));
        assert_eq!(check("a..b"), Err(IdFault::DoubleDot));
        assert_eq!(check(&"x".repeat(251)), Err(IdFault::TooLong));
        assert_eq!(check("€"), Err(IdFault::IllegalCharacter));
    }

    #[test]
    fn a_constant_expression_leaves_only_unicode_classes_open() {
        assert_eq!(check_const("€"), Ok(()));
        assert_eq!(check_const("a b"), Err(IdFault::IllegalCharacter));
    }
}
