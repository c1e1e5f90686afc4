//! The only place that knows the YAML crate.
//!
//! The crate is `yaml_serde`, the YAML organisation's continuation of `serde_yaml`, under the old
//! name. It reads YAML 1.2. That is right for what an executable prints: libraries of today write
//! `12:30` or `on` without quotes and mean strings. What Airflow reads is YAML 1.1, and is written by
//! [`super::render`] and read by [`crate::worker::pyyaml`].

use serde::de::DeserializeSeed as _;

use super::parse::{KeyPath, ManifestError, Problem, ValueSeed, locate};
use super::schema::Rule;
use super::value::Value;

pub(super) fn parse(text: &str, problem: &Problem) -> Result<Value, ManifestError> {
    let seed = ValueSeed {
        rule: Rule::Document,
        path: &KeyPath::Root,
        problem,
        json: false,
    };
    seed.deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| {
            let line = error.location().map(|location| location.line());
            locate(problem, line, || format!("it is not valid YAML: {error}"))
        })
}
