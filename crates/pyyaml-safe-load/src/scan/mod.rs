//! Text to tokens: indentation, simple keys and the queue that looks ahead for them.
//!
//! The scanner reads a token only when the parser asks for it, or while an earlier token may still turn out to be a mapping
//! key. `PyYAML` does the same, and the order shows: it decides which of two errors in a text is met first, and thereby whether
//! the exception is a `YAMLError`.

mod properties;
mod scalars;
pub(crate) mod token;

use std::collections::VecDeque;

use crate::error::{LoadError, Mark};
use crate::read::{END, Reader, is_blank_or_end};
use token::{Token, TokenKind};

/// Characters from the start of a simple key to its `:` at most.
const MAX_SIMPLE_KEY: usize = 1024;

/// A token after which a `:` on the same line would make it a mapping key.
struct SimpleKey {
    token_number: usize,
    required: bool,
    index: usize,
    flow_level: usize,
    mark: Mark,
}

pub(crate) struct Scanner<'t> {
    pub(crate) reader: Reader<'t>,
    done: bool,
    pub(crate) flow_level: usize,
    tokens: VecDeque<Token>,
    tokens_taken: usize,
    pub(crate) indent: i64,
    indents: Vec<i64>,
    pub(crate) allow_simple_key: bool,
    /// Each flow level has at most one. Level, token number and place all ascend, because a level gets a new key only while the
    /// levels above it have none; therefore the first key goes stale first.
    possible_keys: VecDeque<SimpleKey>,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t str) -> Result<Self, LoadError> {
        let start = Mark::default();
        Ok(Self {
            reader: Reader::new(text)?,
            done: false,
            flow_level: 0,
            tokens: VecDeque::from([Token {
                kind: TokenKind::StreamStart,
                start,
                end: start,
            }]),
            tokens_taken: 0,
            indent: -1,
            indents: Vec::new(),
            allow_simple_key: true,
            possible_keys: VecDeque::new(),
        })
    }

    /// The next token. Nothing follows `StreamEnd`.
    pub(crate) fn peek(&mut self) -> Result<&Token, LoadError> {
        while self.needs_more()? {
            self.fetch()?;
        }
        if self.tokens.is_empty() {
            self.push(TokenKind::StreamEnd, self.reader.mark());
        }
        self.tokens
            .front()
            .ok_or_else(|| LoadError::yaml(Mark::default(), "no token is left"))
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Result<Token, LoadError> {
        let end = self.peek()?.end;
        self.tokens_taken += 1;
        Ok(self.tokens.pop_front().unwrap_or(Token {
            kind: TokenKind::StreamEnd,
            start: end,
            end,
        }))
    }

    fn needs_more(&mut self) -> Result<bool, LoadError> {
        if self.done {
            return Ok(false);
        }
        if self.tokens.is_empty() {
            return Ok(true);
        }
        self.drop_stale_keys()?;
        Ok(self
            .possible_keys
            .front()
            .is_some_and(|key| key.token_number == self.tokens_taken))
    }

    /// Adds a token that ends at the cursor.
    pub(crate) fn push(&mut self, kind: TokenKind, start: Mark) {
        self.tokens.push_back(Token {
            kind,
            start,
            end: self.reader.mark(),
        });
    }

    fn fetch(&mut self) -> Result<(), LoadError> {
        self.skip_to_token();
        self.drop_stale_keys()?;
        self.unwind_indent(self.reader.column());
        let character = self.reader.peek();
        let at_line_start = self.reader.column() == 0;
        match character {
            END => self.fetch_stream_end(),
            '%' if at_line_start => self.fetch_directive(),
            '-' if at_line_start && self.reader.at_document_marker("---") => {
                self.fetch_document_marker(TokenKind::DocumentStart)
            }
            '.' if at_line_start && self.reader.at_document_marker("...") => {
                self.fetch_document_marker(TokenKind::DocumentEnd)
            }
            '[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            '{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            ']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            ',' => self.fetch_flow_entry(),
            '-' if self.second_is_blank() => self.fetch_block_entry(),
            '?' if self.in_flow() || self.second_is_blank() => self.fetch_key(),
            ':' if self.in_flow() || self.second_is_blank() => self.fetch_value(),
            '*' | '&' | '!' | '\'' | '"' => self.fetch_inline(character),
            '|' | '>' if !self.in_flow() => {
                self.allow_simple_key = true;
                self.remove_key()?;
                self.scan_block_scalar(character == '>')
            }
            _ if self.starts_plain(character) => self.fetch_inline(character),
            _ => Err(self.error(format!(
                "the character {character:?} cannot start a value here"
            ))),
        }
    }

    /// An error at the cursor.
    pub(crate) fn error(&self, message: impl Into<String>) -> LoadError {
        LoadError::yaml(self.reader.mark(), message)
    }

    pub(crate) fn in_flow(&self) -> bool {
        self.flow_level > 0
    }

    fn second_is_blank(&self) -> bool {
        is_blank_or_end(self.reader.peek_second())
    }

    fn starts_plain(&self, character: char) -> bool {
        if is_blank_or_end(character) {
            return false;
        }
        match character {
            '-' => !self.second_is_blank(),
            '?' | ':' => !self.in_flow() && !self.second_is_blank(),
            _ => !",[]{}#&*!|>'\"%@`".contains(character),
        }
    }

    fn skip_to_token(&mut self) {
        if self.reader.index() == 0 && self.reader.peek() == '\u{FEFF}' {
            self.reader.forward();
        }
        loop {
            self.reader.skip_spaces();
            self.reader.skip_comment();
            if self.reader.line_break().is_none() {
                return;
            }
            if !self.in_flow() {
                self.allow_simple_key = true;
            }
        }
    }

    fn drop_stale_keys(&mut self) -> Result<(), LoadError> {
        while let Some(key) = self.possible_keys.front() {
            if key.mark.line == self.reader.mark().line
                && self.reader.index() - key.index <= MAX_SIMPLE_KEY
            {
                break;
            }
            if key.required {
                return Err(self.missing_colon());
            }
            self.possible_keys.pop_front();
        }
        Ok(())
    }

    fn missing_colon(&self) -> LoadError {
        self.error("a mapping key before this has no ':' (on one line, within 1024 characters)")
    }

    fn save_key(&mut self) -> Result<(), LoadError> {
        let required = !self.in_flow() && self.indent == self.reader.column();
        if self.allow_simple_key {
            self.remove_key()?;
            self.possible_keys.push_back(SimpleKey {
                token_number: self.tokens_taken + self.tokens.len(),
                required,
                index: self.reader.index(),
                flow_level: self.flow_level,
                mark: self.reader.mark(),
            });
        }
        Ok(())
    }

    fn take_key(&mut self) -> Option<SimpleKey> {
        self.possible_keys
            .pop_back_if(|key| key.flow_level == self.flow_level)
    }

    fn remove_key(&mut self) -> Result<(), LoadError> {
        match self.take_key() {
            Some(key) if key.required => Err(self.missing_colon()),
            _ => Ok(()),
        }
    }

    fn unwind_indent(&mut self, column: i64) {
        if self.in_flow() {
            return;
        }
        while self.indent > column {
            self.indent = self.indents.pop().unwrap_or(-1);
            self.push(TokenKind::BlockEnd, self.reader.mark());
        }
    }

    fn add_indent(&mut self, column: i64) -> bool {
        let deeper = self.indent < column;
        if deeper {
            self.indents.push(self.indent);
            self.indent = column;
        }
        deeper
    }

    fn fetch_stream_end(&mut self) -> Result<(), LoadError> {
        self.unwind_indent(-1);
        self.remove_key()?;
        self.allow_simple_key = false;
        self.possible_keys.clear();
        self.push(TokenKind::StreamEnd, self.reader.mark());
        self.done = true;
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), LoadError> {
        self.unwind_indent(-1);
        self.remove_key()?;
        self.allow_simple_key = false;
        self.scan_directive()
    }

    fn fetch_document_marker(&mut self, kind: TokenKind) -> Result<(), LoadError> {
        self.unwind_indent(-1);
        self.remove_key()?;
        self.allow_simple_key = false;
        let start = self.reader.mark();
        self.reader.skip("---");
        self.push(kind, start);
        Ok(())
    }

    fn push_indicator(&mut self, kind: TokenKind) {
        let start = self.reader.mark();
        self.reader.forward();
        self.push(kind, start);
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), LoadError> {
        self.save_key()?;
        self.flow_level += 1;
        self.allow_simple_key = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), LoadError> {
        self.remove_key()?;
        // Where nothing is open, the parser refuses this token before it asks for another.
        self.flow_level = self.flow_level.saturating_sub(1);
        self.allow_simple_key = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), LoadError> {
        self.allow_simple_key = true;
        self.remove_key()?;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    /// In block context, starts a collection at the cursor if the cursor is indented further than the last collection.
    fn open_block(&mut self, kind: TokenKind, what: &str) -> Result<(), LoadError> {
        if self.in_flow() {
            return Ok(());
        }
        if !self.allow_simple_key {
            return Err(self.error(format!("{what} cannot start here")));
        }
        if self.add_indent(self.reader.column()) {
            self.push(kind, self.reader.mark());
        }
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), LoadError> {
        // In flow context the parser refuses this token.
        self.open_block(TokenKind::BlockSequenceStart, "a sequence entry ('-')")?;
        self.allow_simple_key = true;
        self.remove_key()?;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), LoadError> {
        self.open_block(TokenKind::BlockMappingStart, "a mapping key ('?')")?;
        self.allow_simple_key = !self.in_flow();
        self.remove_key()?;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), LoadError> {
        if let Some(key) = self.take_key() {
            let at = key
                .token_number
                .saturating_sub(self.tokens_taken)
                .min(self.tokens.len());
            let inserted = |kind| Token {
                kind,
                start: key.mark,
                end: key.mark,
            };
            self.tokens.insert(at, inserted(TokenKind::Key));
            if !self.in_flow() && self.add_indent(i64::from(key.mark.column)) {
                self.tokens
                    .insert(at, inserted(TokenKind::BlockMappingStart));
            }
            self.allow_simple_key = false;
        } else {
            self.open_block(TokenKind::BlockMappingStart, "a mapping value (':')")?;
            self.allow_simple_key = !self.in_flow();
            self.remove_key()?;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    /// Reads a token that may be a simple key, and after which no other simple key can start on the same line.
    fn fetch_inline(&mut self, character: char) -> Result<(), LoadError> {
        self.save_key()?;
        self.allow_simple_key = false;
        match character {
            '*' => self.scan_anchor(TokenKind::Alias),
            '&' => self.scan_anchor(TokenKind::Anchor),
            '!' => self.scan_tag(),
            '\'' | '"' => self.scan_quoted(character),
            _ => {
                self.scan_plain();
                Ok(())
            }
        }
    }
}
