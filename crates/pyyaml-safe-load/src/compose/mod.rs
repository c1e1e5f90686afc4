//! Events to nodes: the composer nests them, and replaces each alias by the node of its anchor.

pub(crate) mod node;
mod resolve;

use std::collections::HashMap;

use crate::error::{LoadError, Mark, shown};
use crate::limits::MAX_DEPTH;
use crate::parse::{Event, EventKind, Parser};
use node::{Content, Node, NodeId, Tag};

/// The nodes of a text's only document.
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<Node>,
    /// `None` for a text without a document.
    pub(crate) root: Option<NodeId>,
}

/// A collection that is not closed yet.
struct Open {
    node: NodeId,
    /// In a mapping, the key that waits for its value.
    key: Option<NodeId>,
}

#[derive(Default)]
struct Composer {
    nodes: Vec<Node>,
    anchors: HashMap<Box<str>, NodeId>,
    open: Vec<Open>,
    root: Option<NodeId>,
}

/// Reads a text that has at most one document.
pub(crate) fn compose(text: &str) -> Result<Nodes, LoadError> {
    let mut parser = Parser::new(text)?;
    let mut composer = Composer::default();
    let mut documents = 0;
    loop {
        let event = parser.next()?;
        match event.kind {
            EventKind::StreamStart | EventKind::DocumentEnd => {}
            EventKind::StreamEnd => {
                return Ok(Nodes {
                    nodes: composer.nodes,
                    root: composer.root,
                });
            }
            EventKind::DocumentStart if documents == 0 => documents = 1,
            EventKind::DocumentStart => {
                return Err(LoadError::yaml(
                    event.mark,
                    "a second document starts here, and only one may be given",
                ));
            }
            _ => composer.take(event)?,
        }
    }
}

impl Composer {
    fn take(&mut self, event: Event) -> Result<(), LoadError> {
        if let Some(anchor) = &event.anchor
            && self.anchors.contains_key(anchor)
        {
            return Err(LoadError::yaml(
                event.mark,
                format!("the anchor {} is defined a second time", shown(anchor)),
            ));
        }
        let tag = event
            .tag
            .as_deref()
            .filter(|&tag| tag != "!")
            .map(Tag::from_uri);
        let (tag, content) = match event.kind {
            EventKind::Alias(name) => {
                let Some(&node) = self.anchors.get(&name) else {
                    return Err(LoadError::yaml(
                        event.mark,
                        format!("the alias {} has no anchor before it", shown(&name)),
                    ));
                };
                self.attach(node);
                return Ok(());
            }
            EventKind::Scalar { value, resolves } => {
                let tag = tag.unwrap_or_else(|| {
                    if resolves {
                        resolve::resolve(&value)
                    } else {
                        Tag::Str
                    }
                });
                (tag, Content::Scalar(value))
            }
            EventKind::SequenceStart => (tag.unwrap_or(Tag::Seq), Content::Sequence(Vec::new())),
            EventKind::MappingStart => (tag.unwrap_or(Tag::Map), Content::Mapping(Vec::new())),
            _ => {
                self.open.pop();
                return Ok(());
            }
        };
        let opens = !matches!(content, Content::Scalar(_));
        let node = self.add(Node {
            tag,
            mark: event.mark,
            content,
        })?;
        if let Some(anchor) = event.anchor {
            self.anchors.insert(anchor, node);
        }
        self.attach(node);
        if opens {
            if self.open.len() == MAX_DEPTH {
                return Err(LoadError::too_deep(event.mark));
            }
            self.open.push(Open { node, key: None });
        }
        Ok(())
    }

    fn add(&mut self, node: Node) -> Result<NodeId, LoadError> {
        let mark: Mark = node.mark;
        let id = NodeId::try_from(self.nodes.len())
            .ok()
            .filter(|&id| id < NodeId::MAX);
        let id = id.ok_or_else(|| LoadError::too_complex(mark))?;
        self.nodes.push(node);
        Ok(id)
    }

    /// Puts a node into the innermost open collection, or makes it the root.
    fn attach(&mut self, node: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match self
            .nodes
            .get_mut(open.node as usize)
            .map(|parent| &mut parent.content)
        {
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping(entries)) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(node),
            },
            _ => {}
        }
    }
}
