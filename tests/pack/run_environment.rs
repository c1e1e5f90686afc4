//! An executable that is asked for its manifest has the environment that `cargo run` gives it.
#![cfg(unix)]

use std::fs;

use crate::project::{Project, Run, host};

const NOTES: &str = r#"fn main() -> ExitCode {
    use std::fmt::Write as _;
    let mut noted = String::new();
    for name in ["LD_LIBRARY_PATH", "PLAIN", "SET", "FORCED", "RELATIVE", "FLAG", "OF_FILE"] {
        let value = std::env::var(name).unwrap_or_else(|_| "-".to_owned());
        writeln!(noted, "{name}={value}").unwrap();
    }
    std::fs::write(std::env::var("ENV_LOG").unwrap(), noted).unwrap();
"#;

const CONFIG: &str = r#"[env]
PLAIN = "of the file"
SET = "not taken"
FORCED = { value = "forced", force = true }
RELATIVE = { value = "data/in", relative = true }
FLAG = "not taken"
"#;

/// Has the linker look into two folders, of which only the first is below cargo's own.
const BUILD: &str = r#"fn main() {
    println!("cargo::rustc-link-search=native={}/libraries", std::env::var("OUT_DIR").unwrap());
    println!("cargo::rustc-link-search=/elsewhere");
    println!("cargo::rerun-if-changed=build.rs");
}
"#;

fn prepared(project: &Project, run: Run) -> Run {
    let log = project.path("log");
    let _ = fs::remove_file(&log);
    run.env("ENV_LOG", log)
        .env("SET", "set")
        .env("FORCED", "set")
        .env("LD_LIBRARY_PATH", "/mine:/yours")
        .args("--config env.FLAG='by_flag'")
        .args("--config settings/of-file.toml")
}

#[test]
fn the_environment_is_the_one_of_cargo_run() {
    let mut project = Project::with_sdk("without-sdk");
    project.replace("src/main.rs", "fn main() -> ExitCode {\n", NOTES);
    project.write(
        "examples/shown.rs",
        &fs::read_to_string(project.path("src/main.rs")).unwrap(),
    );
    project.write("build.rs", BUILD);
    project.write(".cargo/config.toml", CONFIG);
    project.write(
        "settings/of-file.toml",
        "env.OF_FILE = { value = 'x', relative = true }\n",
    );
    let log = project.path("log");
    let noted = || fs::read_to_string(&log).unwrap();
    let with_target = format!("--target {}", host());
    // With a folder of its own for what is in between, and without.
    let build_dir = project.build_dir.take();
    for (args, build_dir) in [
        ("", None),
        ("", build_dir),
        (with_target.as_str(), None),
        ("--example shown", None),
    ] {
        let in_target = build_dir.is_none();
        project.build_dir = build_dir;
        let cargo = project.cargo("run --quiet").args(args);
        prepared(&project, cargo).run().must_end_with(2);
        let wanted = noted();
        assert!(
            wanted.contains("/libraries:") == in_target
                && wanted.contains("RELATIVE=/")
                && wanted.contains("by_flag"),
            "{wanted}"
        );

        let packed = project.program().args("--introspect run").args(args);
        prepared(&project, packed).run().bundle();
        assert_eq!(noted(), wanted, "{args}");
    }
}
