//! `--executable FILE --source FILE`: what was built elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::bundles::{manifest, source};
use crate::project::{Outcome, PROGRAM, Project, Run};

/// An executable in an empty folder without a Cargo project around it.
struct Folder {
    _guard: TempDir,
    path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let guard = TempDir::new().unwrap();
        let path = guard.path().canonicalize().unwrap();
        fs::copy(program(), path.join("etl")).unwrap();
        fs::write(path.join("etl.rs"), "// the source\n").unwrap();
        Self {
            _guard: guard,
            path,
        }
    }

    fn run(&self, args: &str) -> Run {
        Run::new(Command::new(PROGRAM), &self.path).args(args)
    }

    fn pack(&self, args: &str) -> Outcome {
        self.run(args).run()
    }
}

/// Built once for all, and kept where the project is not: a `static` would never remove it.
fn program() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let project = Project::with_sdk("one-bin");
        project.cargo_build("--release").run().ok();
        let path = project.path("target/release/one-bin");
        let path = path.with_extension(std::env::consts::EXE_EXTENSION);
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prebuilt");
        fs::copy(path, &kept).unwrap();
        kept
    })
}

#[test]
fn no_cargo_project_is_needed() {
    let folder = Folder::new();
    let bundle = folder.pack("--executable etl --source etl.rs").bundle();
    assert_eq!(bundle, folder.path.join("airflow-bundle/etl"));
    assert_eq!(source(&bundle), "// the source\n");
    let manifest = manifest(&bundle);
    for line in [
        "source: \"etl.rs\"\n",
        "entrypoint_path: \"etl.rs\"\n",
        "one_bin",
    ] {
        assert!(manifest.contains(line), "{manifest}");
    }
    let original = fs::read(program()).unwrap();
    assert!(fs::read(&bundle).unwrap().starts_with(&original));
    assert_eq!(
        fs::read(folder.path.join("etl")).unwrap(),
        original,
        "untouched"
    );
}

/// Its record has what both releases need: nothing is built or run.
#[test]
fn one_executable_is_packed_for_either_release() {
    let folder = Folder::new();
    let original = fs::read(program()).unwrap();
    for (airflow, pin) in [
        ("3.3", "2026-06-16"),
        ("3.4", "2026-10-30"),
        ("both", "2026-06-16"),
    ] {
        let flags = "--executable etl --source etl.rs --introspect section";
        let bundle = folder
            .pack(&format!(
                "{flags} --airflow {airflow} --out-dir for-{airflow}"
            ))
            .bundle();
        let manifest = manifest(&bundle);
        let line = format!("supervisor_schema_version: \"{pin}\"\n");
        assert!(manifest.contains(&line), "{manifest}");
        assert!(
            !manifest.contains("supervisor_schema_versions"),
            "{manifest}"
        );
        assert!(fs::read(&bundle).unwrap().starts_with(&original));
    }
}

#[test]
fn not_even_cargo_is_needed() {
    let folder = Folder::new();
    let run = folder.run("--executable ./etl --source etl.rs");
    let run = run.env("PATH", "").env("CARGO", "/nowhere/cargo");
    run.run().bundle();
}

#[test]
fn outputs_and_variables() {
    let folder = Folder::new();
    let bundle = folder
        .pack("--executable etl --source etl.rs -o out/one")
        .bundle();
    assert_eq!(bundle, folder.path.join("out/one"));
    let bundle = folder
        .pack("--executable etl --source etl.rs --out-dir dags")
        .bundle();
    assert_eq!(bundle, folder.path.join("dags/etl"));
    let run = folder.run("--executable etl");
    let run = run.env("CARGO_AIRFLOW_BUNDLE_SOURCE", "etl.rs");
    let run = run.env("CARGO_AIRFLOW_BUNDLE_OUT_DIR", "by-variable");
    assert_eq!(run.run().bundle(), folder.path.join("by-variable/etl"));
    let absolute = folder.path.join("etl");
    fs::create_dir(folder.path.join("sub")).unwrap();
    let run = folder.run("--source ../etl.rs --executable").arg(&absolute);
    let bundle = run.folder(&folder.path.join("sub")).run().bundle();
    assert_eq!(
        bundle,
        folder.path.join("airflow-bundle/etl"),
        "beside the executable"
    );
}

