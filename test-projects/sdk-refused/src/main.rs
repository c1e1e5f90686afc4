//! A bundle that Airflow 3.4 shows with an import error: a task is registered twice.

use airflow_sdk::Bundle;

fn main() -> std::process::ExitCode {
    let bundle = Bundle::new().register("refused", "twice", || ());
    bundle.register("refused", "twice", || ()).serve()
}
