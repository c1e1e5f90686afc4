//! Values as Python types: what a Python task would push as a tuple, a set, a datetime.
//!
//! Plain values need nothing of this: lists, maps, strings, numbers, booleans and null are the same on both sides.
//! Use these wrappers where the *Python* reader shall get the very type:
//!
//! ```
//! # use airflow_sdk::{Result, Task};
//! use airflow_sdk::python;
//!
//! fn window(task: &Task) -> Result<python::Tuple<[python::DateTime; 2]>> {
//!     let (start, end) = ("2026-01-01T00:00:00Z".parse()?, "2026-01-02T00:00:00Z".parse()?);
//!     Ok(python::Tuple([python::DateTime(start), python::DateTime(end)]))
//! }
//! ```
//!
//! In the other direction nothing is needed either: values that Python sent as one of its own types are simplified
//! before they are deserialized.
//!
//! | Python | arrives as |
//! | --- | --- |
//! | `tuple`, `set`, `frozenset` | array |
//! | aware `datetime` | RFC 3339 string in UTC (`jiff::Timestamp` reads it) |
//! | naive `datetime` | ISO string without offset, as if the worker's clock ran in UTC (`jiff::civil::DateTime`) |
//! | `date` | ISO string |
//! | `timedelta` | seconds, a number ([`TimeDelta`] reads it) |
//! | `UUID` | string |
//! | `Decimal` | a number: Airflow itself sends it as a float, so digits beyond its precision are lost. Send strings where every digit counts |
//! | dataclass, attrs, pydantic | map of the fields |

use jiff::civil;
use jiff::{SignedDuration, Timestamp};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The struct name by which the strict serializer knows an envelope of ours.
pub(crate) const ENVELOPE: &str = "$airflow_sdk::python";

/// Airflow's envelope around a value of a Python class.
fn envelope<S: Serializer, T: Serialize + ?Sized>(
    serializer: S,
    class: &str,
    version: u32,
    data: &T,
) -> Result<S::Ok, S::Error> {
    let mut envelope = serializer.serialize_struct(ENVELOPE, 3)?;
    envelope.serialize_field("__classname__", class)?;
    envelope.serialize_field("__version__", &version)?;
    envelope.serialize_field("__data__", data)?;
    envelope.end()
}

macro_rules! sequence {
    ($(#[$doc:meta])* $name:ident, $class:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(transparent)]
        pub struct $name<T>(pub T);

        impl<T: Serialize> Serialize for $name<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                envelope(serializer, $class, 1, &self.0)
            }
        }
    };
}

sequence! {
    /// A Python `tuple`: wraps anything that serializes as a sequence.
    Tuple, "builtins.tuple"
}
sequence! {
    /// A Python `set`: wraps anything that serializes as a sequence, of values that Python can hash.
    Set, "builtins.set"
}
sequence! {
    /// A Python `frozenset`: wraps anything that serializes as a sequence, of values that Python can hash.
    FrozenSet, "builtins.frozenset"
}

/// A Python `datetime` in UTC, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct DateTime(pub Timestamp);

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Data {
            timestamp: f64,
            tz: Tuple<(&'static str, &'static str, u32, bool)>,
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "Python's own encoding is this float"
        )]
        let timestamp = self.0.as_microsecond() as f64 / 1e6;
        let tz = Tuple(("UTC", "pendulum.tz.timezone.Timezone", 1, true));
        envelope(serializer, "datetime.datetime", 2, &Data { timestamp, tz })
    }
}

/// A Python `date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Date(pub civil::Date);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        envelope(serializer, "datetime.date", 2, &self.0.to_string())
    }
}

/// A Python `timedelta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeDelta(pub SignedDuration);

impl Serialize for TimeDelta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        envelope(serializer, "datetime.timedelta", 2, &self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for TimeDelta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        SignedDuration::try_from_secs_f64(seconds)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// A Python `UUID`, from its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Uuid(pub String);

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        envelope(serializer, "uuid.UUID", 1, &self.0)
    }
}

/// A Python `Decimal`. Airflow carries it as a float: send a string where every digit counts.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Decimal(pub f64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        envelope(serializer, "decimal.Decimal", 1, &self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::json;

    use super::{Date, DateTime, Decimal, FrozenSet, Set, TimeDelta, Tuple, Uuid};
    use crate::value::{plain, to_value};

    #[test]
    fn wrappers_write_airflows_envelopes() {
        assert_eq!(
            to_value(&Tuple((1, "x"))).unwrap(),
            json!({"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, "x"]})
        );
        assert_eq!(
            to_value(&DateTime("2026-01-02T03:04:05.5Z".parse().unwrap())).unwrap(),
            json!({"__classname__": "datetime.datetime", "__version__": 2, "__data__": {
                "timestamp": 1_767_323_045.5,
                "tz": {"__classname__": "builtins.tuple", "__version__": 1,
                       "__data__": ["UTC", "pendulum.tz.timezone.Timezone", 1, true]},
            }})
        );
        assert_eq!(
            to_value(&Date("2026-01-02".parse().unwrap())).unwrap(),
            json!({"__classname__": "datetime.date", "__version__": 2, "__data__": "2026-01-02"})
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        fn round<
            T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
        >(
            value: &T,
        ) {
            let back: T = serde_json::from_value(plain(to_value(value).unwrap())).unwrap();
            assert_eq!(&back, value);
        }
        round(&Tuple((1, "x".to_owned())));
        round(&Set(vec![1, 2]));
        round(&FrozenSet(vec![Tuple((1, 2))]));
        round(&DateTime("1969-12-31T23:59:59.000001Z".parse().unwrap()));
        round(&Date("2026-01-02".parse().unwrap()));
        round(&TimeDelta(jiff::SignedDuration::from_millis(-1500)));
        round(&Uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8".into()));
        round(&Decimal(1.25));
    }
}
