//! The values of scalars.

use crate::compose::node::{Content, NodeId, Tag};
use crate::error::{LoadError, Mark, shown};
use crate::limits::MAX_DEPTH;
use crate::timestamp::{Moment, Timestamp};
use crate::value::{PyStr, Value};

use super::numbers::{self, Float, NumberError};
use super::{Constructor, binary};

impl Constructor {
    /// The text of a scalar, or of the scalar that a mapping has under `=`.
    pub(super) fn scalar(&mut self, id: NodeId) -> Result<PyStr, LoadError> {
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

    /// The same for a text that the caller reads: the work counts when the text may be read often.
    fn read_scalar(&mut self, id: NodeId) -> Result<PyStr, LoadError> {
        let text = self.scalar(id)?;
        if !matches!(self.content(id), Some(Content::Scalar(_))) {
            self.spend(text.as_bytes().len(), self.mark(id))?;
        }
        Ok(text)
    }

    pub(super) fn bool(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.scalar(id)?;
        match text.to_string_lossy().to_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            other => Err(LoadError::raises(
                self.mark(id),
                "KeyError",
                format!("{} is no boolean", shown(other)),
            )),
        }
    }

    pub(super) fn int(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.read_scalar(id)?;
        let text = text.to_string_lossy();
        numbers::int(&text)
            .map(Value::Int)
            .map_err(|error| number_error(&error, "int", &text, self.mark(id)))
    }

    pub(super) fn float(&mut self, id: NodeId) -> Result<Value, LoadError> {
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

    pub(super) fn binary(&mut self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.read_scalar(id)?;
        let text = text
            .as_str()
            .filter(|text| text.is_ascii())
            .ok_or("base64 text is not ASCII");
        let bytes = text
            .and_then(binary::decode)
            .map_err(|message| LoadError::yaml(self.mark(id), message))?;
        Ok(Value::Bytes(bytes.into()))
    }

    pub(super) fn timestamp(&mut self, id: NodeId) -> Result<Value, LoadError> {
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

fn number_error(error: &NumberError, wanted: &str, text: &str, mark: Mark) -> LoadError {
    let message = || format!("{} cannot be read as {wanted}", shown(text));
    match error {
        NumberError::Empty => LoadError::raises(mark, "IndexError", message()),
        NumberError::Invalid => LoadError::raises(mark, "ValueError", message()),
        NumberError::TooLarge => LoadError::raises(mark, "OverflowError", message()),
        NumberError::TooComplex => LoadError::too_complex(mark),
    }
}
