//! The parser inside sequences and mappings.
//!
//! In a state marked `first`, the token that opens the collection is not taken yet.

use crate::error::LoadError;
use crate::scan::token::TokenKind;

use super::{Event, EventKind, Parser, Place, State};

impl Parser<'_> {
    fn open(&mut self, first: bool) -> Result<(), LoadError> {
        if first {
            self.scanner.next()?;
        }
        Ok(())
    }

    pub(crate) fn block_sequence(&mut self, first: bool) -> Result<Event, LoadError> {
        self.open(first)?;
        match self.peek()? {
            TokenKind::BlockEntry => {
                let entry = self.scanner.next()?;
                let absent = matches!(self.peek()?, TokenKind::BlockEntry | TokenKind::BlockEnd);
                self.node_or_empty(
                    absent,
                    Place::Block,
                    State::BlockSequence { first: false },
                    entry.end,
                )
            }
            TokenKind::BlockEnd => self.end(EventKind::SequenceEnd),
            _ => self.unexpected("another '-' entry, or less indentation"),
        }
    }

    pub(crate) fn indentless_sequence(&mut self) -> Result<Event, LoadError> {
        if matches!(self.peek()?, TokenKind::BlockEntry) {
            let entry = self.scanner.next()?;
            let absent = matches!(
                self.peek()?,
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
            );
            return self.node_or_empty(absent, Place::Block, State::IndentlessSequence, entry.end);
        }
        let mark = self.mark()?;
        self.pop_state();
        Ok(Event::bare(EventKind::SequenceEnd, mark))
    }

    pub(crate) fn block_mapping_key(&mut self, first: bool) -> Result<Event, LoadError> {
        self.open(first)?;
        match self.peek()? {
            TokenKind::Key => {
                let key = self.scanner.next()?;
                let absent = matches!(
                    self.peek()?,
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
                );
                self.node_or_empty(
                    absent,
                    Place::BlockMapping,
                    State::BlockMappingValue,
                    key.end,
                )
            }
            TokenKind::BlockEnd => self.end(EventKind::MappingEnd),
            _ => self.unexpected("another key, or less indentation"),
        }
    }

    pub(crate) fn block_mapping_value(&mut self) -> Result<Event, LoadError> {
        let then = State::BlockMappingKey { first: false };
        if !matches!(self.peek()?, TokenKind::Value) {
            let mark = self.mark()?;
            return self.node_or_empty(true, Place::BlockMapping, then, mark);
        }
        let value = self.scanner.next()?;
        let absent = matches!(
            self.peek()?,
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
        );
        self.node_or_empty(absent, Place::BlockMapping, then, value.end)
    }

    /// Takes the ',' that stands before each entry but the first.
    fn separator(&mut self, first: bool, wanted: &str) -> Result<(), LoadError> {
        if first {
            return Ok(());
        }
        if !matches!(self.peek()?, TokenKind::FlowEntry) {
            return self.unexpected(wanted);
        }
        self.scanner.next()?;
        Ok(())
    }

    pub(crate) fn flow_sequence(&mut self, first: bool) -> Result<Event, LoadError> {
        self.open(first)?;
        if !matches!(self.peek()?, TokenKind::FlowSequenceEnd) {
            self.separator(first, "',' or ']'")?;
            match self.peek()? {
                TokenKind::Key => {
                    self.state = State::PairKey;
                    return Ok(Event::bare(EventKind::MappingStart, self.mark()?));
                }
                TokenKind::FlowSequenceEnd => {}
                _ => {
                    self.states.push(State::FlowSequence { first: false });
                    return self.node(Place::Flow);
                }
            }
        }
        self.end(EventKind::SequenceEnd)
    }

    /// Reads the key of a `[key: value]`, which is a mapping of one entry.
    pub(crate) fn pair_key(&mut self) -> Result<Event, LoadError> {
        let key = self.scanner.next()?;
        let absent = matches!(
            self.peek()?,
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
        );
        self.node_or_empty(absent, Place::Flow, State::PairValue, key.end)
    }

    pub(crate) fn pair_value(&mut self) -> Result<Event, LoadError> {
        if !matches!(self.peek()?, TokenKind::Value) {
            let mark = self.mark()?;
            return self.node_or_empty(true, Place::Flow, State::PairEnd, mark);
        }
        let value = self.scanner.next()?;
        let absent = matches!(
            self.peek()?,
            TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
        );
        self.node_or_empty(absent, Place::Flow, State::PairEnd, value.end)
    }

    pub(crate) fn flow_mapping_key(&mut self, first: bool) -> Result<Event, LoadError> {
        self.open(first)?;
        if !matches!(self.peek()?, TokenKind::FlowMappingEnd) {
            self.separator(first, "',' or '}'")?;
            match self.peek()? {
                TokenKind::Key => {
                    let key = self.scanner.next()?;
                    let absent = matches!(
                        self.peek()?,
                        TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd
                    );
                    return self.node_or_empty(
                        absent,
                        Place::Flow,
                        State::FlowMappingValue,
                        key.end,
                    );
                }
                TokenKind::FlowMappingEnd => {}
                _ => {
                    self.states.push(State::FlowMappingNoValue);
                    return self.node(Place::Flow);
                }
            }
        }
        self.end(EventKind::MappingEnd)
    }

    pub(crate) fn flow_mapping_value(&mut self) -> Result<Event, LoadError> {
        let then = State::FlowMappingKey { first: false };
        if !matches!(self.peek()?, TokenKind::Value) {
            let mark = self.mark()?;
            return self.node_or_empty(true, Place::Flow, then, mark);
        }
        let value = self.scanner.next()?;
        let absent = matches!(
            self.peek()?,
            TokenKind::FlowEntry | TokenKind::FlowMappingEnd
        );
        self.node_or_empty(absent, Place::Flow, then, value.end)
    }
}
