//! Nodes to values, as `PyYAML`'s `SafeConstructor` makes them and in the order in which it does.
//!
//! A collection's elements are made after the collection itself, breadth first. The order shows: of two faulty nodes
//! the first one made decides whether the worker skips the file or fails on it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::composer::Nodes;
use super::document::{Document, Value, ValueId};
use super::error::{LoadError, Mark, shown};
use super::key::Key;
use super::node::{Content, Node, NodeId, Tag};
use super::numbers::{self, Float, NumberError};
use super::text::PyStr;
use super::timestamp::{Moment, Timestamp};
use super::{MAX_DEPTH, MAX_WORK, binary};

pub(super) struct Constructor {
    nodes: Vec<Node>,
    /// One for each node; `None` until it is made.
    values: Vec<Option<Value>>,
    /// Collections whose elements are not made yet.
    unfilled: VecDeque<NodeId>,
    /// Nodes whose value is the one NaN that all `.nan` share.
    shared_nans: HashSet<NodeId>,
    work: usize,
}

/// Makes the values of a document.
pub(super) fn construct(Nodes { nodes, root }: Nodes) -> Result<Document, LoadError> {
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

    pub(super) fn content(&self, id: NodeId) -> Option<&Content> {
        self.node(id).map(|node| &node.content)
    }

    pub(super) fn mark(&self, id: NodeId) -> Mark {
        self.node(id).map(|node| node.mark).unwrap_or_default()
    }

    pub(super) fn tag(&self, id: NodeId) -> Option<&Tag> {
        self.node(id).map(|node| &node.tag)
    }

    pub(super) fn set_tag(&mut self, id: NodeId, tag: Tag) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.tag = tag;
        }
    }

    /// A mapping's entries; none for other nodes.
    pub(super) fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match self.content(id) {
            Some(Content::Mapping(entries)) => entries,
            _ => &[],
        }
    }

    pub(super) fn entries_mut(&mut self, id: NodeId) -> Option<&mut Vec<(NodeId, NodeId)>> {
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
    pub(super) fn spend(&mut self, steps: usize, mark: Mark) -> Result<(), LoadError> {
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

    /// The value under construction or made of a node.
    fn made(&self, id: NodeId) -> Option<&Value> {
        self.values.get(id as usize)?.as_ref()
    }

    fn store(&mut self, id: NodeId, value: Value) {
        if let Some(slot) = self.values.get_mut(id as usize) {
            *slot = Some(value);
        }
    }

    /// Makes a scalar's value, or an empty collection to be filled later.
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
            Tag::Bool => bool(&self.scalar(id)?, mark)?,
            Tag::Int => self.int(id)?,
            Tag::Float => self.float(id)?,
            Tag::Binary => {
                let text = self.read_scalar(id)?;
                let text = text
                    .as_str()
                    .filter(|text| text.is_ascii())
                    .ok_or("base64 text is not ASCII");
                let bytes = text
                    .and_then(binary::decode)
                    .map_err(|message| LoadError::yaml(mark, message))?;
                Value::Bytes(bytes.into())
            }
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

    fn sequence(&mut self, id: NodeId) -> Result<Vec<NodeId>, LoadError> {
        match self
            .nodes
            .get_mut(id as usize)
            .map(|node| &mut node.content)
        {
            // Filled once, and read by nobody else except as the list of a merge key.
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

    /// The text of a scalar, or of the scalar that a mapping has under `=`.
    fn scalar(&mut self, id: NodeId) -> Result<PyStr, LoadError> {
        let mut seen = Vec::new();
        let mut current = id;
        loop {
            match self.content(current) {
                Some(Content::Scalar(text)) => return Ok(text.clone()),
                Some(Content::Mapping(entries)) => {
                    let found = entries
                        .iter()
                        .position(|&(key, _)| self.tag(key) == Some(&Tag::Value));
                    let next = found.and_then(|place| Some((place, entries.get(place)?.1)));
                    let Some((place, next)) = next else {
                        return Err(self.expected(current, "a scalar"));
                    };
                    let mark = self.mark(id);
                    if seen.contains(&current) {
                        return Err(LoadError::raises(
                            mark,
                            "RecursionError",
                            "the value under '=' contains itself",
                        ));
                    }
                    if seen.len() == MAX_DEPTH {
                        return Err(LoadError::too_deep(mark));
                    }
                    self.spend(place + 1, mark)?;
                    seen.push(current);
                    current = next;
                }
                _ => return Err(self.expected(current, "a scalar")),
            }
        }
    }

    /// [`Constructor::scalar`] for a text that is read, not only shared.
    fn read_scalar(&mut self, id: NodeId) -> Result<PyStr, LoadError> {
        let text = self.scalar(id)?;
        if !matches!(self.content(id), Some(Content::Scalar(_))) {
            self.spend(text.as_bytes().len(), self.mark(id))?;
        }
        Ok(text)
    }

    fn int(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.read_scalar(id)?;
        let text = text.to_string_lossy();
        numbers::int(&text)
            .map(Value::Int)
            .map_err(|error| number_error(&error, "int", &text, self.mark(id)))
    }

    fn float(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.read_scalar(id)?;
        let text = text.to_string_lossy();
        match numbers::float(&text) {
            Ok(Float::Value(value)) => Ok(Value::Float(value)),
            Ok(Float::SharedNan) => {
                self.shared_nans.insert(id);
                Ok(Value::Float(f64::NAN))
            }
            Err(error) => Err(number_error(&error, "float", &text, self.mark(id))),
        }
    }

    fn timestamp(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.scalar(id)?;
        let mark = self.mark(id);
        if matches!(self.content(id), Some(Content::Mapping(_))) {
            return Err(LoadError::raises(
                mark,
                "TypeError",
                "a mapping is tagged as a timestamp",
            ));
        }
        let Some(timestamp) = text.as_str().and_then(Timestamp::parse) else {
            return Err(LoadError::raises(
                mark,
                "AttributeError",
                format!("{} is no timestamp", shown(&text.to_string_lossy())),
            ));
        };
        match timestamp.moment() {
            Ok(Moment::Date(date)) => Ok(Value::Date(date)),
            Ok(Moment::DateTime(time)) => Ok(Value::DateTime(time)),
            Err(why) => Err(LoadError::raises(
                mark,
                "ValueError",
                format!("{}: {why}", shown(&text.to_string_lossy())),
            )),
        }
    }
}

fn bool(text: &PyStr, mark: Mark) -> Result<Value, LoadError> {
    match text.to_string_lossy().to_lowercase().as_str() {
        "yes" | "true" | "on" => Ok(Value::Bool(true)),
        "no" | "false" | "off" => Ok(Value::Bool(false)),
        other => Err(LoadError::raises(
            mark,
            "KeyError",
            format!("{} is no boolean", shown(other)),
        )),
    }
}

fn number_error(error: &NumberError, wanted: &str, text: &str, mark: Mark) -> LoadError {
    let message = || format!("{} cannot be read as {wanted}", shown(text));
    match error {
        NumberError::Empty => LoadError::raises(mark, "IndexError", message()),
        NumberError::Invalid => LoadError::raises(mark, "ValueError", message()),
        NumberError::TooLarge => LoadError::raises(mark, "OverflowError", message()),
        NumberError::TooComplex => LoadError::too_complex(mark),
    }
}
