//! Tasks that take the arguments of their calls in `dags/arguments.py`. Only Airflow 3.4 sends them.

mod refused;
mod taken;

use std::process::ExitCode;

fn main() -> ExitCode {
    airflow_sdk::bundle! {
        "arguments" => {
            taken::orders, taken::load, taken::task_first, taken::task_second, taken::defaults, taken::nulls, taken::nine,
            taken::from_python, taken::models, taken::named, taken::lazy, taken::skips, taken::optional, taken::float,
            taken::asynchronous, taken::untyped, taken::numbers, taken::one, taken::crossed, taken::again, taken::rows,
        },
        "refused_arguments" => {
            refused::skips, refused::required, refused::null, refused::wrong_count, refused::wrong_type, refused::misnamed,
            refused::none_passed, refused::mapped_parameter, refused::mapped_literal,
        },
    }
    .serve()
}
