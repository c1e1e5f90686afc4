//! What a record says that its program could serve, from which the packer chooses.
//!
//! A manifest of `airflow-sdk` names the schema versions that the SDK knows, and how many arguments the handlers take. In a
//! bundle, Airflow reads one version and nothing of the rest.

use std::fmt::Write as _;

use airflow_protocol::record::{PARAMETERS_KEY, SCHEMA_VERSION_KEY, SCHEMA_VERSIONS_KEY};

use super::error::ManifestError;
use super::schema::Rule;
use super::tasks;
use super::value::Value;
use crate::text::one_line;

/// A handler that takes arguments of its task's call in the Dag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerWithParameters {
    /// The `dag_id`.
    pub dag_id: String,
    /// The `task_id`.
    pub task_id: String,
    /// The number of its data parameters, at least 1.
    pub parameters: u32,
}

/// How many handlers a message names.
const NAMED: usize = 20;

/// Handlers in a message: their first few by name, with their numbers of parameters.
pub(crate) fn listed(handlers: &[HandlerWithParameters]) -> String {
    let first = handlers.iter().take(NAMED).map(|handler| {
        let plural = if handler.parameters == 1 { "" } else { "s" };
        format!(
            "`{}.{}` ({} parameter{plural})",
            one_line(&handler.dag_id),
            one_line(&handler.task_id),
            handler.parameters
        )
    });
    let mut listed = first.collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = handlers.len().checked_sub(NAMED) {
        let _ = write!(listed, ", {more} more");
    }
    listed
}

/// The part of a record that does not go into a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offer {
    /// The schema versions that the program's SDK knows. Empty for a manifest that names its own one.
    pub(super) versions: Vec<String>,
    /// The handlers that take arguments.
    pub(super) handlers: Vec<HandlerWithParameters>,
}

/// Takes the offer out of a manifest whose shape has been checked. A manifest without a list of schema versions is as its author
/// wants it: nothing is taken out of it.
pub(super) fn take(root: &mut Value) -> Result<Offer, ManifestError> {
    let Some(versions) = root
        .get_mut("sdk")
        .and_then(|sdk| sdk.remove(SCHEMA_VERSIONS_KEY))
    else {
        return Ok(Offer::default());
    };
    let versions: Vec<String> = match versions {
        Value::Sequence(items) => items
            .iter()
            .filter_map(|item| Some(item.as_str()?.to_owned()))
            .collect(),
        _ => Vec::new(),
    };
    if versions.is_empty() {
        return Err(ManifestError {
            line: None,
            key: Some(format!("sdk.{SCHEMA_VERSIONS_KEY}")),
            found: "is empty".to_owned(),
            expected: Some(Rule::SchemaVersions.expected().into()),
        });
    }
    if let Some(sdk) = root.get_mut("sdk") {
        sdk.remove(SCHEMA_VERSION_KEY);
    }
    let mut handlers = Vec::new();
    if let Some(Value::Mapping(dags)) = root.get_mut("dags") {
        for (dag_id, dag) in dags {
            let dag_id = dag_id.as_str().unwrap_or_default();
            if let Some(parameters) = dag.remove(PARAMETERS_KEY) {
                handlers.extend(read_parameters(dag_id, dag, &parameters)?);
            }
        }
    }
    Ok(Offer { versions, handlers })
}

