use airflow_sdk::{Bundle, bundle};

fn extract() {}

pub fn sales() -> Bundle {
    bundle! { "sales" => { extract } }
}
