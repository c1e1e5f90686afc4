//! Cargo's target: the executable is taken from where cargo says it is, and the triple is the one that cargo built for.

use std::fs;
use std::path::PathBuf;

use crate::project::{Project, Run, host, is_bundle};

/// Packs, and returns where cargo put the executable. The bundle begins with its bytes.
#[track_caller]
fn executable_of(run: Run) -> PathBuf {
    let outcome = run.args("--message-format json").run().ok();
    let line = outcome.json().pop().expect("a line");
    let path = |key: &str| PathBuf::from(line[key].as_str().expect("a path"));
    let executable = fs::read(path("executable")).unwrap();
    let bundle = fs::read(path("path")).unwrap();
    assert!(bundle.starts_with(&executable));
    assert!(is_bundle(&path("path")));
    assert!(!is_bundle(&path("executable")), "cargo's file was modified");
    assert_eq!(
        path("path"),
        path("executable")
            .parent()
            .unwrap()
            .join("airflow-bundle")
            .join(path("executable").file_name().unwrap()),
        "the default place"
    );
    path("executable")
}

/// The same file name for every platform.
pub fn exe(path: &str) -> String {
    format!("{path}{}", std::env::consts::EXE_SUFFIX)
}

#[test]
fn the_executable_lies_where_cargo_says() {
    let project = Project::with_sdk("one-bin").with_sdk_for("--target host-tuple");
    let host = host();
    let elsewhere = project.path("by/variable");
    for (args, env, expected) in [
        ("", None, "target/debug/one-bin".to_owned()),
        ("-r", None, "target/release/one-bin".to_owned()),
        (
            "--profile release",
            None,
            "target/release/one-bin".to_owned(),
        ),
        ("--profile dev", None, "target/debug/one-bin".to_owned()),
        (
            "--target-dir out/by-flag",
            None,
            "out/by-flag/debug/one-bin".to_owned(),
        ),
        (
            "",
            Some(("CARGO_TARGET_DIR", elsewhere.to_str().unwrap())),
            "by/variable/debug/one-bin".to_owned(),
        ),
        (
            "",
            Some(("CARGO_TARGET_DIR", "by/relative-variable")),
            "by/relative-variable/debug/one-bin".to_owned(),
        ),
        (
            "--config build.target-dir='by/config'",
            None,
            "by/config/debug/one-bin".to_owned(),
        ),
        (
            "--target HOST",
            None,
            format!("target/{host}/debug/one-bin"),
        ),
        (
            "",
            Some(("CARGO_BUILD_TARGET", &*host)),
            format!("target/{host}/debug/one-bin"),
        ),
    ] {
        let mut run = project
            .program()
            .args(&args.replace("HOST", &host).replace('\'', "\""));
        if let Some((name, value)) = env {
            run = run.env(name, value);
        }
        assert_eq!(
            executable_of(run),
            project.path(&exe(&expected)),
            "{args} {env:?}"
        );
    }
    // Without the SDK, which would have to be built for this alone.
    let project = Project::with_sdk("workspace-two-bins");
    let run = project.program().args("-r -p etl --target").arg(&host);
    assert_eq!(
        executable_of(run),
        project.path(&exe(&format!("target/{host}/release/etl")))
    );
}

#[test]
fn a_relative_target_dir_is_relative_to_the_current_folder() {
    let project = Project::with_sdk("one-bin");
    let run = project.program().folder(&project.path("src"));
    let executable = executable_of(run.args("--target-dir ../out"));
    // cargo itself leaves the dots in the path.
    assert_eq!(
        executable.canonicalize().unwrap(),
        project.path(&exe("out/debug/one-bin"))
    );
}

#[test]
fn configured_target_dir_build_dir_and_target() {
    let project = Project::with_sdk("target-dir").building_in("out/built", "");
    assert_eq!(
        executable_of(project.program()),
        project.path(&exe("out/built/debug/target-dir"))
    );
    let project = Project::with_sdk("build-dir").building_in("intermediate", "--release");
    assert_eq!(
        executable_of(project.program().args("-r")),
        project.path(&exe("target/release/build-dir"))
    );
    let built = fs::read_dir(project.path("intermediate/release/deps")).unwrap();
    let built = built.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().starts_with("build_dir-")
    });
    assert_ne!(built.count(), 0, "the setting is used");
    let project = Project::with_sdk("config-target").with_sdk_for("--target host-tuple");
    assert_eq!(
        executable_of(project.program()),
        project.path(&exe(&format!("target/{}/debug/config-target", host())))
    );
}

#[test]
fn a_custom_profile() {
    let project = Project::with_sdk("custom-profile").with_sdk_for("--profile traced");
    assert_eq!(
        executable_of(project.program().args("--profile traced")),
        project.path(&exe("target/traced/custom-profile"))
    );
}

#[test]
fn spaces_and_letters_of_all_kinds_in_paths() {
    let project = Project::with_sdk_as("one-bin", "mein projekt äöü 日本 'x' #1");
    let run = project.program().arg("--target-dir").arg("out put/ñ");
    assert_eq!(
        executable_of(run),
        project.path(&exe("out put/ñ/debug/one-bin"))
    );
    let run = project.program().arg("-o").arg("der dag ß");
    assert_eq!(run.run().bundle(), project.path("der dag ß"));

    let project = Project::with_sdk_as("workspace-two-bins", "two words/größe");
    let bundles = project.pack("--workspace --out-dir dags").bundles();
    assert_eq!(
        bundles,
        [project.path("dags/etl"), project.path("dags/reports")]
    );
}

#[test]
fn the_triple_is_reported_wherever_it_was_chosen() {
    let project = Project::with_sdk("config-target").with_sdk_for("--target host-tuple");
    let host = host();
    let triple = |args: &str| {
        let outcome = project.program().args(args).args("--message-format json");
        outcome.run().ok().json().pop().unwrap()["target_triple"].clone()
    };
    assert_eq!(triple(""), *host, "`host-tuple` in the configuration");
    assert_eq!(triple("--target host-tuple"), *host);
    assert_eq!(triple("--config build.target-dir=\"x\""), *host);
    fs::remove_file(project.path(".cargo/config.toml")).unwrap();
    assert_eq!(triple(""), serde_json::Value::Null);
    assert_eq!(triple(&format!("--config build.target=\"{host}\"")), *host);
    project.write(
        ".cargo/config.toml",
        &format!("[build]\ntarget = [\"{host}\"]"),
    );
    assert_eq!(triple(""), *host);
}

/// cargo accepts one name for the host, and so does a folder name.
#[test]
fn one_target_named_twice_is_one_bundle() {
    let project = Project::with_sdk("one-bin").with_sdk_for("--target host-tuple");
    let host = host();
    let args = format!("--target {host} --target host-tuple --target {host} --out-dir dags");
    assert_eq!(
        project.pack(&args).bundle(),
        project.path(&exe("dags/one-bin"))
    );
}
