//! Nodes to values, as `PyYAML`'s `SafeConstructor` makes them and in its order.
//!
//! The constructor makes a collection first and its elements later, breadth first. The order shows: of two faulty nodes, the
//! first that it makes decides whether the exception is a `YAMLError`.

mod binary;
mod key;
mod merge;
mod numbers;
mod scalars;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::compose::Nodes;
use crate::compose::node::{Content, Node, NodeId, Tag};
use crate::error::{LoadError, Mark, shown};
use crate::limits::MAX_WORK;
use crate::value::{Document, Value, ValueId};
use key::Key;

pub(crate) struct Constructor {
    nodes: Vec<Node>,
    /// The value of each node; `None` until the constructor makes it.
    values: Vec<Option<Value>>,
    /// Collections whose elements are not made yet.
    unfilled: VecDeque<NodeId>,
    /// Nodes whose value is `PyYAML`'s single NaN object, which all `.nan` share.
    shared_nans: HashSet<NodeId>,
    work: usize,
}

/// Makes the values of a document.
pub(crate) fn construct(Nodes { nodes, root }: Nodes) -> Result<Document, LoadError> {
    let values = nodes.iter().map(|_| None).collect();
    let mut constructor = Constructor {
        nodes,
        values,
        unfilled: VecDeque::new(),
        shared_nans: HashSet::new(),
        work: 0,
    };
    if let Some(root) = root {
        constructor.make(root)?;
    }
    while let Some(node) = constructor.unfilled.pop_front() {
        constructor.fill(node)?;
    }
    Ok(Document {
        lines: constructor
            .nodes
            .iter()
            .map(|node| node.mark.line)
            .collect(),
        values: constructor
            .values
            .into_iter()
            .map(|value| value.unwrap_or(Value::None))
            .collect(),
        root: root.map(ValueId),
    })
}

impl Constructor {
    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(crate) fn content(&self, id: NodeId) -> Option<&Content> {
        self.node(id).map(|node| &node.content)
    }

    pub(crate) fn mark(&self, id: NodeId) -> Mark {
        self.node(id).map(|node| node.mark).unwrap_or_default()
    }

    pub(crate) fn tag(&self, id: NodeId) -> Option<&Tag> {
        self.node(id).map(|node| &node.tag)
    }

