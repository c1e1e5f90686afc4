//! Airflow's state stores: values that outlive a try, kept by task instance or by asset.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::error::{ClientError, optional};
use crate::task::context::Task;
use crate::value::{decode, encode};
use airflow_protocol::message::message;
use airflow_protocol::timestamp;

impl Task {
    /// The state of this task instance. It survives retries and deferrals.
    pub fn state(&self) -> StateStore<'_> {
        StateStore {
            task: self,
            of: Of::Task,
        }
    }

    /// The state of the asset of this name.
    pub fn asset_state(&self, name: impl Into<String>) -> StateStore<'_> {
        StateStore {
            task: self,
            of: Of::AssetName(name.into()),
        }
    }

    /// The state of the asset of this URI.
    pub fn asset_state_by_uri(&self, uri: impl Into<String>) -> StateStore<'_> {
        StateStore {
            task: self,
            of: Of::AssetUri(uri.into()),
        }
    }
}

#[derive(Clone, Debug)]
enum Of {
    Task,
    AssetName(String),
    AssetUri(String),
}

/// A store of values by key; see [`Task::state`] and [`Task::asset_state`].
#[derive(Clone, Debug)]
#[must_use = "the store is only read or written by one of its methods"]
pub struct StateStore<'a> {
    task: &'a Task,
    of: Of,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    value: Value,
}

impl StateStore<'_> {
    /// Reads a value. An absent key is an error of the kind [`StateNotFound`](crate::ClientErrorKind::StateNotFound).
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T, ClientError> {
        let stored: Stored = self
            .task
            .ask(&self.message("Get", &[("key", Some(key.into()))]))?;
        decode(stored.value, &format!("the state {key:?}"))
    }

    /// Reads a value; `None` if the key is absent.
    pub fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ClientError> {
        optional(self.get(key))
    }

    /// Writes a value.
    pub fn set(&self, key: &str, value: impl Serialize) -> Result<(), ClientError> {
        self.put(key, &value, None)
    }

    /// Writes a value that is forgotten at this time. Only a task's state can expire; an asset's ignores the time.
    pub fn set_until(
        &self,
        key: &str,
        value: impl Serialize,
        expires_at: Timestamp,
    ) -> Result<(), ClientError> {
        self.put(key, &value, Some(expires_at))
    }

    fn put(
        &self,
        key: &str,
        value: &impl Serialize,
        expires_at: Option<Timestamp>,
    ) -> Result<(), ClientError> {
        let value = encode(value, &format!("the state {key:?}"))?;
        let mut fields = vec![("key", Some(key.into())), ("value", Some(value))];
        if matches!(self.of, Of::Task) {
            fields.push(("expires_at", Some(expires_at.map(timestamp::text).into())));
        }
        self.task.tell(&self.message("Set", &fields))
    }

    /// Deletes a value. Deleting an absent one is no error.
    pub fn delete(&self, key: &str) -> Result<(), ClientError> {
        self.task
            .tell(&self.message("Delete", &[("key", Some(key.into()))]))
    }

    /// Deletes all values.
    pub fn clear(&self) -> Result<(), ClientError> {
        self.task.tell(&self.message("Clear", &[]))
    }

    fn message(&self, verb: &str, fields: &[(&str, Option<Value>)]) -> Value {
        let (store, key, id) = match &self.of {
            Of::Task => ("TaskStateStore", "ti_id", self.task.id()),
            Of::AssetName(name) => ("AssetStateStoreByName", "name", name.as_str()),
            Of::AssetUri(uri) => ("AssetStateStoreByUri", "uri", uri.as_str()),
        };
        let mut all = vec![(key, Some(Value::from(id)))];
        all.extend_from_slice(fields);
        message(&format!("{verb}{store}"), &all)
    }
}
