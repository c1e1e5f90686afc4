//! What the manifest must hold, key by key.
//!
//! Source: `task-sdk/docs/airflow-metadata.schema.json` in the Airflow repository.

use std::borrow::Cow;

use airflow_protocol::record::{SCHEMA_VERSION_KEY, SCHEMA_VERSIONS_KEY};
use airflow_protocol::release::SCHEMA_2026_06_16;

/// The rule that a value of the manifest follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The whole manifest.
    Document,
    /// `airflow_bundle_metadata_version`.
    FormatVersion,
    /// `dags`.
    Dags,
    /// `dags.<id>`.
    Dag,
    /// `dags.<id>.tasks`.
    Tasks,
    /// An item of `dags.<id>.tasks`.
    TaskId,
    /// `sdk`.
    Sdk,
    /// `sdk.language`.
    Language,
    /// `sdk.version`.
    SdkVersion,
    /// `sdk.supervisor_schema_version`.
    SchemaVersion,
    /// `sdk.supervisor_schema_versions`.
    SchemaVersions,
    /// Anything else: carried through.
    Any,
}

/// Keys that the packer writes itself, whatever the executable says.
pub const PACKER_KEYS: [&str; 4] = ["source", "entrypoint_path", "sources", "digests"];

impl Rule {
    /// The rule for the value of `key` in a mapping with this rule.
    pub fn of_key(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "airflow_bundle_metadata_version") => Self::FormatVersion,
            (Self::Document, "dags") => Self::Dags,
            (Self::Document, "sdk") => Self::Sdk,
            (Self::Dags, _) => Self::Dag,
            (Self::Dag, "tasks") => Self::Tasks,
            (Self::Sdk, "language") => Self::Language,
            (Self::Sdk, "version") => Self::SdkVersion,
            (Self::Sdk, SCHEMA_VERSION_KEY) => Self::SchemaVersion,
            (Self::Sdk, SCHEMA_VERSIONS_KEY) => Self::SchemaVersions,
            _ => Self::Any,
        }
    }

    /// The rule for the items of a list with this rule.
    pub fn of_item(self) -> Self {
        match self {
            Self::Tasks => Self::TaskId,
            Self::SchemaVersions => Self::SchemaVersion,
            _ => Self::Any,
        }
    }

    /// The key that may stand in the place of the required `key`.
    pub fn in_place_of(key: &str) -> Option<&'static str> {
        (key == SCHEMA_VERSION_KEY).then_some(SCHEMA_VERSIONS_KEY)
    }

    /// The keys that a mapping with this rule must have.
    pub fn required_keys(self) -> &'static [&'static str] {
        match self {
            Self::Document => &["airflow_bundle_metadata_version", "dags", "sdk"],
            Self::Dag => &["tasks"],
            Self::Sdk => &["language", SCHEMA_VERSION_KEY, "version"],
            _ => &[],
        }
    }

    /// What a value with this rule must be, in words for a message.
    pub fn expected(self) -> Cow<'static, str> {
        let text = match self {
            Self::Document => {
                "a mapping with the keys `airflow_bundle_metadata_version`, `dags` and `sdk`"
            }
            Self::FormatVersion => "the string \"1.0\"",
            Self::Dags => "a mapping from each dag_id to `{tasks: [task_id, ...]}`, at least one",
            Self::Dag => "a mapping with the key `tasks`",
            Self::Tasks => "a list of task ids",
            Self::TaskId => "a task id: a string, each one once",
            Self::Sdk => {
                "a mapping with the strings `language`, `supervisor_schema_version` and `version`"
            }
            Self::Language => "a lower-case name such as \"rust\"",
            Self::SdkVersion => "a string that is not empty, such as \"0.1.0\"",
            Self::SchemaVersion => {
                return format!("a date as a string, such as \"{SCHEMA_2026_06_16}\"").into();
            }
            Self::SchemaVersions => {
                return format!("a list of dates, such as [\"{SCHEMA_2026_06_16}\"]").into();
            }
            Self::Any => "any value",
        };
        text.into()
    }

    /// Whether a value with this rule is a mapping, a list or a string; `None` for anything.
    pub fn shape(self) -> Option<Shape> {
        match self {
            Self::Document | Self::Dags | Self::Dag | Self::Sdk => Some(Shape::Mapping),
            Self::Tasks | Self::SchemaVersions => Some(Shape::Sequence),
            Self::FormatVersion
            | Self::TaskId
            | Self::Language
            | Self::SdkVersion
            | Self::SchemaVersion => Some(Shape::String),
            Self::Any => None,
        }
    }

    /// What is wrong with the string `text` under this rule.
    pub fn check_string(self, text: &str) -> Result<(), String> {
        match self {
            Self::FormatVersion => check_format_version(text),
            Self::Language if !is_language(text) => Err("is not a lower-case name".to_owned()),
            Self::SdkVersion if text.is_empty() => Err("is empty".to_owned()),
            Self::SchemaVersion if !is_date(text) => Err("is not a date".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The three shapes that the schema asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A mapping.
    Mapping,
    /// A list.
    Sequence,
    /// A string.
    String,
}

/// `^[0-9]+\.[0-9]+(\.[0-9]+)?$`, and the major version must be one that we know.
fn check_format_version(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(digits) {
        return Err("is not a version".to_owned());
    }
    if parts[0] != "1" {
        return Err(format!(
            "has the major version {}; this packer knows version 1",
            parts[0]
        ));
    }
    Ok(())
}

/// `^[a-z][a-z0-9_+.\-]*$`
fn is_language(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+.-".contains(c))
}

/// `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, and a day that the calendar has.
fn is_date(text: &str) -> bool {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let number = |range| {
        text.get(range)
            .and_then(|part: &str| part.parse::<u32>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    shaped && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn strings_follow_the_schema() {
        for (rule, good, bad) in [
            (
                Rule::FormatVersion,
                &["1.0", "1.7", "1.0.3"][..],
                &["", "1", "1.", "2.0", "1.0.0.0", "v1.0", "1.x"][..],
            ),
            (
                Rule::Language,
                &["rust", "c++", "objective-c", "f77"],
                &["", "Rust", "7up", "c#"],
            ),
            (Rule::SdkVersion, &["0", "0.1.0"], &[""]),
            (
                Rule::SchemaVersion,
                &["2026-06-16", "2028-02-29"],
                &[
                    "2026-02-29",
                    "2026-00-10",
                    "2026-13-01",
                    "2026-04-31",
                    "2026-06-00",
                    "",
                    "2026-6-16",
                    "2026-06-16 ",
                    "20260616",
                    "2026/06/16",
                ],
            ),
        ] {
            for text in good {
                assert_eq!(rule.check_string(text), Ok(()), "{rule:?} {text}");
            }
            for text in bad {
                assert!(rule.check_string(text).is_err(), "{rule:?} {text}");
            }
        }
    }
}
