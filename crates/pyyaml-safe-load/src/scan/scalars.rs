//! Scalars: plain, quoted, literal and folded.

use crate::error::{LoadError, Mark};
use crate::read::{END, is_blank_or_end, is_break, is_break_or_end, is_space_or_end};
use crate::value::PyStrBuilder;

use super::Scanner;
use super::token::TokenKind;

/// How a literal or folded scalar treats the line breaks at its end.
#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Clip,
    Strip,
    Keep,
}

impl<'t> Scanner<'t> {
    fn push_scalar(&mut self, value: PyStrBuilder, plain: bool, start: Mark) {
        self.push(
            TokenKind::Scalar {
                value: value.finish(),
                plain,
            },
            start,
        );
    }

    pub(crate) fn scan_block_scalar(&mut self, folded: bool) -> Result<(), LoadError> {
        let start = self.reader.mark();
        self.reader.forward();
        let (chomping, increment) = self.scan_block_header()?;
        let min_indent = (self.indent + 1).max(1);
        let mut breaks = String::new();
        let indent = if let Some(increment) = increment {
            let indent = min_indent + increment - 1;
            self.scan_block_breaks(indent, &mut breaks);
            indent
        } else {
            self.scan_block_indentation(&mut breaks).max(min_indent)
        };

        let mut value = PyStrBuilder::default();
        let mut line_break = None;
        let mut inside = self.reader.column() == indent && self.reader.peek() != END;
        while inside {
            value.push_str(&breaks);
            breaks.clear();
            let starts_with_text = !matches!(self.reader.peek(), ' ' | '\t');
            value.push_str(self.reader.take_while(|character| !is_break(character)));
            line_break = self.reader.line_break();
            self.scan_block_breaks(indent, &mut breaks);
            inside = self.reader.column() == indent && self.reader.peek() != END;
            if inside {
                let folds = folded
                    && line_break == Some('\n')
                    && starts_with_text
                    && !matches!(self.reader.peek(), ' ' | '\t');
                if !folds {
                    value.extend(line_break);
                } else if breaks.is_empty() {
                    value.push(' ');
                }
            }
        }
        if chomping != Chomping::Strip {
            value.extend(line_break);
        }
        if chomping == Chomping::Keep {
            value.push_str(&breaks);
        }
        self.push_scalar(value, false, start);
        Ok(())
    }

    /// Reads the rest of a header such as `|2-` or `|-2`, up to the end of the line.
    fn scan_block_header(&mut self) -> Result<(Chomping, Option<i64>), LoadError> {
        let mut chomping = self.scan_chomping();
        let mut increment = None;
        if let Some(digit) = self.reader.peek().to_digit(10) {
            if digit == 0 {
                return Err(
                    self.error("expected an indentation from 1 to 9 after '|' or '>', found 0")
                );
            }
            increment = Some(i64::from(digit));
            self.reader.forward();
            chomping = chomping.or_else(|| self.scan_chomping());
        }
        let found = self.reader.peek();
        if !is_space_or_end(found) {
            return Err(self.error(format!(
                "expected an indentation or '+' or '-' after '|' or '>', found {found:?}"
            )));
        }
        self.reader.skip_spaces();
        self.reader.skip_comment();
        let found = self.reader.peek();
        if !is_break_or_end(found) {
            return Err(self.error(format!(
                "expected a comment or a line break after '|' or '>', found {found:?}"
            )));
        }
        self.reader.line_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn scan_chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.reader.peek() {
            '+' => Chomping::Keep,
            '-' => Chomping::Strip,
            _ => return None,
        };
        self.reader.forward();
        Some(chomping)
    }

    /// Skips the blank lines before the text and returns the widest indentation among them.
    fn scan_block_indentation(&mut self, breaks: &mut String) -> i64 {
        let mut widest = 0;
        loop {
            self.reader.skip_spaces();
            widest = widest.max(self.reader.column());
            match self.reader.line_break() {
                Some(character) => breaks.push(character),
                None => return widest,
            }
        }
    }

    fn scan_block_breaks(&mut self, indent: i64, breaks: &mut String) {
        loop {
            while self.reader.column() < indent && self.reader.peek() == ' ' {
                self.reader.forward();
            }
            match self.reader.line_break() {
                Some(character) => breaks.push(character),
                None => return,
            }
        }
    }

    pub(crate) fn scan_quoted(&mut self, quote: char) -> Result<(), LoadError> {
        let start = self.reader.mark();
        self.reader.forward();
        let mut value = PyStrBuilder::default();
        loop {
            self.scan_quoted_text(quote, &mut value)?;
            if self.reader.peek() == quote {
                break;
            }
            self.scan_quoted_blanks(&mut value)?;
        }
        self.reader.forward();
        self.push_scalar(value, false, start);
        Ok(())
    }