    pub(crate) fn set_tag(&mut self, id: NodeId, tag: Tag) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.tag = tag;
        }
    }

    /// A mapping's entries; none for other nodes.
    pub(crate) fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match self.content(id) {
            Some(Content::Mapping(entries)) => entries,
            _ => &[],
        }
    }

    pub(crate) fn entries_mut(&mut self, id: NodeId) -> Option<&mut Vec<(NodeId, NodeId)>> {
        match self
            .nodes
            .get_mut(id as usize)
            .map(|node| &mut node.content)
        {
            Some(Content::Mapping(entries)) => Some(entries),
            _ => None,
        }
    }

    /// Counts work that the text's length does not bound.
    pub(crate) fn spend(&mut self, steps: usize, mark: Mark) -> Result<(), LoadError> {
        self.work = self.work.saturating_add(steps);
        if self.work > MAX_WORK {
            Err(LoadError::too_complex(mark))
        } else {
            Ok(())
        }
    }

    fn expected(&self, id: NodeId, wanted: &str) -> LoadError {
        let found = self.content(id).map_or("nothing", Content::name);
        LoadError::yaml(
            self.mark(id),
            format!("the tag needs {wanted}, not {found}"),
        )
    }

    /// The value of a node, if the constructor has made it, with or without its elements.
    fn made(&self, id: NodeId) -> Option<&Value> {
        self.values.get(id as usize)?.as_ref()
    }

    fn store(&mut self, id: NodeId, value: Value) {
        if let Some(slot) = self.values.get_mut(id as usize) {
            *slot = Some(value);
        }
    }

    /// Makes a scalar's value, or an empty collection that [`Constructor::fill`] fills later.
    fn make(&mut self, id: NodeId) -> Result<(), LoadError> {
        if self.made(id).is_some() {
            return Ok(());
        }
        let mark = self.mark(id);
        let Some(tag) = self.tag(id).cloned() else {
            return Ok(());
        };
        let value = match tag {
            Tag::Null => {
                self.scalar(id)?;
                Value::None
            }
            Tag::Bool => self.bool(id)?,
            Tag::Int => self.int(id)?,
            Tag::Float => self.float(id)?,
            Tag::Binary => self.binary(id)?,
            Tag::Timestamp => self.timestamp(id)?,
            Tag::Str => Value::Str(self.scalar(id)?),
            Tag::Omap | Tag::Pairs => self.unfilled(id, Value::Pairs(Vec::new())),
            Tag::Seq => self.unfilled(id, Value::List(Vec::new())),
            Tag::Map => self.unfilled(id, Value::Map(Vec::new())),
            Tag::Set => self.unfilled(id, Value::Set(Vec::new())),
            Tag::Merge => {
                return Err(LoadError::yaml(
                    mark,
                    "'<<' stands where no mapping's key is",
                ));
            }
            Tag::Value => {
                return Err(LoadError::yaml(
                    mark,
                    "'=' stands where no mapping's key is",
                ));
            }
            Tag::Unknown(uri) => {
                return Err(LoadError::yaml(
                    mark,
                    format!("the tag {} is none that safe_load knows", shown(&uri)),
                ));
            }
        };
        self.store(id, value);
        Ok(())
    }

    fn unfilled(&mut self, id: NodeId, empty: Value) -> Value {
        self.unfilled.push_back(id);
        empty
    }

    /// Makes the elements of a collection.
    fn fill(&mut self, id: NodeId) -> Result<(), LoadError> {
        let value = match self.made(id) {
            Some(Value::List(_)) => self.list(id)?,
            Some(Value::Pairs(_)) => self.pairs(id)?,
            Some(Value::Map(_)) => Value::Map(self.mapping(id)?),
            Some(Value::Set(_)) => {
                Value::Set(self.mapping(id)?.into_iter().map(|(key, _)| key).collect())
            }
            _ => return Ok(()),
        };
        self.store(id, value);
        Ok(())
    }

    fn sequence(&self, id: NodeId) -> Result<Vec<NodeId>, LoadError> {
        match self.content(id) {
            // The list of a merge key may need these items once more.
            Some(Content::Sequence(items)) => Ok(items.clone()),
            _ => Err(self.expected(id, "a sequence")),
        }
    }

    fn list(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let items = self.sequence(id)?;
        items.iter().try_for_each(|&item| self.make(item))?;
        Ok(Value::List(items.into_iter().map(ValueId).collect()))
    }

    fn pairs(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let items = self.sequence(id)?;
        let mut pairs = Vec::with_capacity(items.len());
        for item in items {
            let &[(key, value)] = self.entries(item) else {
                return Err(self.expected(item, "mappings of one entry as its elements"));
            };
            self.make(key)?;
            self.make(value)?;
            pairs.push((ValueId(key), ValueId(value)));
        }
        Ok(Value::Pairs(pairs))
    }

    fn mapping(&mut self, id: NodeId) -> Result<Vec<(ValueId, ValueId)>, LoadError> {
        if !matches!(self.content(id), Some(Content::Mapping(_))) {
            return Err(self.expected(id, "a mapping"));
        }
        self.flatten(id, 1)?;
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut made: Vec<(ValueId, ValueId)> = Vec::new();
        let mut index = 0;
        while let Some(&(key, value)) = self.entries(id).get(index) {
            self.make(key)?;
            let shared_nan = self.shared_nans.contains(&key);
            let Some(hashed) = self
                .made(key)
                .and_then(|made| Key::new(made, key, shared_nan))
            else {
                return Err(LoadError::yaml(
                    self.mark(key),
                    "a collection cannot be a mapping's key",
                ));
            };
            self.make(value)?;
            // The first of equal keys stays, with the last value.
            let place = *places.entry(hashed).or_insert(made.len());
            match made.get_mut(place) {
                Some(entry) => entry.1 = ValueId(value),
                None => made.push((ValueId(key), ValueId(value))),
            }
            index += 1;
        }
        Ok(made)
    }
}
