//! One task for each word of `COUNTRIES`: the ids are only known at run time.

use std::process::ExitCode;

use airflow_sdk::Bundle;

fn main() -> ExitCode {
    let countries = std::env::var("COUNTRIES").unwrap_or_else(|_| "at ch de".to_owned());
    let mut bundle = Bundle::new();
    for country in countries.split(' ').map(str::to_owned) {
        bundle = bundle.register("sales", format!("load_{country}"), move || println!("loading {country}"));
    }
    bundle.serve()
}