    /// Reads the text up to a blank, the closing quote or the end.
    fn scan_quoted_text(&mut self, quote: char, value: &mut PyStrBuilder) -> Result<(), LoadError> {
        loop {
            let run = self.reader.take_while(|character| {
                !matches!(character, '\'' | '"' | '\\') && !is_blank_or_end(character)
            });
            value.push_str(run);
            match (quote, self.reader.peek()) {
                ('\'', '\'') if self.reader.peek_second() == '\'' => {
                    value.push('\'');
                    self.reader.skip("''");
                }
                ('"', '\'') | ('\'', '"' | '\\') => {
                    value.push(self.reader.peek());
                    self.reader.forward();
                }
                ('"', '\\') => {
                    self.reader.forward();
                    self.scan_escape(value)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn scan_escape(&mut self, value: &mut PyStrBuilder) -> Result<(), LoadError> {
        let character = self.reader.peek();
        let meant = match character {
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\x0B',
            'f' => '\x0C',
            'r' => '\r',
            'e' => '\x1B',
            ' ' | '"' | '\\' | '/' => character,
            'N' => '\u{85}',
            '_' => '\u{A0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            'x' => return self.scan_code(2, value),
            'u' => return self.scan_code(4, value),
            'U' => return self.scan_code(8, value),
            _ if is_break(character) => {
                self.reader.line_break();
                return self.scan_quoted_breaks(value).map(|_| ());
            }
            _ => {
                return Err(self.error(format!(
                    "a double-quoted string has no escape '\\' + {character:?}"
                )));
            }
        };
        self.reader.forward();
        value.push(meant);
        Ok(())
    }

    fn scan_code(&mut self, length: usize, value: &mut PyStrBuilder) -> Result<(), LoadError> {
        self.reader.forward();
        let mut taken = 0;
        let digits = self.reader.run(|character| {
            taken += 1;
            taken <= length && character.is_ascii_hexdigit()
        });
        let code = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| digits.len() == length);
        let Some(code) = code else {
            return Err(self.error(format!(
                "expected {length} hexadecimal digits in the escape"
            )));
        };
        if let Some(character) = char::from_u32(code) {
            value.push(character);
        } else if let Ok(unit) = u16::try_from(code) {
            value.push_surrogate(unit);
        } else {
            // CPython's `chr` takes a C int.
            let exception = if i32::try_from(code).is_ok() {
                "ValueError"
            } else {
                "OverflowError"
            };
            let message = format!("the escape names the character {code:#X}, which does not exist");
            return Err(LoadError::raises(self.reader.mark(), exception, message));
        }
        self.reader.skip(digits);
        Ok(())
    }

    fn scan_quoted_blanks(&mut self, value: &mut PyStrBuilder) -> Result<(), LoadError> {
        let blanks = self
            .reader
            .take_while(|character| matches!(character, ' ' | '\t'));
        if self.reader.peek() == END {
            return Err(self.error("the text ends inside a quoted string"));
        }
        match self.reader.line_break() {
            None => value.push_str(blanks),
            Some(line_break) => {
                let mut breaks = PyStrBuilder::default();
                let more = self.scan_quoted_breaks(&mut breaks)?;
                if line_break != '\n' {
                    value.push(line_break);
                } else if !more {
                    value.push(' ');
                }
                value.push_str(breaks.finish().as_str().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Appends the line breaks of blank lines, and returns whether there were any.
    fn scan_quoted_breaks(&mut self, value: &mut PyStrBuilder) -> Result<bool, LoadError> {
        let mut any = false;
        loop {
            if self.reader.at_any_document_marker() {
                return Err(
                    self.error("a document marker ('---' or '...') stands inside a quoted string")
                );
            }
            self.reader
                .take_while(|character| matches!(character, ' ' | '\t'));
            match self.reader.line_break() {
                Some(line_break) => value.push(line_break),
                None => return Ok(any),
            }
            any = true;
        }
    }

    pub(crate) fn scan_plain(&mut self) {
        let start = self.reader.mark();
        let indent = self.indent + 1;
        let mut value = PyStrBuilder::default();
        let mut spaces = String::new();
        while self.reader.peek() != '#' {
            let run = self.plain_run();
            if run.is_empty() {
                break;
            }
            self.allow_simple_key = false;
            value.push_str(&spaces);
            value.push_str(run);
            spaces.clear();
            if !self.scan_plain_spaces(&mut spaces)
                || (!self.in_flow() && self.reader.column() < indent)
            {
                break;
            }
        }
        self.push_scalar(value, true, start);
    }

    /// Takes plain text up to a blank or an indicator.
    fn plain_run(&mut self) -> &'t str {
        let flow = self.in_flow();
        let mut colon = false;
        let ends_after_colon =
            |next: char| is_blank_or_end(next) || (flow && ",[]{}".contains(next));
        let run = self.reader.run(|character| {
            // The character behind a ':' decides whether the ':' belongs to the text.
            if colon && ends_after_colon(character) {
                return false;
            }
            colon = character == ':';
            let ends = is_blank_or_end(character) || (flow && ",?[]{}".contains(character));
            !ends
        });
        let run = match run.strip_suffix(':') {
            Some(shorter) if ends_after_colon(self.reader.char_after(run)) => shorter,
            _ => run,
        };
        self.reader.skip(run);
        run
    }

    /// Takes the blanks and line breaks between two pieces of a plain scalar. Returns whether the scalar may go on behind them.
    fn scan_plain_spaces(&mut self, spaces: &mut String) -> bool {
        let blanks = self.reader.take_while(|character| character == ' ');
        let Some(line_break) = self.reader.line_break() else {
            spaces.push_str(blanks);
            return !blanks.is_empty();
        };
        self.allow_simple_key = true;
        if self.reader.at_any_document_marker() {
            return false;
        }
        let mut breaks = String::new();
        loop {
            self.reader.skip_spaces();
            let Some(character) = self.reader.line_break() else {
                break;
            };
            breaks.push(character);
            if self.reader.at_any_document_marker() {
                return false;
            }
        }
        if line_break != '\n' {
            spaces.push(line_break);
        } else if breaks.is_empty() {
            spaces.push(' ');
        }
        spaces.push_str(&breaks);
        true
    }
}
