//! What a released Airflow makes of ids and keys, by `tests/python/judge_texts.py`.

use serde_json::{Value, json};

use crate::python;

/// A released client, and a server of the same release.
pub struct Texts(python::Script);

impl Texts {
    pub fn of(requirements: &str) -> Self {
        let python = python::environment(requirements);
        Self(python::Script::start(&python, "judge_texts.py"))
    }

    /// Whether the server accepts each as an id; `None` if that depends on the version of Python.
    pub fn legal(&mut self, ids: &[String]) -> Vec<Option<bool>> {
        let answer = self.0.ask(&json!({ "legal": ids }));
        serde_json::from_value(answer).unwrap()
    }

    /// Why each text is harmed at its place of a URL; `None` if it is not.
    pub fn harm(&mut self, texts: &[(&str, &str)]) -> Vec<Option<String>> {
        let answer = self.0.ask(&json!({ "carried": texts }));
        serde_json::from_value(answer).unwrap()
    }

    /// The paths in the client's source that have something put in.
    pub fn paths(&mut self) -> Vec<String> {
        let answer: Value = self.0.ask(&json!({ "paths": true }));
        serde_json::from_value(answer).unwrap()
    }
}
