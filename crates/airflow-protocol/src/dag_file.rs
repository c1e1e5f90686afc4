//! What a Dag processor asks an executable, and the answers.
//!
//! The Dag processor of Airflow 3.4 starts every executable without a suffix in its name, again and again, whether the executable
//! defines Dags or not (3.4.0b2, `airflow/sdk/coordinators/executable/_dag_importer.py`). An executable that ends without an answer
//! is a permanent import error.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::fields::Fields;
use crate::message::message;

/// The request for the Dags of a file, of Airflow 3.4.
pub const DAG_FILE_PARSE_REQUEST: &str = "DagFileParseRequest";
/// The answer to [`DAG_FILE_PARSE_REQUEST`].
pub const DAG_FILE_PARSING_RESULT: &str = "DagFileParsingResult";
/// The request for the task handlers of a file, of Airflow's main branch.
pub const TASK_HANDLER_PARSE_REQUEST: &str = "TaskHandlerParseRequest";
/// The answer to [`TASK_HANDLER_PARSE_REQUEST`].
pub const TASK_HANDLER_PARSING_RESULT: &str = "TaskHandlerParsingResult";

/// The answers to a Dag processor; each ends its conversation.
pub const ANSWERS: [&str; 2] = [DAG_FILE_PARSING_RESULT, TASK_HANDLER_PARSING_RESULT];

/// A request for the Dags of the file at `path`, which the Dag processor has found in the folder of the Dag bundle `bundle`.
pub fn dag_file_parse_request(path: &Path, folder: &Path, bundle: &str) -> Value {
    json!({
        "type": DAG_FILE_PARSE_REQUEST,
        "file": path.to_string_lossy(),
        "bundle_path": folder.to_string_lossy(),
        "bundle_name": bundle,
        "callback_requests": [],
    })
}

/// The answer to [`DAG_FILE_PARSE_REQUEST`] of a file that defines no Dag. `import_errors` is null or a map from a path, as
/// [`ParsedFile::relative`] gives it, to a text. The Dag processor refuses a null list of Dags.
pub fn no_dags(file: &ParsedFile, import_errors: Value) -> Value {
    message(
        DAG_FILE_PARSING_RESULT,
        &[
            ("fileloc", Some(file.path.as_str().into())),
            ("serialized_dags", Some(json!([]))),
            ("import_errors", Some(import_errors)),
        ],
    )
}

/// The answer to [`TASK_HANDLER_PARSE_REQUEST`]: the handlers by Dag and task, with unknown parameters.
pub fn task_handlers<'a>(
    file: &ParsedFile,
    dags: impl Iterator<Item = (&'a str, Vec<&'a str>)>,
    import_errors: Value,
) -> Value {
    let mut handlers = Map::new();
    for (dag, tasks) in dags {
        let tasks: Vec<Value> = tasks
            .into_iter()
            .map(|task| json!({"task_id": task, "binding": "positional", "params": null}))
            .collect();
        handlers.insert(dag.to_owned(), Value::Array(tasks));
    }
    message(
        TASK_HANDLER_PARSING_RESULT,
        &[
            ("fileloc", Some(file.path.as_str().into())),
            ("task_handlers", Some(Value::Object(handlers))),
            (
                "import_errors",
                Some(import_errors).filter(|errors| !errors.is_null()),
            ),
        ],
    )
}

/// The file that the Dag processor has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedFile {
    /// The file's absolute path.
    pub path: String,
    /// The folder of the Dag bundle.
    pub bundle_path: String,
}

impl ParsedFile {
    /// Reads the file from a request; `what` is the request's type, for the error.
    pub fn read(request: &Value, what: &'static str) -> Result<Self, String> {
        let fields = Fields::of(request, what)?;
        Ok(Self {
            path: fields.required("file")?,
            bundle_path: fields.required("bundle_path")?,
        })
    }

    /// The path by which Airflow knows the file: relative to the Dag bundle's folder (3.4.0b2, `airflow/dag_processing/manager.py`,
    /// `DagFileInfo.rel_path`). Airflow would never clear an import error under another path.
    pub fn relative(&self) -> &str {
        match Path::new(&self.path).strip_prefix(&self.bundle_path) {
            // Python's name for a file relative to itself: the Dag bundle is this single file.
            Ok(relative) if relative.as_os_str().is_empty() => ".",
            Ok(relative) => relative.to_str().unwrap_or(&self.path),
            Err(_) => &self.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::{DAG_FILE_PARSE_REQUEST, ParsedFile, dag_file_parse_request, no_dags};

    #[test]
    fn the_path_is_relative_to_the_folder_of_the_dag_bundle() {
        for (path, folder, relative) in [
            ("/srv/rust/sales", "/srv/rust", "sales"),
            ("/srv/rust/eu/sales", "/srv/rust/", "eu/sales"),
            ("/srv/rust/sales", "/srv/rust/sales", "."),
            ("/elsewhere/sales", "/srv/rust", "/elsewhere/sales"),
        ] {
            let request = dag_file_parse_request(Path::new(path), Path::new(folder), "b");
            let file = ParsedFile::read(&request, DAG_FILE_PARSE_REQUEST);
            let relative = Ok(relative.to_owned());
            assert_eq!(file.map(|file| file.relative().to_owned()), relative);
        }
    }

    #[test]
    fn no_dag_is_an_empty_list() {
        let file = ParsedFile {
            path: "/b/eu/tasks".into(),
            bundle_path: "/b".into(),
        };
        assert_eq!(
            no_dags(&file, Value::Null),
            json!({
                "type": "DagFileParsingResult", "fileloc": "/b/eu/tasks", "serialized_dags": [], "import_errors": null,
            })
        );
    }
}
