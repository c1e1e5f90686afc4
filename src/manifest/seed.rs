//! Reads one value of a manifest under a rule, from whichever text.
//!
//! Rules are checked while the text is read, so that each problem comes with its line.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use pyyaml_safe_load::MAX_DEPTH;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::error::ManifestError;
use super::schema::{Rule, Shape};
use super::value::{Number, Value};
use crate::text;

/// Said of more than [`MAX_DEPTH`] levels. The worker's reader has that limit, and its crate says why.
pub(super) const TOO_DEEP: &str = "more than 64 lists and mappings are nested inside each other, which \
                        Airflow's workers may fail to read";
const _: () = assert!(MAX_DEPTH == 64, "the text names the number");

/// The first problem that a rule found. Libraries add their own words and paths to errors; only
/// their position is of use.
pub(super) type Problem = RefCell<Option<ManifestError>>;

/// The error to report: the rule's if one was broken, else the library's.
pub(super) fn locate(
    problem: &Problem,
    line: Option<usize>,
    syntax: impl FnOnce() -> String,
) -> ManifestError {
    match problem.take() {
        Some(broken) => ManifestError {
            line: broken.line.or(line),
            ..broken
        },
        None => ManifestError {
            line,
            key: None,
            found: text::one_line(&syntax()).into_owned(),
            expected: None,
        },
    }
}

/// Where a value stands.
pub(super) enum KeyPath<'p> {
    Root,
    Key(&'p KeyPath<'p>, &'p str),
    Item(&'p KeyPath<'p>, usize),
}

impl fmt::Display for KeyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => {
                if !matches!(parent, Self::Root) {
                    write!(f, "{parent}.")?;
                }
                f.write_str(&text::one_line(key))
            }
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Reads one value under a rule.
#[derive(Clone, Copy)]
pub(super) struct ValueSeed<'p> {
    pub(super) rule: Rule,
    pub(super) path: &'p KeyPath<'p>,
    pub(super) problem: &'p Problem,
    /// The whole text, if it is JSON. The text of a number is taken from it, so that no digit is lost.
    pub(super) json: Option<&'p str>,
    /// The values that must not be repeated. They are checked with each value, while its line is known.
    pub(super) unique: Option<Unique<'p>>,
    /// Number of lists and mappings around the value.
    pub(super) depth: usize,
}

/// Values of which each may stand once.
#[derive(Clone, Copy)]
pub(super) enum Unique<'p> {
    /// The keys of a mapping with this rule.
    Keys(Rule, &'p RefCell<HashSet<(&'static str, String)>>),
    /// The task ids of a dag.
    TaskIds(&'p RefCell<HashSet<String>>),
}

impl<'p> ValueSeed<'p> {
    /// The whole manifest, in YAML.
    pub(super) fn root(problem: &'p Problem) -> Self {
        Self {
            rule: Rule::Document,
            path: &KeyPath::Root,
            problem,
            json: None,
            unique: None,
            depth: 0,
        }
    }
}

impl ValueSeed<'_> {
    fn broken<E: serde::de::Error>(&self, found: String, expected: bool) -> E {
        let path = self.path.to_string();
        let error = ManifestError {
            line: None,
            key: (!path.is_empty()).then_some(path),
            found,
            expected: expected.then(|| self.rule.expected().into()),
        };
        let message = error.to_string();
        self.problem.replace(Some(error));
        E::custom(message)
    }

    fn scalar<E: serde::de::Error>(&self, value: Value) -> Result<Value, E> {
        match self.rule.shape() {
            None => self.unrepeated(value),
            Some(_) => Err(self.broken(format!("is {}", value.kind()), true)),
        }
    }

    /// Refuses a key or task id that was there before, and a key that is no string where the
    /// manifest's own keys stand.
    fn unrepeated<E: serde::de::Error>(&self, value: Value) -> Result<Value, E> {
        match self.unique {
            None => {}
            Some(Unique::TaskIds(seen)) => {
                let id = value.as_str().unwrap_or_default();
                if !seen.borrow_mut().insert(id.to_owned()) {
                    let found = format!("repeats the task id \"{}\"", text::one_line(id));
                    return Err(self.broken(found, true));
                }
            }
            Some(Unique::Keys(rule, seen)) => {
                let name = key_name(&value);
                if rule != Rule::Any && value.as_str().is_none() {
                    let found = format!(
                        "has the key {name}, which is {}, not a string; quote it",
                        value.kind()
                    );
                    return Err(self.broken(found, false));
                }
                if !seen.borrow_mut().insert((value.kind(), name.clone())) {
                    // The author looks for a dag, not for a key.
                    let noun = if rule == Rule::Dags { "dag_id" } else { "key" };
                    let name = text::one_line(&name);
                    return Err(self.broken(format!("has the {noun} \"{name}\" twice"), false));
                }
            }
        }
        Ok(value)
    }

    fn not_a_key<E: serde::de::Error>(&self, kind: &str) -> Result<(), E> {
        match self.unique {
            Some(Unique::Keys(..)) => Err(self.broken(format!("has {kind} as a key"), false)),
            _ => Ok(()),
        }
    }

    /// The depth of the values inside of a list or mapping.
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.broken(format!("is nested too deep: {TOO_DEEP}"), false));
        }
        Ok(self.depth + 1)
    }

    fn shape<E: serde::de::Error>(&self, shape: Shape, kind: &str) -> Result<(), E> {
        match self.rule.shape() {
            Some(wanted) if wanted != shape => Err(self.broken(format!("is {kind}"), true)),
            _ => Ok(()),
        }
    }

    fn check_end<E: serde::de::Error>(&self, entries: &[(Value, Value)]) -> Result<(), E> {
        let has = |key: &str| entries.iter().any(|(name, _)| name.as_str() == Some(key));
        for &key in self.rule.required_keys() {
            if !has(key) && !Rule::in_place_of(key).is_some_and(has) {
                let path = KeyPath::Key(self.path, key);
                let missing = ValueSeed {
                    rule: self.rule.of_key(key),
                    path: &path,
                    ..*self
                };
                return Err(missing.broken("is missing".to_owned(), true));
            }
        }
        if self.rule == Rule::Dags && entries.is_empty() {
            return Err(self.broken("is empty: the executable serves no dag".to_owned(), true));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if let Some(document) = self.json
            && self.rule == Rule::Any
        {
            // Only the JSON reader is asked for raw text, and it always has it.
            let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
            return value_of_json(raw.get(), document, self).map_err(D::Error::custom);
        }
        deserializer.deserialize_any(self)
    }
}

