//! What cargo builds and the loader of a worker would not find.
#![cfg(target_os = "linux")]

use std::fs;

use tempfile::TempDir;

use crate::project::Project;

const MANIFEST: &str = r#"{"airflow_bundle_metadata_version": "1.0", "dags": {"d": {"tasks": ["t"]}},
    "sdk": {"language": "rust", "version": "1", "supervisor_schema_version": "2026-06-16"}}"#;

/// A project whose build script has one more line. Its manifest is captured, so that nothing is run.
fn project(build_script: &str) -> Project {
    let mut project = Project::without_sdk();
    // Not below a folder that counts as one of this machine's anyway, where the repository is not.
    project.build_dir = Some(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    project.write(
        "Cargo.toml",
        "[package]\nname = \"linked\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    project.write("src/main.rs", "fn main() {}\n");
    project.write("build.rs", &format!("fn main() {{ {build_script} }}\n"));
    project.write("manifest.json", MANIFEST);
    project
}

/// As a build script does that compiles a C library and forgets that its folder stays at home.
#[test]
fn an_rpath_into_the_folder_that_cargo_builds_in() {
    let project = project(
        "println!(\"cargo::rustc-link-arg-bins=-Wl,-rpath,{}\", std::env::var(\"OUT_DIR\").unwrap());",
    );
    let folder = project.build_dir.as_ref().unwrap().path().canonicalize();
    let folder = folder.unwrap().to_str().unwrap().to_owned();
    let words = [
        "linked`: its loader looks for libraries in folders of",
        &folder,
        "/out`)",
    ];
    let packed = project
        .pack("--airflow-metadata manifest.json")
        .says(&words);
    fs::remove_file(packed.bundle()).unwrap();
    let denied = project.pack("--airflow-metadata manifest.json -D");
    denied.fails(1, &["1 warning, denied by `--deny-warnings`"]);
    assert!(!project.path("target/debug/airflow-bundle/linked").exists());
}

#[test]
fn the_shared_standard_library() {
    let project = project("");
    project.write(
        ".cargo/config.toml",
        "[build]\nrustflags = [\"-Cprefer-dynamic\"]\n",
    );
    let words = ["linked`: it needs Rust's own shared libraries", "`libstd-"];
    let packed = project
        .pack("--airflow-metadata manifest.json")
        .says(&words);
    packed.says(&[", needs libstd-"]).bundle();
    let denied = project.pack("--airflow-metadata manifest.json -D");
    denied.fails(1, &["1 warning, denied by `--deny-warnings`"]);
}
