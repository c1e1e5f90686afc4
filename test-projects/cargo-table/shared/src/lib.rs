//! The manifest of a program. Its tasks tell how the program was built.

/// Prints it.
pub fn answer(dag: &str, own: &[(&str, bool)]) {
    let settings = [
        ("loud", cfg!(feature = "loud")),
        ("traced", cfg!(feature = "traced")),
        ("flagged", cfg!(flagged)),
        ("checked", cfg!(debug_assertions)),
        ("from_env", option_env!("FROM_ENV").is_some()),
    ];
    let on = own.iter().chain(&settings).filter(|(_, on)| *on);
    let tasks: Vec<_> = std::iter::once("always")
        .chain(on.map(|(name, _)| *name))
        .map(|name| format!("\"{name}\""))
        .collect();
    println!(
        r#"{{"airflow_bundle_metadata_version": "1.0",
"dags": {{"{dag}": {{"tasks": [{}]}}}},
"sdk": {{"language": "rust", "version": "0.1.0", "supervisor_schema_version": "2026-06-16"}}}}"#,
        tasks.join(", ")
    );
}