fn read_parameters(
    dag_id: &str,
    dag: &Value,
    parameters: &Value,
) -> Result<Vec<HandlerWithParameters>, ManifestError> {
    let wrong = |found: String| ManifestError {
        line: None,
        key: Some(format!("dags.{}.{PARAMETERS_KEY}", one_line(dag_id))),
        found,
        expected: Some("a mapping from task ids of the dag to numbers above 0".into()),
    };
    let Value::Mapping(entries) = parameters else {
        return Err(wrong(format!("is {}", parameters.kind())));
    };
    let handler = |(task_id, count): &(Value, Value)| {
        let task_id = task_id.as_str().unwrap_or_default();
        if !tasks(dag).any(|task| task == task_id) {
            return Err(wrong(format!(
                "has \"{}\", which is no task",
                one_line(task_id)
            )));
        }
        let number = match count {
            Value::Number(number) => number.as_yaml().parse().ok(),
            _ => None,
        };
        match number {
            Some(parameters @ 1..) => Ok(HandlerWithParameters {
                dag_id: dag_id.to_owned(),
                task_id: task_id.to_owned(),
                parameters,
            }),
            _ => Err(wrong(format!(
                "has no such number for \"{}\"",
                one_line(task_id)
            ))),
        }
    };
    entries.iter().map(handler).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{HandlerWithParameters, Manifest, ManifestError};

    fn parse(dag: &str, sdk: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!(
            r#"{{"airflow_bundle_metadata_version": "1.0", "dags": {{"sales": {dag}}},
                "sdk": {{"language": "rust", "version": "1", {sdk}}}}}"#
        ))
    }

    const VERSIONS: &str = r#""supervisor_schema_versions": ["2026-10-30", "2026-06-16"]"#;

    #[test]
    fn an_offer_is_read_and_does_not_go_into_a_bundle() -> Result<(), ManifestError> {
        let dag = r#"{"tasks": ["extract", "load"], "parameters": {"load": 2}}"#;
        let manifest = parse(dag, VERSIONS)?;
        assert_eq!(manifest.schema_version(), None);
        assert_eq!(manifest.schema_versions(), ["2026-10-30", "2026-06-16"]);
        let load = HandlerWithParameters {
            dag_id: "sales".to_owned(),
            task_id: "load".to_owned(),
            parameters: 2,
        };
        let handlers = std::slice::from_ref(&load);
        assert_eq!(manifest.handlers_with_parameters(), handlers);
        let pinned = manifest.pinned("2026-10-30");
        let own = parse(
            r#"{"tasks": ["extract", "load"]}"#,
            r#""supervisor_schema_version": "2026-10-30""#,
        )?;
        assert_eq!(pinned.root(), own.root());
        assert!(pinned.schema_versions().is_empty());
        // A warning may still name them.
        assert_eq!(pinned.handlers_with_parameters(), handlers);
        Ok(())
    }

    /// `parameters` is a word that a manifest of another SDK may use as it likes.
    #[test]
    fn a_manifest_with_a_version_of_its_own_stays_as_it_is() -> Result<(), ManifestError> {
        let own = r#""supervisor_schema_version": "2026-06-16""#;
        let manifest = parse(r#"{"tasks": [], "parameters": "mine"}"#, own)?;
        assert_eq!(manifest.schema_version(), Some("2026-06-16"));
        assert!(manifest.schema_versions().is_empty());
        let dag = manifest
            .root()
            .get("dags")
            .and_then(|dags| dags.get("sales"));
        assert!(dag.is_some_and(|dag| dag.get("parameters").is_some()));
        Ok(())
    }

    #[test]
    fn mistakes_are_named() {
        let tasks = r#"{"tasks": ["load"]}"#;
        let with =
            |parameters: &str| format!(r#"{{"tasks": ["load"], "parameters": {parameters}}}"#);
        for (dag, sdk, said) in [
            (
                tasks,
                r#""supervisor_schema_versions": []"#,
                "`sdk.supervisor_schema_versions` is empty",
            ),
            (
                tasks,
                r#""supervisor_schema_versions": "2026-06-16""#,
                "`sdk.supervisor_schema_versions` is a string",
            ),
            (
                tasks,
                r#""supervisor_schema_versions": ["soon"]"#,
                "`sdk.supervisor_schema_versions[0]` is not a date",
            ),
            (
                tasks,
                r#""x": 1"#,
                "`sdk.supervisor_schema_version` is missing",
            ),
            (&*with("3"), VERSIONS, "`dags.sales.parameters` is a number"),
            (
                &*with(r#"{"other": 1}"#),
                VERSIONS,
                "has \"other\", which is no task",
            ),
            (
                &*with(r#"{"load": 0}"#),
                VERSIONS,
                "no such number for \"load\"",
            ),
            (
                &*with(r#"{"load": "2"}"#),
                VERSIONS,
                "no such number for \"load\"",
            ),
        ] {
            let error = parse(dag, sdk).map_err(|error| error.to_string());
            assert!(
                matches!(&error, Err(text) if text.contains(said)),
                "{said}: {error:?}"
            );
        }
    }
}
