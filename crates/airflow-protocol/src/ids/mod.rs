//! Which Dag and task ids Airflow's server accepts.
//!
//! The rules are those of the released server: letters, digits, `_`, `.` and `-`, at most 250 characters, and no `..`.
//! `cargo test --test interop ids` holds the rule against both released servers, over all of Unicode.

mod word;

use std::fmt;

use word::WORD_BOUNDS;

/// The longest id that Airflow's server accepts, in characters.
pub const MAX_ID_CHARS: usize = 250;

/// What is wrong with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdFault {
    /// The id has no characters.
    Empty,
    /// The id has more than 250 characters.
    TooLong,
    /// The id has this character, which is no letter, no digit, and none of `_`, `.` and `-`.
    IllegalCharacter(char),
    /// The id has two dots in a row.
    DoubleDot,
}

impl IdFault {
    /// The end of a sentence that begins with the id, for constant expressions: `Display` also names an illegal character.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "is longer than the 250 characters that Airflow accepts",
            Self::IllegalCharacter(_) => {
                "has a character that Airflow refuses: use letters, digits, '_', '.' and '-'"
            }
            Self::DoubleDot => "contains '..', which Airflow refuses",
        }
    }
}

impl fmt::Display for IdFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `Debug` escapes characters that a terminal obeys or does not show.
            Self::IllegalCharacter(illegal) => write!(
                f,
                "has the character {illegal:?}, which Airflow refuses: use letters, digits, '_', '.' and '-'"
            ),
            _ => f.write_str(self.text()),
        }
    }
}

/// Why Airflow's server refuses an id, if it does. It is `const`, so that `bundle!` can refuse a bad id while it compiles.
///
/// Source: `airflow.utils.helpers.validate_key` of Airflow 3.3.2 and 3.4.0b2: `^[\w.-]+$`, at most 250 characters, and no `..`
/// unless `[core] allow_double_dot_in_ids` is set. Python's `$` lets one line break at the end pass; this does not.
pub const fn check(id: &str) -> Result<(), IdFault> {
    let bytes = id.as_bytes();
    if bytes.is_empty() {
        return Err(IdFault::Empty);
    }
    let mut chars = 0;
    let mut previous = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let (char, len) = char_at(bytes, at);
        let legal = match char {
            '_' | '.' | '-' => true,
            '\0'..='\x7f' => char.is_ascii_alphanumeric(),
            _ => is_word(char as u32),
        };
        if !legal {
            return Err(IdFault::IllegalCharacter(char));
        }
        if byte == b'.' && previous == b'.' {
            return Err(IdFault::DoubleDot);
        }
        previous = byte;
        chars += 1;
        at += len;
    }
    if chars > MAX_ID_CHARS {
        return Err(IdFault::TooLong);
    }
    Ok(())
}

/// The character that begins at a place in UTF-8, and its length in bytes. `str::chars` is not `const`.
const fn char_at(bytes: &[u8], at: usize) -> (char, usize) {
    let first = bytes[at];
    let (mut code, len) = match first {
        0..0x80 => (first as u32, 1),
        0x80..0xE0 => (first as u32 & 0x1F, 2),
        0xE0..0xF0 => (first as u32 & 0x0F, 3),
        0xF0..=0xFF => (first as u32 & 0x07, 4),
    };
    let mut more = 1;
    while more < len {
        code = code << 6 | (bytes[at + more] as u32 & 0x3F);
        more += 1;
    }
    let char = match char::from_u32(code) {
        Some(char) => char,
        // Never: a `str` holds characters.
        None => char::REPLACEMENT_CHARACTER,
    };
    (char, len)
}

/// Whether a character beyond ASCII is of Python's `\w`: the letters and numbers of all scripts. `char::is_alphanumeric` is
/// wider: it has vowel signs.
const fn is_word(code: u32) -> bool {
    // How many bounds are not above the character: an odd number inside a range.
    let (mut low, mut high) = (0, WORD_BOUNDS.len());
    while low < high {
        let middle = low.midpoint(high);
        if WORD_BOUNDS[middle] <= code {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low % 2 == 1
}

/// Whether two strings are equal, in a constant expression.
pub const fn same(a: &str, b: &str) -> bool {
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
    use super::{IdFault, check};

    #[test]
    fn accepts_what_the_server_accepts() {
        for id in [
            "a",
            "extract_2",
            "a.b-c",
            "größe",
            "数据",
            "٣",
            "\u{20000}",
            &"x".repeat(250),
            &"ü".repeat(250),
        ] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn refuses_what_the_server_refuses() {
        assert_eq!(check(""), Err(IdFault::Empty));
        assert_eq!(check("a b"), Err(IdFault::IllegalCharacter(' ')));
        assert_eq!(check("a/b"), Err(IdFault::IllegalCharacter('/')));
        assert_eq!(check("a\nb"), Err(IdFault::IllegalCharacter('\n')));
        assert_eq!(check("a..b"), Err(IdFault::DoubleDot));
        assert_eq!(check(&"x".repeat(251)), Err(IdFault::TooLong));
        for (id, char) in [
            ("€", '€'),
            ("की", '\u{940}'),
            ("a\n", '\n'),
            ("\u{202e}", '\u{202e}'),
            ("\u{10ffff}", '\u{10ffff}'),
        ] {
            assert_eq!(check(id), Err(IdFault::IllegalCharacter(char)), "{id:?}");
        }
        assert_eq!(
            IdFault::IllegalCharacter('\u{202e}').to_string(),
            "has the character '\\u{202e}', which Airflow refuses: use letters, digits, '_', '.' and '-'"
        );
    }

    /// The table holds the letters and numbers that a crate of Unicode's data knows, and nothing else.
    #[test]
    fn the_table_has_all_letters_and_numbers() {
        use unicode_properties::{GeneralCategoryGroup as Group, UnicodeGeneralCategory as _};
        let (mut bounds, mut inside) = (Vec::new(), false);
        for c in '\u{80}'..=char::MAX {
            let word = matches!(c.general_category_group(), Group::Letter | Group::Number);
            if word != inside {
                bounds.push(u32::from(c));
                inside = word;
            }
        }
        let table: Vec<String> = bounds.iter().map(|c| format!("{c:#06X}")).collect();
        assert!(
            bounds == super::WORD_BOUNDS,
            "the table should be {}",
            table.join(", ")
        );
    }

    #[test]
    fn a_constant_expression_checks_all() {
        const { assert!(check("数据").is_ok() && check("€").is_err() && check("की").is_err()) };
    }
}
