//! Airflow's variables.

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::error::{ClientError, ClientErrorKind, optional};
use crate::task::context::Task;
use crate::value::{encode, parse};
use airflow_protocol::message::message;

/// How many keys one request lists.
const PAGE: usize = 1000;

impl Task {
    /// The text of a variable. An error if there is none.
    ///
    /// The worker's own `AIRFLOW_VAR_*` comes first: for the key `rate`, `AIRFLOW_VAR_RATE`. Then the API server looks it up: in its own
    /// `AIRFLOW_VAR_*`, its secrets backend, then Airflow's database. A secrets backend of the worker is not asked.
    /// [`Bundle::worker_secrets`](crate::Bundle::worker_secrets) turns the first off. Airflow hides the value in the task's log if the key
    /// looks like that of a secret.
    pub fn variable(&self, key: &str) -> Result<String, ClientError> {
        #[derive(Deserialize)]
        struct VariableResult {
            #[serde(default)]
            value: Option<String>,
        }
        if let Some(text) = self.worker_variable(key) {
            let fields = [
                ("value", Some(text.as_str().into())),
                ("name", Some(key.into())),
            ];
            self.tell(&message("MaskSecret", &fields))?;
            return Ok(text);
        }
        let result: VariableResult =
            self.ask(&message("GetVariable", &[("key", Some(key.into()))]))?;
        Ok(result.value.unwrap_or_default())
    }

    /// The text of a variable; `None` if there is none.
    pub fn find_variable(&self, key: &str) -> Result<Option<String>, ClientError> {
        optional(self.variable(key))
    }

    /// A variable whose text is JSON, deserialized. An error if there is none.
    pub fn json_variable<T: DeserializeOwned>(&self, key: &str) -> Result<T, ClientError> {
        parse(&self.variable(key)?).map_err(|error| {
            ClientError::new(
                ClientErrorKind::Decode,
                format!("the variable {key:?} is not the expected JSON: {error}"),
            )
        })
    }

    /// The keys of all variables, or of those that begin with a prefix, sorted.
    pub fn variable_keys(&self, prefix: Option<&str>) -> Result<Vec<String>, ClientError> {
        #[derive(Deserialize)]
        struct VariableKeysResult {
            keys: Vec<String>,
            total_entries: usize,
        }
        let mut keys: Vec<String> = Vec::new();
        loop {
            let request = message(
                "GetVariableKeys",
                &[
                    ("prefix", Some(prefix.into())),
                    ("limit", Some(PAGE.into())),
                    ("offset", Some(keys.len().into())),
                ],
            );
            let page: VariableKeysResult = self.ask(&request)?;
            let done = page.keys.is_empty() || keys.len() + page.keys.len() >= page.total_entries;
            keys.extend(page.keys);
            if done {
                keys.sort_unstable();
                return Ok(keys);
            }
        }
    }

    /// Sets a variable to a text, in Airflow. If the worker has one of its own in its environment, the log has a warning: that one is read.
    pub fn set_variable(&self, key: &str, value: &str) -> Result<(), ClientError> {
        self.put_variable(key, value, None)
    }

    /// Sets a variable to a text, and its description.
    pub fn set_variable_described(
        &self,
        key: &str,
        value: &str,
        description: &str,
    ) -> Result<(), ClientError> {
        self.put_variable(key, value, Some(description))
    }

    /// Sets a variable to the JSON text of a value.
    pub fn set_json_variable(&self, key: &str, value: impl Serialize) -> Result<(), ClientError> {
        let value = encode(&value, &format!("the variable {key:?}"))?;
        self.put_variable(key, &value.to_string(), None)
    }

    fn put_variable(
        &self,
        key: &str,
        value: &str,
        description: Option<&str>,
    ) -> Result<(), ClientError> {
        if self.worker_variable(key).is_some() {
            log::warn!(
                "the variable {key:?} is set in Airflow, but this worker has one of its own in its environment, which is read in its place"
            );
        }
        self.tell(&message(
            "PutVariable",
            &[
                ("key", Some(key.into())),
                ("value", Some(value.into())),
                ("description", Some(Value::from(description))),
            ],
        ))
    }

    /// Deletes a variable. Deleting an absent one is no error.
    pub fn delete_variable(&self, key: &str) -> Result<(), ClientError> {
        self.tell(&message("DeleteVariable", &[("key", Some(key.into()))]))
    }
}
