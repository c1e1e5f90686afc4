//! Has the table, which is enough to be a candidate: it answers without the SDK.

use std::process::ExitCode;

const METADATA: &str = r#"{
  "airflow_bundle_metadata_version": "1.0",
  "dags": {"etl": {"tasks": ["run"]}},
  "sdk": {"language": "rust", "supervisor_schema_version": "2026-06-16", "version": "0.1.0"}
}"#;

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--airflow-metadata") {
        println!("{METADATA}");
        return ExitCode::SUCCESS;
    }
    ExitCode::from(2)
}
