//! The smallest program that can be packed: one dag, two tasks.

use std::process::ExitCode;

const METADATA: &str = r#"{
  "airflow_bundle_metadata_version": "1.0",
  "dags": {"one_bin": {"tasks": ["extract", "load"]}},
  "sdk": {
    "language": "rust",
    "supervisor_schema_version": "2026-06-16",
    "version": "0.1.0"
  }
}"#;

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--airflow-metadata") {
        println!("{METADATA}");
        return ExitCode::SUCCESS;
    }
    eprintln!("one-bin: a bundle for Airflow; it serves the dag `one_bin`");
    ExitCode::from(2)
}
