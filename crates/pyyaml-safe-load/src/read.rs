//! Text to characters: which are allowed, which of them end a line, and how lines and columns are counted.

use crate::error::{LoadError, Mark};

/// [`Reader::peek`] gives this at the end of the text. [`Reader::new`] refuses a text that holds a NUL itself.
pub(crate) const END: char = '\0';

/// A cursor over a text whose characters are all allowed.
pub(crate) struct Reader<'t> {
    text: &'t str,
    /// Bytes read so far.
    position: usize,
    /// Characters read so far.
    index: usize,
    mark: Mark,
}

pub(crate) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(crate) fn is_break_or_end(character: char) -> bool {
    character == END || is_break(character)
}

/// A space (not a tab), a line break or the end.
pub(crate) fn is_space_or_end(character: char) -> bool {
    character == ' ' || is_break_or_end(character)
}

/// A space, a tab, a line break or the end.
pub(crate) fn is_blank_or_end(character: char) -> bool {
    character == '\t' || is_space_or_end(character)
}

fn is_printable(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
}

impl<'t> Reader<'t> {
    /// Refuses a text with control characters or other characters that YAML does not allow.
    pub(crate) fn new(text: &'t str) -> Result<Self, LoadError> {
        let Some((offset, bad)) = text
            .char_indices()
            .find(|&(_, character)| !is_printable(character))
        else {
            return Ok(Self {
                text,
                position: 0,
                index: 0,
                mark: Mark::default(),
            });
        };
        let mut before = Self {
            text: text.get(..offset).unwrap_or_default(),
            position: 0,
            index: 0,
            mark: Mark::default(),
        };
        while before.peek() != END {
            if before.line_break().is_none() {
                before.forward();
            }
        }
        Err(LoadError::yaml(
            before.mark,
            format!("the character U+{:04X} is not allowed", u32::from(bad)),
        ))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// Characters read so far.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    pub(crate) fn column(&self) -> i64 {
        i64::from(self.mark.column)
    }

    /// The next character, or [`END`].
    pub(crate) fn peek(&self) -> char {
        match self.text.as_bytes().get(self.position) {
            Some(&byte) if byte.is_ascii() => char::from(byte),
            _ => self.rest().chars().next().unwrap_or(END),
        }
    }

    /// The character after the next one, or [`END`].
    pub(crate) fn peek_second(&self) -> char {
        self.rest().chars().nth(1).unwrap_or(END)
    }

    /// Whether a document marker (`---` or `...`) stands here, followed by a blank or the end.
    pub(crate) fn at_document_marker(&self, marker: &str) -> bool {
        self.rest()
            .strip_prefix(marker)
            .is_some_and(|after| is_blank_or_end(after.chars().next().unwrap_or(END)))
    }

    /// Whether either document marker stands here.
    pub(crate) fn at_any_document_marker(&self) -> bool {
        self.at_document_marker("---") || self.at_document_marker("...")
    }

    /// Skips one character that is no line break.
    pub(crate) fn forward(&mut self) {
        let character = self.peek();
        if self.position < self.text.len() {
            self.position += character.len_utf8();
            self.count(character);
        }
    }

    fn count(&mut self, character: char) {
        self.index += 1;
        // PyYAML gives a byte order mark no width, wherever it stands.
        if character != '\u{FEFF}' {
            self.mark.column = self.mark.column.saturating_add(1);
        }
    }

    /// The characters from here on for which `wanted` holds. The cursor stays.
    pub(crate) fn run(&self, mut wanted: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest
            .find(|character| !wanted(character))
            .unwrap_or(rest.len());
        rest.get(..length).unwrap_or_default()
    }

    /// Skips `text`, which stands here and has no line break.
    pub(crate) fn skip(&mut self, text: &str) {
        self.position += text.len();
        for character in text.chars() {
            self.count(character);
        }
    }

    /// Takes the characters for which `wanted` holds, none of them a line break.
    pub(crate) fn take_while(&mut self, wanted: impl FnMut(char) -> bool) -> &'t str {
        let run = self.run(wanted);
        self.skip(run);
        run
    }

    /// Skips spaces (not tabs).
    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(|character| character == ' ');
    }

    /// Skips a comment, if one starts here, up to its line break.
    pub(crate) fn skip_comment(&mut self) {
        if self.peek() == '#' {
            self.take_while(|character| !is_break(character));
        }
    }

    /// The character behind `run`, which stands here; or [`END`].
    pub(crate) fn char_after(&self, run: &str) -> char {
        self.rest()
            .get(run.len()..)
            .and_then(|after| after.chars().next())
            .unwrap_or(END)
    }

    /// Takes one line break, if one stands here. All but U+2028 and U+2029 become `\n` in a value.
    pub(crate) fn line_break(&mut self) -> Option<char> {
        let character = self.peek();
        if !is_break(character) {
            return None;
        }
        let length = if self.rest().starts_with("\r\n") {
            2
        } else {
            character.len_utf8()
        };
        self.index += if length == 2 && character == '\r' {
            2
        } else {
            1
        };
        self.position += length;
        self.mark = Mark {
            line: self.mark.line.saturating_add(1),
            column: 0,
        };
        Some(if matches!(character, '\u{2028}' | '\u{2029}') {
            character
        } else {
            '\n'
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::{END, Reader};

    #[test]
    fn counts_lines_and_columns_as_pyyaml_does() {
        let mut reader = Reader::new("\u{FEFF}ab\r\nc\u{85}\u{2028}d").unwrap();
        reader.take_while(|character| character != '\r');
        assert_eq!(
            (reader.mark().line, reader.mark().column, reader.index()),
            (0, 2, 3)
        );
        assert_eq!(reader.line_break(), Some('\n'));
        assert_eq!(
            (reader.mark().line, reader.mark().column, reader.index()),
            (1, 0, 5)
        );
        reader.forward();
        assert_eq!(reader.line_break(), Some('\n'));
        assert_eq!(reader.line_break(), Some('\u{2028}'));
        reader.forward();
        assert_eq!(
            (reader.peek(), reader.mark().line, reader.mark().column),
            (END, 3, 1)
        );
    }

    #[test]
    fn names_the_place_of_a_forbidden_character() {
        let error = Reader::new("a\r\nb\u{1}").err().unwrap();
        assert_eq!(
            error.to_string(),
            "line 2, column 2: not valid YAML for PyYAML: the character U+0001 is not allowed"
        );
        assert!(Reader::new("\u{7F}").is_err());
        assert!(Reader::new("\u{FFFE}").is_err());
        assert!(Reader::new("\u{85}\u{A0}\u{10FFFF}\u{1FFFF}").is_ok());
    }
}
