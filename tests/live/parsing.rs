//! What Airflow 3.4 makes of the bundles while it parses: its Dag processor starts each of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::airflow::Airflow;

/// How long the Dag processor may take to start every bundle.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every bundle is parsed, `more` too; the only import error is that of the bundle whose registrations are refused, in its own
/// words.
pub fn import_errors(airflow: &Airflow, more: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    let waiting = || {
        let bundles = fs::read_dir(airflow.home.join("bundles")).unwrap();
        let names = bundles.map(|bundle| bundle.unwrap().file_name().into_string().unwrap());
        let logs = logs_of_parsing(&airflow.home.join("logs/dag_processor"));
        // The log of a file ends with the answer, or with what became of the process instead.
        let unparsed = |name: &String| {
            !logs
                .iter()
                .any(|log| log.file_stem().unwrap() == name.as_str())
        };
        let names = names.chain(more.iter().map(|&name| name.to_owned()));
        names.filter(unparsed).collect::<Vec<_>>()
    };
    let errors = || airflow.api.get("/importErrors")["import_errors"].clone();
    while !waiting().is_empty() || errors().as_array().is_none_or(Vec::is_empty) {
        assert!(
            Instant::now() < deadline,
            "not parsed: {:?}; import errors: {}",
            waiting(),
            errors()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
    let errors = errors();
    let seen: Vec<[&Value; 3]> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| ["bundle_name", "filename", "stack_trace"].map(|key| &error[key]))
        .collect();
    let told = "the task \"twice\" of dag \"refused\" is registered twice";
    assert_eq!(
        seen,
        [[&json!("rust"), &json!("sdk-refused"), &json!(told)]],
        "{errors:#}"
    );
}

/// The log files of parsed files: `<date>/<Dag bundle>/<file>.log`.
fn logs_of_parsing(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
