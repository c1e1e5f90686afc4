//! What builds in the place of `cargo build`. The real cargo-zigbuild and cargo-auditable are in the group of foreign targets.
#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::project::{Project, Run};

/// A subcommand `cargo traced` that writes its first words down and goes on as cargo.
const TRACED: &str = r#"#!/bin/sh
echo "$1 $2 $3" >> "$TRACE"
shift
[ "$1" = --nice ] && shift
exec cargo "$@"
"#;

const MANIFEST: &str = r##"fn main() {
    println!("{}", r#"{"airflow_bundle_metadata_version": "1.0", "dags": {"NAME": {"tasks": ["run"]}},
        "sdk": {"language": "rust", "supervisor_schema_version": "2026-06-16", "version": "0.1.0"}}"#);
}
"##;

/// A workspace of `one`, whose table names a builder, and `two`, whose does not.
fn workspace() -> Project {
    let project = Project::without_sdk();
    project.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n",
    );
    for (name, table) in [("one", "cargo-build = \"traced 'build'\""), ("two", "")] {
        project.write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [package.metadata.airflow-bundle]\n{table}\n"
            ),
        );
        project.write(
            &format!("{name}/src/main.rs"),
            &MANIFEST.replace("NAME", name),
        );
    }
    let tool = project.path("tools/cargo-traced");
    project.write("tools/cargo-traced", TRACED);
    fs::set_permissions(tool, fs::Permissions::from_mode(0o755)).unwrap();
    project
}

fn pack(project: &Project, args: &str) -> Run {
    let run = project.program().args(args);
    let mut folders = vec![project.path("tools")];
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let path: OsString = std::env::join_paths(folders).unwrap();
    let trace = project.path("trace");
    let _ = fs::remove_file(&trace);
    run.env("PATH", path).env("TRACE", trace)
}

fn trace(project: &Project) -> String {
    fs::read_to_string(project.path("trace")).unwrap_or_default()
}

#[test]
fn words_replace_build() {
    let project = workspace();
    pack(&project, "-p two").run().bundle();
    assert_eq!(trace(&project), "");
    pack(&project, "-p two --cargo-build")
        .arg("traced --nice build")
        .run()
        .bundle();
    assert_eq!(trace(&project), "traced --nice build\n");
}

/// Flag, environment, package, default; each package is built in its own way.
#[test]
fn flag_environment_and_table() {
    let project = workspace();
    let variable = "CARGO_AIRFLOW_BUNDLE_CARGO_BUILD";
    assert_eq!(pack(&project, "--workspace").run().names(), ["one", "two"]);
    assert_eq!(trace(&project), "traced build --config\n");
    pack(&project, "-p one --cargo-build build").run().bundle();
    assert_eq!(trace(&project), "");
    let environment = pack(&project, "-p one").env(variable, "build").run();
    environment.bundle();
    assert_eq!(trace(&project), "");
    let both = pack(&project, "-p two --cargo-build traced");
    both.env(variable, "build")
        .run()
        .fails(1, &["`cargo traced` failed; nothing was packed"]);
}

#[test]
fn mistakes_are_explained() {
    let project = workspace();
    for (words, code, said) in [
        ("no-such-subcommand", 101, "no such command"),
        ("", 2, "it is empty"),
        ("build 'x", 2, "does not end"),
        ("--release", 2, "is a flag"),
        // It succeeds, and says nothing of executables.
        ("check", 1, "built no executable for `two`"),
    ] {
        let run = pack(&project, "-p two --cargo-build").arg(words).run();
        run.fails(code, &[said]);
    }
    project.replace("one/Cargo.toml", "'build'", "\\\"build");
    pack(&project, "-p one")
        .run()
        .fails(1, &["[package.metadata.airflow-bundle]", "`cargo-build`"]);
}
