//! A program that answers `--airflow-metadata` by itself: it has no link section, and has to be run.

use std::process::ExitCode;

const METADATA: &str = r#"{
  "airflow_bundle_metadata_version": "1.0",
  "dags": {"by_hand": {"tasks": ["extract", "load"]}},
  "sdk": {"language": "rust", "supervisor_schema_version": "2026-06-16", "version": "0.1.0"}
}"#;

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--airflow-metadata") {
        println!("{METADATA}");
        return ExitCode::SUCCESS;
    }
    eprintln!("without-sdk: a bundle for Airflow; it serves the dag `by_hand`");
    ExitCode::from(2)
}
