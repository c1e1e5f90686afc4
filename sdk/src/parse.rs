//! What a Dag processor asks an executable: which Dags it defines, and which handlers it has for the Dags of others.
//!
//! The Dag processor of Airflow 3.4 starts every bundle without a suffix in its name, again and again, whether the bundle
//! defines Dags or not (3.4.0b2, `sdk/coordinators/executable/_dag_importer.py`). A bundle that ends without an answer is a
//! permanent import error.

use std::path::Path;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::manifest;
use airflow_protocol::fields::Fields;
use airflow_protocol::message::message;

/// The answer to `DagFileParseRequest`: no Dag is defined here, and this is wrong with the registrations.
pub(crate) fn dag_file(bundle: &Bundle, request: &Value) -> Result<Value, String> {
    let file = File::read(request, "DagFileParseRequest")?;
    // The Dag processor refuses a null list of Dags, and takes a null for "no errors".
    Ok(message(
        "DagFileParsingResult",
        &[
            ("fileloc", Some(file.path.as_str().into())),
            ("serialized_dags", Some(json!([]))),
            ("import_errors", Some(file.import_errors(bundle))),
        ],
    ))
}

/// The answer to `TaskHandlerParseRequest` of Airflow's main branch: every registered task, its parameters unknown.
pub(crate) fn task_handlers(bundle: &Bundle, request: &Value) -> Result<Value, String> {
    let file = File::read(request, "TaskHandlerParseRequest")?;
    let errors = file.import_errors(bundle);
    Ok(message(
        "TaskHandlerParsingResult",
        &[
            ("fileloc", Some(file.path.as_str().into())),
            (
                "task_handlers",
                Some(manifest::task_handlers(bundle.tasks())),
            ),
            (
                "import_errors",
                Some(errors).filter(|errors| !errors.is_null()),
            ),
        ],
    ))
}

/// The file that the Dag processor has started.
struct File {
    path: String,
    bundle_path: String,
}

impl File {
    fn read(request: &Value, what: &'static str) -> Result<Self, String> {
        let fields = Fields::of(request, what)?;
        Ok(Self {
            path: fields.required("file")?,
            bundle_path: fields.required("bundle_path")?,
        })
    }

    /// The path by which Airflow knows the file: relative to the Dag bundle's folder (3.4.0b2,
    /// `dag_processing/manager.py`, `DagFileInfo.rel_path`). An error under any other path would never be cleared.
    fn relative(&self) -> &str {
        match Path::new(&self.path).strip_prefix(&self.bundle_path) {
            // Python's name for a file relative to itself: the Dag bundle is this single file.
            Ok(relative) if relative.as_os_str().is_empty() => ".",
            Ok(relative) => relative.to_str().unwrap_or(&self.path),
            Err(_) => &self.path,
        }
    }

    /// The registrations' problems under the file's path; null if there are none.
    fn import_errors(&self, bundle: &Bundle) -> Value {
        let problems: Vec<String> = bundle.problems().iter().map(ToString::to_string).collect();
        if problems.is_empty() {
            Value::Null
        } else {
            json!({ self.relative(): problems.join("\n") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn the_path_is_relative_to_the_folder_of_the_dag_bundle() {
        for (path, folder, relative) in [
            ("/srv/rust/sales", "/srv/rust", "sales"),
            ("/srv/rust/eu/sales", "/srv/rust/", "eu/sales"),
            ("/srv/rust/sales", "/srv/rust/sales", "."),
            ("/elsewhere/sales", "/srv/rust", "/elsewhere/sales"),
        ] {
            let file = File {
                path: path.to_owned(),
                bundle_path: folder.to_owned(),
            };
            assert_eq!(file.relative(), relative, "{path} in {folder}");
        }
    }
}
