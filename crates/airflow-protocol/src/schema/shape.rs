//! What a value may be, in the words of JSON Schema that Airflow's schema uses.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

/// A JSON Schema, reduced to the words that Airflow's `schema.json` has. A word that is not known here is an error, so that none is
/// overlooked. What only explains is read and not written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Shape {
    /// `#/$defs/NAME`.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Kinds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format>,
    #[serde(rename = "const", skip_serializing_if = "Option::is_none")]
    pub(super) constant: Option<String>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub(super) choices: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exclusive_minimum: Option<f64>,
    /// The fields of a map that have names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: BTreeMap<String, Shape>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) required: BTreeSet<String>,
    /// Other fields of a map; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_properties: Option<Others>,
    /// The items of a list behind `prefix_items`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<Box<Shape>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) prefix_items: Vec<Shape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min_items: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_items: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) any_of: Vec<Shape>,
    /// Airflow's are told apart by a constant, so that `any_of` would mean the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) one_of: Vec<Shape>,
    #[serde(skip_serializing, deserialize_with = "ignored")]
    title: (),
    #[serde(skip_serializing, deserialize_with = "ignored")]
    description: (),
    #[serde(skip_serializing, deserialize_with = "ignored")]
    default: (),
    #[serde(skip_serializing, deserialize_with = "ignored")]
    discriminator: (),
}

/// Reads a value of any kind and keeps nothing of it.
fn ignored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(deserializer).map(drop)
}

/// The kinds of values that are allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Kinds {
    One(Kind),
    Several(Vec<Kind>),
}

impl Kinds {
    pub(super) fn as_slice(&self) -> &[Kind] {
        match self {
            Self::One(kind) => std::slice::from_ref(kind),
            Self::Several(kinds) => kinds,
        }
    }
}

/// A kind of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// What a text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Format {
    DateTime,
    Duration,
    Path,
    Uuid,
}

/// The fields of a map without names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Others {
    /// Whether there may be any.
    Allowed(bool),
    Each(Box<Shape>),
}

impl Shape {
    /// The shapes of which one is enough; empty if this is no choice.
    pub(super) fn alternatives(&self) -> &[Shape] {
        if self.any_of.is_empty() {
            &self.one_of
        } else {
            &self.any_of
        }
    }

    /// The names that the shape refers to, at any depth.
    pub(super) fn references<'a>(&'a self, found: &mut BTreeSet<&'a str>) {
        found.extend(self.reference.as_deref().map(name));
        let each = match &self.additional_properties {
            Some(Others::Each(shape)) => Some(&**shape),
            _ => None,
        };
        let parts = [&self.prefix_items, &self.any_of, &self.one_of]
            .into_iter()
            .flatten();
        let parts = parts
            .chain(self.properties.values())
            .chain(self.items.as_deref());
        for part in parts.chain(each) {
            part.references(found);
        }
    }
}

/// The name in `#/$defs/NAME`.
pub(super) fn name(reference: &str) -> &str {
    reference.strip_prefix("#/$defs/").unwrap_or(reference)
}
