//! Tokens to events, one at a time and only when the composer asks.

mod collections;
mod event;

use std::collections::HashMap;

use crate::error::{LoadError, Mark, shown};
use crate::scan::Scanner;
use crate::scan::token::{Directive, TagName, Token, TokenKind};

pub(crate) use event::{Event, EventKind};

/// The place in the grammar, which decides what the next token may be.
#[derive(Clone, Copy)]
pub(crate) enum State {
    StreamStart,
    FirstDocument,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequence { first: bool },
    IndentlessSequence,
    BlockMappingKey { first: bool },
    BlockMappingValue,
    FlowSequence { first: bool },
    PairKey,
    PairValue,
    PairEnd,
    FlowMappingKey { first: bool },
    FlowMappingValue,
    FlowMappingNoValue,
}

/// Where a node stands, which decides the collections that it may be.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Flow,
    Block,
    /// A mapping's key or value, where a sequence need not be indented.
    BlockMapping,
}

pub(crate) struct Parser<'t> {
    pub(crate) scanner: Scanner<'t>,
    pub(crate) state: State,
    /// The states to go on with, the last first, once the node that is being parsed is whole.
    pub(crate) states: Vec<State>,
    tag_handles: HashMap<Box<str>, Box<str>>,
}

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str) -> Result<Self, LoadError> {
        Ok(Self {
            scanner: Scanner::new(text)?,
            state: State::StreamStart,
            states: Vec::new(),
            tag_handles: HashMap::new(),
        })
    }

    /// Reads the next event. The composer asks for none after `StreamEnd`.
    pub(crate) fn next(&mut self) -> Result<Event, LoadError> {
        match self.state {
            State::StreamStart => {
                let token = self.scanner.next()?;
                self.state = State::FirstDocument;
                Ok(Event::bare(EventKind::StreamStart, token.start))
            }
            State::FirstDocument => self.first_document(),
            State::DocumentStart => self.document_start(),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequence { first } => self.block_sequence(first),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingKey { first } => self.block_mapping_key(first),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequence { first } => self.flow_sequence(first),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.state = State::FlowSequence { first: false };
                Ok(Event::bare(EventKind::MappingEnd, self.mark()?))
            }
            State::FlowMappingKey { first } => self.flow_mapping_key(first),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingNoValue => {
                self.state = State::FlowMappingKey { first: false };
                Ok(Event::empty_scalar(self.mark()?))
            }
        }
    }

    pub(crate) fn peek(&mut self) -> Result<&TokenKind, LoadError> {
        Ok(&self.scanner.peek()?.kind)
    }

    /// Where the next token starts.
    pub(crate) fn mark(&mut self) -> Result<Mark, LoadError> {
        Ok(self.scanner.peek()?.start)
    }

    pub(crate) fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    pub(crate) fn unexpected<T>(&mut self, wanted: &str) -> Result<T, LoadError> {
        let token = self.scanner.peek()?;
        Err(LoadError::yaml(
            token.start,
            format!("expected {wanted}, found {}", token.kind.name()),
        ))
    }

    /// Parses a node and goes on with `then`. Where the node is `absent`, an empty scalar stands for it.
    pub(crate) fn node_or_empty(
        &mut self,
        absent: bool,
        place: Place,
        then: State,
        mark: Mark,
    ) -> Result<Event, LoadError> {
        if absent {
            self.state = then;
            return Ok(Event::empty_scalar(mark));
        }
        self.states.push(then);
        self.node(place)
    }

    pub(crate) fn end(&mut self, kind: EventKind) -> Result<Event, LoadError> {
        let token = self.scanner.next()?;
        self.pop_state();
        Ok(Event::bare(kind, token.start))
    }

    fn first_document(&mut self) -> Result<Event, LoadError> {
        if matches!(
            self.peek()?,
            TokenKind::Directive(_) | TokenKind::DocumentStart | TokenKind::StreamEnd
        ) {
            return self.document_start();
        }
        self.set_default_handles();
        self.states.push(State::DocumentEnd);
        self.state = State::BlockNode;
        Ok(Event::bare(EventKind::DocumentStart, self.mark()?))
    }

    fn document_start(&mut self) -> Result<Event, LoadError> {
        while matches!(self.peek()?, TokenKind::DocumentEnd) {
            self.scanner.next()?;
        }
        let mark = self.mark()?;
        if matches!(self.peek()?, TokenKind::StreamEnd) {
            return Ok(Event::bare(EventKind::StreamEnd, mark));
        }
        self.directives()?;
        if !matches!(self.peek()?, TokenKind::DocumentStart) {
            return self.unexpected("a document start ('---')");
        }
        self.scanner.next()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(Event::bare(EventKind::DocumentStart, mark))
    }

    fn document_content(&mut self) -> Result<Event, LoadError> {
        let absent = matches!(
            self.peek()?,
            TokenKind::Directive(_)
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        );
        if absent {
            self.pop_state();
            return Ok(Event::empty_scalar(self.mark()?));
        }
        self.node(Place::Block)
    }

    fn document_end(&mut self) -> Result<Event, LoadError> {
        let mark = self.mark()?;
        if matches!(self.peek()?, TokenKind::DocumentEnd) {
            self.scanner.next()?;
        }
        self.state = State::DocumentStart;
        Ok(Event::bare(EventKind::DocumentEnd, mark))
    }

    fn set_default_handles(&mut self) {
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            self.tag_handles
                .entry(handle.into())
                .or_insert_with(|| prefix.into());
        }
    }

    fn directives(&mut self) -> Result<(), LoadError> {
        let mut version_given = false;
        self.tag_handles.clear();
        while matches!(self.peek()?, TokenKind::Directive(_)) {
            let token = self.scanner.next()?;
            match token.kind {
                TokenKind::Directive(Directive::Yaml { supported }) => {
                    if version_given {
                        return Err(LoadError::yaml(token.start, "a second %YAML directive"));
                    }
                    if !supported {
                        return Err(LoadError::yaml(token.start, "the YAML version is not 1.x"));
                    }
                    version_given = true;
                }
                TokenKind::Directive(Directive::Tag { handle, prefix }) => {
                    if self.tag_handles.contains_key(&handle) {
                        let message =
                            format!("a second %TAG directive for the handle {}", shown(&handle));
                        return Err(LoadError::yaml(token.start, message));
                    }
                    self.tag_handles.insert(handle, prefix);
                }
                _ => {}
            }
        }
        self.set_default_handles();
        Ok(())
    }

    pub(crate) fn node(&mut self, place: Place) -> Result<Event, LoadError> {
        if matches!(self.peek()?, TokenKind::Alias(_)) {
            let token = self.scanner.next()?;
            self.pop_state();
            let TokenKind::Alias(name) = token.kind else {
                return Ok(Event::empty_scalar(token.start));
            };
            return Ok(Event::bare(EventKind::Alias(name), token.start));
        }
        let (anchor, tag, properties_mark) = self.properties()?;
        let mark = match properties_mark {
            Some(mark) => mark,
            None => self.mark()?,
        };
        let kind = self.content(place, properties_mark.is_some(), tag.as_deref())?;
        Ok(Event {
            kind,
            mark,
            anchor,
            tag,
        })
    }

    /// Reads at most one anchor and one tag, in either order, and where the first of them starts.
    #[allow(
        clippy::type_complexity,
        reason = "used once; a name would say no more"
    )]
    fn properties(
        &mut self,
    ) -> Result<(Option<Box<str>>, Option<Box<str>>, Option<Mark>), LoadError> {
        let (mut anchor, mut tag, mut first) = (None, None, None);
        loop {
            let wanted = match self.peek()? {
                TokenKind::Anchor(_) => anchor.is_none(),
                TokenKind::Tag(_) => tag.is_none(),
                _ => false,
            };
            if !wanted {
                break;
            }
            let Token { kind, start, .. } = self.scanner.next()?;
            first = first.or(Some(start));
            match kind {
                TokenKind::Anchor(name) => anchor = Some(name),
                TokenKind::Tag(name) => tag = Some((name, start)),
                _ => {}
            }
        }
        let tag = match tag {
            Some((name, mark)) => Some(self.resolve_handle(name, mark)?),
            None => None,
        };
        Ok((anchor, tag, first))
    }

    fn resolve_handle(&self, name: TagName, mark: Mark) -> Result<Box<str>, LoadError> {
        let Some(handle) = name.handle else {
            return Ok(name.suffix);
        };
        match self.tag_handles.get(&handle) {
            Some(prefix) => Ok(format!("{prefix}{}", name.suffix).into()),
            None => Err(LoadError::yaml(
                mark,
                format!("the tag handle {} is not declared", shown(&handle)),
            )),
        }
    }

    fn content(
        &mut self,
        place: Place,
        has_properties: bool,
        tag: Option<&str>,
    ) -> Result<EventKind, LoadError> {
        let block = place != Place::Flow;
        let state = match self.peek()? {
            TokenKind::BlockEntry if place == Place::BlockMapping => State::IndentlessSequence,
            TokenKind::Scalar { .. } => {
                let token = self.scanner.next()?;
                self.pop_state();
                let TokenKind::Scalar { value, plain } = token.kind else {
                    return self.unexpected("a scalar");
                };
                let resolves = tag == Some("!") || (plain && tag.is_none());
                return Ok(EventKind::Scalar { value, resolves });
            }
            TokenKind::FlowSequenceStart => State::FlowSequence { first: true },
            TokenKind::FlowMappingStart => State::FlowMappingKey { first: true },
            TokenKind::BlockSequenceStart if block => State::BlockSequence { first: true },
            TokenKind::BlockMappingStart if block => State::BlockMappingKey { first: true },
            _ if has_properties => {
                self.pop_state();
                return Ok(EventKind::Scalar {
                    value: "".into(),
                    resolves: tag.is_none_or(|tag| tag == "!"),
                });
            }
            _ => return self.unexpected("a value"),
        };
        self.state = state;
        let mapping = matches!(
            state,
            State::FlowMappingKey { .. } | State::BlockMappingKey { .. }
        );
        Ok(if mapping {
            EventKind::MappingStart
        } else {
            EventKind::SequenceStart
        })
    }
}