#[test]
fn our_line_knows_no_package() {
    let folder = Folder::new();
    let outcome = folder.pack("--executable etl --source etl.rs --message-format json");
    let outcome = outcome.ok();
    let lines = outcome.json();
    assert_eq!(lines.len(), 1);
    for key in ["package_id", "target", "target_triple"] {
        assert_eq!(lines[0].get(key), Some(&Value::Null), "{key}");
    }
    let executable = folder.path.join("etl");
    assert_eq!(lines[0]["executable"], executable.to_str().unwrap());
    assert_eq!(lines[0]["fresh"], false);
}

/// A name without a slash is a file here, and nothing else.
#[test]
fn the_executable_is_never_looked_up_on_the_path() {
    let folder = Folder::new();
    let elsewhere = TempDir::new().unwrap();
    fs::copy(program(), elsewhere.path().join("on-path")).unwrap();
    let paths = std::env::join_paths([elsewhere.path()]).unwrap();
    let run = folder.run("--executable on-path --source etl.rs");
    let outcome = run.env("PATH", &paths).run();
    outcome.fails(1, &["failed to open the executable `on-path`"]);
    // Another program of the same name on PATH is not the one that is asked for its manifest.
    let project = Project::with_sdk("with-examples");
    project.cargo_build("--example sensor").run().ok();
    let other = project.path("target/debug/examples/sensor");
    fs::copy(other, elsewhere.path().join("etl")).unwrap();
    let run = folder.run("--executable etl --source etl.rs");
    let bundle = run.env("PATH", &paths).run().bundle();
    assert!(manifest(&bundle).contains("one_bin"));
}

#[test]
fn build_and_selection_flags_are_refused() {
    let folder = Folder::new();
    for flag in [
        "--package a",
        "--workspace",
        "--bin a",
        "--example a",
        "--features a",
        "--all-features",
        "--no-default-features",
        "--release",
        "--profile dist",
        "--jobs 1",
        "--target a",
        "--target-dir a",
        "--manifest-path a",
        "--locked",
        "--offline",
        "--frozen",
        "--config a=1",
        "-Z a",
        "-- --timings",
    ] {
        let name = flag.split(' ').next().unwrap();
        let outcome = folder.pack(&format!("--executable etl --source etl.rs {flag}"));
        outcome.fails(2, &[name, "--executable"]);
    }
    let outcome = folder.pack("--executable etl --source etl.rs -r -p a");
    outcome.fails(2, &["`--package` and `--release`"]);
    assert!(!folder.path.join("airflow-bundle").exists());
}

#[test]
fn a_source_is_needed() {
    let folder = Folder::new();
    let outcome = folder.pack("--executable etl");
    outcome.fails(2, &["--executable", "--source FILE"]);
    let outcome = folder.pack("--executable etl --source nowhere.rs");
    outcome.fails(1, &["nowhere.rs"]);
    let outcome = folder.pack("--executable nowhere --source etl.rs");
    outcome.fails(1, &["`nowhere`"]);
}

#[test]
fn debug_information_is_noted_without_a_profile_to_name() {
    let folder = Folder::new();
    let project = Project::with_sdk("custom-profile").with_sdk_for("--profile traced");
    project.cargo_build("--profile traced").run().ok();
    let executable = project.path("target/traced/custom-profile");
    let run = folder
        .run("--source etl.rs -o out --executable")
        .arg(executable);
    run.run().ok().says(&[
        "are debug information",
        "strip = \"debuginfo\"",
        "the profile that it is built with",
    ]);
}
