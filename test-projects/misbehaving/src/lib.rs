//! Executables that answer `--airflow-metadata` wrongly, each in its own way.
//!
//! The tests learn the processes that were started from the file that `PID_FILE` names: each one
//! writes its process id there, a line each.

pub mod airflow;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

/// A manifest without fault.
pub const MANIFEST: &str = r#"{
  "airflow_bundle_metadata_version": "1.0",
  "dags": {"misbehaving": {"tasks": ["extract", "load"]}},
  "sdk": {"language": "rust", "supervisor_schema_version": "2026-06-16", "version": "0.1.0"}
}
"#;

/// The manifest in YAML.
pub const YAML: &str = "\
airflow_bundle_metadata_version: '1.0'
dags:
  misbehaving:
    tasks: [extract, load]
sdk:
  language: rust
  supervisor_schema_version: '2026-06-16'
  version: 0.1.0
";

/// Notes the process in the file that `PID_FILE` names.
pub fn note_process() {
    if let Some(path) = std::env::var_os("PID_FILE") {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{}", std::process::id()).unwrap();
    }
}

/// Longer than any limit of a test.
pub fn sleep() {
    std::thread::sleep(Duration::from_secs(120));
}

/// Prints `text` and nothing after it.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).unwrap();
    out.flush().unwrap();
}
