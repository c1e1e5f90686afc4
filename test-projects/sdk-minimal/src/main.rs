//! Two Dags whose tasks do next to nothing.

use std::process::ExitCode;

mod reports;

fn nothing() {}

fn main() -> ExitCode {
    airflow_sdk::bundle! {
        "minimal" => { nothing, "größe" => nothing },
        reports::DAG => { reports::monthly, "yearly" => || {} },
    }
    .serve()
}
