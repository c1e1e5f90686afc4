//! What Airflow 3.4 makes of the bundles while it parses: its Dag processor starts each of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::airflow::Airflow;

/// How long the Dag processor may take to start every bundle.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every bundle is parsed, `more` too; the only import errors are `expected`, and that of the bundle whose registrations are refused, in
/// its own words.
pub fn import_errors(airflow: &Airflow, more: &[&str], mut expected: Vec<[Value; 3]>) {
    let told = "the task \"twice\" of dag \"refused\" is registered twice";
    expected.push([json!("rust"), json!("sdk-refused"), json!(told)]);
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
    let told = || {
        errors()
            .as_array()
            .is_some_and(|errors| errors.len() >= expected.len())
    };
    while !waiting().is_empty() || !told() {
        assert!(
            Instant::now() < deadline,
            "not parsed: {:?}; import errors: {}",
            waiting(),
            errors()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
    let errors = errors();
    let mut seen: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| ["bundle_name", "filename", "stack_trace"].map(|key| error[key].clone()))
        .collect();
    seen.sort_by_key(|error| error[1].to_string());
    assert_eq!(seen, expected, "{errors:#}");
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
