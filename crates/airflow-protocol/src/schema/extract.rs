//! Making a [`Schema`] from the files of a released Airflow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::Deserialize;

use super::shape::Shape;
use super::{Receiver, Schema};

/// What a message may hold.
const SCHEMA: &str = "airflow/sdk/execution_time/schema/schema.json";
/// Which messages a task sends and gets.
const TASK: &str = "airflow/sdk/execution_time/comms.py";
/// Which messages an executable sends and gets that is asked for its Dags.
const DAG_PROCESSOR: &str = "airflow/dag_processing/processor.py";

/// Why a [`Schema`] can't be made from the files of a released Airflow.
#[derive(Debug)]
pub struct ExtractError {
    /// The file.
    pub path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Read(io::Error),
    Json(serde_json::Error),
    NoUnion(Receiver),
    NoShape(String),
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            Cause::Read(_) => write!(f, "{path} can't be read"),
            Cause::Json(_) => write!(
                f,
                "{path} is not a schema of the form that is known: a keyword may be new"
            ),
            Cause::NoUnion(receiver) => write!(
                f,
                "{path} does not define {} as a union of messages",
                receiver.union()
            ),
            Cause::NoShape(name) => write!(f, "{path} does not describe {name}"),
        }
    }
}

impl std::error::Error for ExtractError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Read(error) => Some(error),
            Cause::Json(error) => Some(error),
            Cause::NoUnion(_) | Cause::NoShape(_) => None,
        }
    }
}

/// `schema.json`.
#[derive(Deserialize)]
struct Released {
    api_version: String,
    #[serde(rename = "$defs")]
    shapes: BTreeMap<String, Shape>,
}

impl Schema {
    /// Extracts the newest schema of a released Airflow from its packages in the folder `site_packages`.
    ///
    /// `schema.json` says what a message may hold but not who sends it, which only the unions in Airflow's source say.
    pub fn extract(site_packages: &Path) -> Result<Self, ExtractError> {
        let failed = |name: &str, cause| ExtractError {
            path: site_packages.join(name),
            cause,
        };
        let read = |name: &str| {
            fs::read_to_string(site_packages.join(name))
                .map_err(|error| failed(name, Cause::Read(error)))
        };
        let mut messages = BTreeMap::new();
        for (name, receivers) in [
            (TASK, [Receiver::ToSupervisor, Receiver::ToTask]),
            (
                DAG_PROCESSOR,
                [Receiver::ToManager, Receiver::ToDagProcessor],
            ),
        ] {
            let source = read(name)?;
            for receiver in receivers {
                let members = union(&source, receiver.union())
                    .ok_or_else(|| failed(name, Cause::NoUnion(receiver)))?;
                messages.insert(receiver, members);
            }
        }
        Self::of_released(&read(SCHEMA)?, messages).map_err(|cause| failed(SCHEMA, cause))
    }

    /// A schema from the content of `schema.json` and the messages that each receiver decodes.
    fn of_released(
        schema: &str,
        messages: BTreeMap<Receiver, BTreeSet<String>>,
    ) -> Result<Self, Cause> {
        let released: Released = serde_json::from_str(schema).map_err(Cause::Json)?;
        let of_message = |name: &str| {
            let kind = released.shapes.get(name)?.properties.get("type")?;
            kind.constant
                .as_deref()
                .filter(|constant| *constant == name)
        };
        let is_message = |name: &&String| of_message(name).is_some();
        if let Some(name) = messages.values().flatten().find(|name| !is_message(name)) {
            return Err(Cause::NoShape(name.clone()));
        }
        let mut referred = BTreeSet::new();
        for shape in released.shapes.values() {
            shape.references(&mut referred);
        }
        if let Some(name) = referred
            .into_iter()
            .find(|name| !released.shapes.contains_key(*name))
        {
            return Err(Cause::NoShape(name.to_owned()));
        }
        Ok(Self {
            version: released.api_version,
            messages,
            shapes: released.shapes,
        })
    }
}

/// The members of a union of Python, `NAME = Annotated[A | B, ...]` or `NAME = (A | B)`; `None` if the source does not define it so.
/// A member that is such a union itself stands for its members.
fn union(source: &str, name: &str) -> Option<BTreeSet<String>> {
    let start = format!("\n{name} = ");
    let (_, value) = source.split_once(&start)?;
    let value = value
        .strip_prefix("Annotated[")
        .or_else(|| value.strip_prefix('('))?;
    let (members, _) = value.split_once([',', ')', ']'])?;
    let mut found = BTreeSet::new();
    for member in members.split('|').map(str::trim) {
        let is_name = |member: &str| member.chars().all(|c| c.is_ascii_alphanumeric());
        if member.is_empty() || !is_name(member) {
            return None;
        }
        if source.contains(&format!("\n{member} = ")) {
            found.extend(union(source, member)?);
        } else {
            found.insert(member.to_owned());
        }
    }
    Some(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_union_is_read_as_python_writes_it() {
        let source = "\nToTask = Annotated[\n    One\n    | Two,\n    Field(discriminator=\"type\"),\n]\n\
            \nBoth = (\n    Three\n    | Four\n)\nToManager = Annotated[Both, Field()]\nPlain = 3\nOdd = Annotated[f(x), y]\n";
        let members = |name| union(source, name).map(|found| found.into_iter().collect::<String>());
        assert_eq!(members("ToTask").unwrap(), "OneTwo");
        assert_eq!(members("ToManager").unwrap(), "FourThree");
        for name in ["Plain", "Odd", "Absent"] {
            assert_eq!(members(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let extract = |schema: &str| {
            let messages = [(Receiver::ToTask, ["A".to_owned()].into())].into();
            Schema::of_released(schema, messages)
        };
        let schema = |fields: &str| {
            format!(
                r#"{{"api_version": "2026-06-16", "$defs": {{"A": {{"properties": {{"type": {{"const": "A"}}{fields}}}}}}}}}"#
            )
        };
        assert!(extract(&schema("")).is_ok());
        assert!(matches!(extract("[]"), Err(Cause::Json(_))));
        let fields = r#", "b": {"pattern": "x"}"#;
        assert!(
            matches!(extract(&schema(fields)), Err(Cause::Json(error)) if error.to_string().contains("`pattern`"))
        );
        for (schema, missing) in [
            (schema(r##", "b": {"$ref": "#/$defs/B"}"##), "B"),
            (schema("").replace("\"A\"}", "\"C\"}"), "A"),
        ] {
            assert!(matches!(extract(&schema), Err(Cause::NoShape(name)) if name == missing));
        }
        let error = Schema::extract(Path::new("/no/such/folder")).unwrap_err();
        assert!(std::error::Error::source(&error).is_some(), "{error}");
    }
}
