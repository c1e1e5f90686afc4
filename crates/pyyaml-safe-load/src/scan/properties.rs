//! Directives, anchors, aliases and tags.

use crate::error::LoadError;
use crate::limits::MAX_DIGITS;
use crate::read::{is_blank_or_end, is_break, is_break_or_end, is_space_or_end};

use super::Scanner;
use super::token::{Directive, TagName, TokenKind};

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

impl<'t> Scanner<'t> {
    fn expected(&self, what: &str) -> LoadError {
        self.error(format!("expected {what}, found {:?}", self.reader.peek()))
    }

    pub(crate) fn scan_directive(&mut self) -> Result<(), LoadError> {
        let start = self.reader.mark();
        self.reader.forward();
        let name = self.reader.take_while(is_word);
        if name.is_empty() || !is_space_or_end(self.reader.peek()) {
            return Err(self.expected("the name of a directive: letters and digits"));
        }
        let directive = match name {
            "YAML" => self.scan_yaml_version()?,
            "TAG" => self.scan_tag_prefix()?,
            _ => {
                self.reader.take_while(|character| !is_break(character));
                Directive::Other
            }
        };
        self.push(TokenKind::Directive(directive), start);
        self.reader.skip_spaces();
        self.reader.skip_comment();
        if !is_break_or_end(self.reader.peek()) {
            return Err(self.expected("a comment or a line break after the directive"));
        }
        self.reader.line_break();
        Ok(())
    }

    fn scan_yaml_version(&mut self) -> Result<Directive, LoadError> {
        self.reader.skip_spaces();
        let major = self.scan_version_number()?;
        if self.reader.peek() != '.' {
            return Err(self.expected("a digit or '.' in the YAML version"));
        }
        self.reader.forward();
        self.scan_version_number()?;
        if !is_space_or_end(self.reader.peek()) {
            return Err(self.expected("a digit or ' ' in the YAML version"));
        }
        Ok(Directive::Yaml {
            supported: major.trim_start_matches('0') == "1",
        })
    }

    fn scan_version_number(&mut self) -> Result<&'t str, LoadError> {
        if !self.reader.peek().is_ascii_digit() {
            return Err(self.expected("a digit in the YAML version"));
        }
        let mark = self.reader.mark();
        let digits = self.reader.run(|character| character.is_ascii_digit());
        if digits.len() > MAX_DIGITS {
            return Err(LoadError::raises(
                mark,
                "ValueError",
                "a number in the YAML version has too many digits",
            ));
        }
        self.reader.skip(digits);
        Ok(digits)
    }

    fn scan_tag_prefix(&mut self) -> Result<Directive, LoadError> {
        self.reader.skip_spaces();
        let handle = self.scan_tag_handle()?;
        if self.reader.peek() != ' ' {
            return Err(self.expected("' ' after the tag handle"));
        }
        self.reader.skip_spaces();
        let prefix = self.scan_tag_uri()?;
        if !is_space_or_end(self.reader.peek()) {
            return Err(self.expected("' ' after the tag prefix"));
        }
        Ok(Directive::Tag { handle, prefix })
    }

    pub(crate) fn scan_anchor(&mut self, kind: fn(Box<str>) -> TokenKind) -> Result<(), LoadError> {
        let start = self.reader.mark();
        self.reader.forward();
        let name = self.reader.take_while(is_word);
        let after = self.reader.peek();
        if name.is_empty() || !(is_blank_or_end(after) || "?:,]}%@`".contains(after)) {
            return Err(self.expected("the name of an anchor: letters and digits"));
        }
        self.push(kind(name.into()), start);
        Ok(())
    }

    pub(crate) fn scan_tag(&mut self) -> Result<(), LoadError> {
        let start = self.reader.mark();
        let second = self.reader.peek_second();
        let name = if second == '<' {
            self.reader.skip("!<");
            let suffix = self.scan_tag_uri()?;
            if self.reader.peek() != '>' {
                return Err(self.expected("'>' after the tag"));
            }
            self.reader.forward();
            TagName {
                handle: None,
                suffix,
            }
        } else if is_blank_or_end(second) {
            self.reader.forward();
            TagName {
                handle: None,
                suffix: "!".into(),
            }
        } else {
            let written = self.reader.run(|character| !is_space_or_end(character));
            let handle = if written.chars().skip(1).any(|character| character == '!') {
                self.scan_tag_handle()?
            } else {
                self.reader.forward();
                "!".into()
            };
            TagName {
                handle: Some(handle),
                suffix: self.scan_tag_uri()?,
            }
        };
        if !is_space_or_end(self.reader.peek()) {
            return Err(self.expected("' ' after the tag"));
        }
        self.push(TokenKind::Tag(name), start);
        Ok(())
    }

    /// Reads `!`, `!!` or `!name!`.
    fn scan_tag_handle(&mut self) -> Result<Box<str>, LoadError> {
        if self.reader.peek() != '!' {
            return Err(self.expected("'!' at the start of a tag handle"));
        }
        if self.reader.peek_second() == ' ' {
            self.reader.forward();
            return Ok("!".into());
        }
        self.reader.forward();
        let name = self.reader.take_while(is_word);
        if self.reader.peek() != '!' {
            return Err(self.expected("'!' at the end of a tag handle"));
        }
        self.reader.forward();
        Ok(format!("!{name}!").into())
    }

    fn scan_tag_uri(&mut self) -> Result<Box<str>, LoadError> {
        let mut uri = String::new();
        loop {
            let run = self.reader.take_while(|character| {
                is_word(character) || ";/?:@&=+$,.!~*'()[]".contains(character)
            });
            uri.push_str(run);
            if self.reader.peek() != '%' {
                break;
            }
            self.scan_uri_escapes(&mut uri)?;
        }
        if uri.is_empty() {
            return Err(self.expected("a tag's name"));
        }
        Ok(uri.into())
    }

    fn scan_uri_escapes(&mut self, uri: &mut String) -> Result<(), LoadError> {
        let mark = self.reader.mark();
        let mut bytes = Vec::new();
        while self.reader.peek() == '%' {
            self.reader.forward();
            let mut taken = 0;
            let digits = self.reader.run(|character| {
                taken += 1;
                taken <= 2 && character.is_ascii_hexdigit()
            });
            let Some(byte) = (digits.len() == 2)
                .then(|| u8::from_str_radix(digits, 16).ok())
                .flatten()
            else {
                return Err(self.expected("two hexadecimal digits after '%' in the tag"));
            };
            bytes.push(byte);
            self.reader.skip(digits);
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            LoadError::yaml(mark, format!("the tag's escapes are not UTF-8: {error}"))
        })?;
        uri.push_str(text);
        Ok(())
    }
}