/// Reads the JSON text of a value without a rule, a part of `document`. Numbers keep their digits.
fn value_of_json(
    text: &str,
    document: &str,
    seed: ValueSeed<'_>,
) -> Result<Value, serde_json::Error> {
    if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Ok(Value::Number(Number::from_json(text)));
    }
    let value = serde_json::Deserializer::from_str(text).deserialize_any(seed);
    if let Err(error) = &value {
        // The error counts lines from the start of `text`, which is a part of the document.
        let start = text.as_ptr().addr() - document.as_ptr().addr();
        let before = document.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + error.line();
        let mut problem = seed.problem.borrow_mut();
        let broken = problem.get_or_insert_with(|| ManifestError {
            line: None,
            key: None,
            found: format!("it is not valid JSON: {error}"),
            expected: None,
        });
        broken.line.get_or_insert(line);
    }
    value
}

/// A key as text; empty for a collection, which is refused as a key.
fn key_name(key: &Value) -> String {
    match key {
        Value::String(name) => name.clone(),
        Value::Number(number) => number.as_yaml().to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        Value::Sequence(_) | Value::Mapping(_) => String::new(),
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule.expected())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.scalar(Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.scalar(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.scalar(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.scalar(Value::Number(Number::from_integer(&value)))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.scalar(Value::Number(Number::from_integer(&value)))
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Value, E> {
        self.scalar(Value::Number(Number::from_integer(&value)))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        self.scalar(Value::Number(Number::from_integer(&value)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.scalar(Value::Number(Number::from_float(value)))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.shape(Shape::String, "a string")?;
        if let Err(wrong) = self.rule.check_string(value) {
            let found = if value.is_empty() {
                wrong
            } else {
                let shown = text::beginning(value.as_bytes(), 40);
                format!("{wrong} (\"{shown}\")")
            };
            return Err(self.broken(found, true));
        }
        self.unrepeated(Value::from(value))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(self.broken("has a YAML tag; tags are not supported".to_owned(), false))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.shape(Shape::Sequence, "a list")?;
        self.not_a_key("a list")?;
        let depth = self.deeper()?;
        let mut values = Vec::new();
        let seen = RefCell::default();
        let rule = self.rule.of_item();
        let unique = (rule == Rule::TaskId).then_some(Unique::TaskIds(&seen));
        loop {
            let path = KeyPath::Item(self.path, values.len());
            let item = ValueSeed {
                rule,
                path: &path,
                unique,
                depth,
                ..self
            };
            match items.next_element_seed(item)? {
                Some(value) => values.push(value),
                None => return Ok(Value::Sequence(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.shape(Shape::Mapping, "a mapping")?;
        self.not_a_key("a mapping")?;
        let depth = self.deeper()?;
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let seen = RefCell::default();
        let key_seed = ValueSeed {
            rule: Rule::Any,
            json: None,
            unique: Some(Unique::Keys(self.rule, &seen)),
            ..self
        };
        while let Some(key) = map.next_key_seed(key_seed)? {
            let name = key_name(&key);
            let path = KeyPath::Key(self.path, &name);
            let value = map.next_value_seed(ValueSeed {
                rule: self.rule.of_key(&name),
                path: &path,
                unique: None,
                depth,
                ..self
            })?;
            entries.push((key, value));
        }
        self.check_end(&entries)?;
        Ok(Value::Mapping(entries))
    }
}
