//! What a message may hold, for each version of the supervisor's schema: data out of the released Airflow, and the check of a message
//! against it.
//!
//! The files `schema/<version>.json` of this crate are extracts of a released Airflow, which [`Schema::extract`] makes and
//! `cargo xtask schema` writes. A test of the packer extracts again from the released packages and compares.

mod check;
mod extract;
mod shape;
mod violation;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use extract::ExtractError;
use shape::Shape;
pub use violation::{Problem, Violation};

/// The versions and the texts of the files `schema/<version>.json`.
macro_rules! extracts {
    ($($version:literal),* $(,)?) => {
        [$(($version, include_str!(concat!("../../schema/", $version, ".json")))),*]
    };
}

/// The extracts, by the version that each is of. A new version is a file and a line.
static SCHEMAS: LazyLock<BTreeMap<&str, Schema>> = LazyLock::new(|| {
    let texts = extracts!["2026-06-16", "2026-10-30",];
    let read = |(version, text)| Some((version, Schema::from_text(text).ok()?));
    texts.into_iter().filter_map(read).collect()
});

/// Who decodes a message, by the name of the union of messages that Airflow decodes for it.
///
/// Source: `ToSupervisor` and `ToTask` of `airflow/sdk/execution_time/comms.py`, `ToManager` and `ToDagProcessor` of
/// `airflow/dag_processing/processor.py` (3.3.2 and 3.4.0b2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Receiver {
    /// The supervisor of a task: what the task sends.
    ToSupervisor,
    /// A task: what its supervisor sends.
    ToTask,
    /// The manager of the Dag processor: what an executable sends that was asked for its Dags.
    ToManager,
    /// An executable that is asked for its Dags: what the manager of the Dag processor sends.
    ToDagProcessor,
}

impl Receiver {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ToSupervisor,
        Self::ToTask,
        Self::ToManager,
        Self::ToDagProcessor,
    ];

    /// The name of the union in Airflow's source.
    pub fn union(self) -> &'static str {
        match self {
            Self::ToSupervisor => "ToSupervisor",
            Self::ToTask => "ToTask",
            Self::ToManager => "ToManager",
            Self::ToDagProcessor => "ToDagProcessor",
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToSupervisor => "the supervisor of a task",
            Self::ToTask => "a task",
            Self::ToManager => "the Dag processor",
            Self::ToDagProcessor => "an executable that is asked for its Dags",
        })
    }
}

/// The messages of one version of the supervisor's schema.
///
/// ```
/// use airflow_protocol::schema::{Receiver, Schema};
/// use serde_json::json;
///
/// let schema = Schema::of("2026-06-16").unwrap();
/// let good = json!({"type": "GetVariable", "key": "rate"});
/// assert!(schema.check(Receiver::ToSupervisor, &good).is_ok());
/// let error = schema.check(Receiver::ToSupervisor, &json!({"type": "GetVariable"})).unwrap_err();
/// assert_eq!(error.to_string(), "GetVariable.key is missing; it must be a text");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    version: String,
    /// The types of the messages that each receiver decodes.
    messages: BTreeMap<Receiver, BTreeSet<String>>,
    /// Messages and what they hold, by name.
    shapes: BTreeMap<String, Shape>,
}

impl Schema {
    /// The schema with this version; `None` for a version that is not in [`Release::ALL`](crate::Release::ALL).
    pub fn of(version: &str) -> Option<&'static Self> {
        SCHEMAS.get(version)
    }

    /// The version, a date as in `2026-06-16`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The types of the messages that a receiver decodes, in alphabetical order.
    pub fn messages(&self, receiver: Receiver) -> impl Iterator<Item = &str> {
        self.messages
            .get(&receiver)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Reads the content of a file `schema/<version>.json`.
    fn from_text(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The content of the file `schema/<version>.json`: JSON with a line for each shape, so that a difference between two versions can
    /// be read.
    pub fn to_text(&self) -> serde_json::Result<String> {
        fn lines<K: Serialize, V: Serialize>(map: &BTreeMap<K, V>) -> serde_json::Result<String> {
            let lines: serde_json::Result<Vec<String>> = map
                .iter()
                .map(|(name, value)| {
                    let (name, value) =
                        (serde_json::to_string(name)?, serde_json::to_string(value)?);
                    Ok(format!("{name}: {value}"))
                })
                .collect();
            Ok(lines?.join(",\n"))
        }
        Ok(format!(
            "{{\n\"version\": {},\n\"messages\": {{\n{}\n}},\n\"shapes\": {{\n{}\n}}\n}}\n",
            serde_json::to_string(&self.version)?,
            lines(&self.messages)?,
            lines(&self.shapes)?,
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::{Receiver, Schema};
    use crate::Release;

    #[test]
    fn each_version_of_each_release_has_a_schema() {
        for release in Release::ALL {
            for version in release.schema_versions {
                let schema = Schema::of(version).unwrap();
                assert_eq!(schema.version(), *version);
                assert_eq!(
                    &Schema::from_text(&schema.to_text().unwrap()).unwrap(),
                    schema
                );
                for receiver in Receiver::ALL {
                    assert!(schema.messages(receiver).count() > 10, "{receiver}");
                }
            }
        }
        assert!(Schema::of("2026-07-30").is_none());
    }

    #[test]
    fn a_later_version_only_adds_messages() {
        for release in Release::ALL {
            // The newest first.
            for pair in release.schema_versions.windows(2) {
                let &[new, old] = pair else { unreachable!() };
                let [new, old] = [new, old].map(|version| Schema::of(version).unwrap());
                for receiver in Receiver::ALL {
                    let new: Vec<&str> = new.messages(receiver).collect();
                    assert!(old.messages(receiver).all(|name| new.contains(&name)));
                }
            }
        }
    }
}
