//! Orders from an HTTP API, summed up by region.
//!
//! The Dag is in `dags/orders.py`: it names the regions in Python, and checks the report in Python.

mod model;
mod tasks;

use std::process::ExitCode;

fn main() -> ExitCode {
    airflow_sdk::bundle! {
        "orders" => { tasks::fetch, tasks::split, tasks::summarise, tasks::publish, tasks::report },
    }
    .serve()
}
