//! Reading the fields of a map, one by one, with an error that names what is wrong.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::timestamp;

/// The fields of a map.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// The fields of a value that must be a map; `what` names it in errors.
    pub fn of(value: &'a Value, what: &'static str) -> Result<Self, String> {
        let map = value
            .as_object()
            .ok_or_else(|| format!("{what} is not a map"))?;
        Ok(Self { map, what })
    }

    /// A field; null if it is absent.
    pub fn get(&self, key: &str) -> &'a Value {
        self.map.get(key).unwrap_or(&Value::Null)
    }

    fn wrong(&self, key: &str, wanted: &str) -> String {
        format!("{key} of {} is not {wanted}", self.what)
    }

    /// A field by its own reader; `None` if it is absent or null.
    fn read<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match self.get(key) {
            Value::Null => Ok(None),
            value => read(value).map(Some).ok_or_else(|| self.wrong(key, wanted)),
        }
    }

    /// A text; `None` if the field is absent or null.
    pub fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.read(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// A text that must be there.
    pub fn required(&self, key: &str) -> Result<String, String> {
        self.text(key)?
            .ok_or_else(|| format!("{key} of {} is missing", self.what))
    }

    /// An integer in the range of `T`; `None` if the field is absent or null.
    pub fn number<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, String> {
        self.read(key, "a number in range", |value| {
            T::try_from(value.as_i64()?).ok()
        })
    }

    /// True or false; `None` if the field is absent or null.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, String> {
        self.read(key, "true or false", Value::as_bool)
    }

    /// An instant; `None` if the field is absent or null.
    pub fn time(&self, key: &str) -> Result<Option<Timestamp>, String> {
        self.read(key, "a time", |value| timestamp::parse(value.as_str()?))
    }

    /// A map; `None` if the field is absent or null.
    pub fn map(&self, key: &str) -> Result<Option<Map<String, Value>>, String> {
        self.read(key, "a map", |value| value.as_object().cloned())
    }

    /// A list; `None` if the field is absent or null.
    pub fn list(&self, key: &str) -> Result<Option<&'a [Value]>, String> {
        self.read(key, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    /// A list of texts; `None` if the field is absent or null.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>, String> {
        self.read(key, "a list of texts", |value| {
            value
                .as_array()?
                .iter()
                .map(|text| text.as_str().map(str::to_owned))
                .collect()
        })
    }
}
