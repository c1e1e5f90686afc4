//! The answers to a Dag processor: this bundle defines no Dags, and these are its handlers for the Dags of others.

use airflow_protocol::dag_file::{
    self, DAG_FILE_PARSE_REQUEST, ParsedFile, TASK_HANDLER_PARSE_REQUEST,
};
use serde_json::{Value, json};

use crate::bundle::Bundle;

/// The answer to `DagFileParseRequest`: the bundle defines no Dag, and its registrations have these problems.
pub(crate) fn dag_file(bundle: &Bundle, request: &Value) -> Result<Value, String> {
    let file = ParsedFile::read(request, DAG_FILE_PARSE_REQUEST)?;
    let errors = import_errors(bundle, &file);
    Ok(dag_file::no_dags(&file, errors))
}

/// The answer to `TaskHandlerParseRequest`: every registered task.
pub(crate) fn task_handlers(bundle: &Bundle, request: &Value) -> Result<Value, String> {
    let file = ParsedFile::read(request, TASK_HANDLER_PARSE_REQUEST)?;
    let errors = import_errors(bundle, &file);
    Ok(dag_file::task_handlers(&file, bundle.tasks(), errors))
}

/// The registrations' problems under the file's path; null if there are none.
fn import_errors(bundle: &Bundle, file: &ParsedFile) -> Value {
    let problems: Vec<String> = bundle.problems().iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        Value::Null
    } else {
        json!({ file.relative(): problems.join("\n") })
    }
}
