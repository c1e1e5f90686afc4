//! What an executable finds in its environment: by `--introspect run` the same as by `cargo run`.
#![cfg(target_os = "linux")]

use std::fs;

use crate::project::{Project, Run, host};

/// Notes the variables that count, and prints a manifest.
const MAIN: &str = r###"fn main() {
    let counts = |name: &str| name == "LD_LIBRARY_PATH" || name.starts_with("MY_");
    let mut found: Vec<_> = std::env::vars().filter(|(name, _)| counts(name)).collect();
    found.sort();
    let log = std::env::var_os("ENVIRONMENT_LOG").unwrap();
    std::fs::write(log, format!("{found:#?}")).unwrap();
    println!(r##"{{"airflow_bundle_metadata_version": "1.0", "dags": {{"d": {{"tasks": []}}}},
        "sdk": {{"language": "rust", "version": "1", "supervisor_schema_version": "2026-06-16"}}}}"##);
}
"###;

/// Folders in its own place, outside of it, twice, and with a kind.
const BUILD: &str = r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    println!("cargo::rustc-link-search=native={out}/z");
    println!("cargo::rustc-link-search={out}");
    println!("cargo::rustc-link-search=dependency={out}/y");
    println!("cargo::rustc-link-search=native={out}/z");
    println!("cargo::rustc-link-search=/opt/somewhere");
}
"#;

const CONFIG: &str = r#"[env]
MY_PLAIN = "plain"
MY_FOLDER = { value = "data/größe", relative = true }
MY_FORCED = { value = "forced", force = true }
MY_WEAK = { value = "weak", force = false }
MY_FLAG = "of the file"
LD_LIBRARY_PATH = { value = "cargo's own wins", force = true }
"#;

fn project() -> Project {
    let mut project = Project::empty();
    project.offline = true;
    let manifest =
        "[package]\nname = \"shows\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    project.write("Cargo.toml", manifest);
    project.write("build.rs", BUILD);
    project.write("src/main.rs", MAIN);
    project.write("examples/shown.rs", MAIN);
    project.write(".cargo/config.toml", CONFIG);
    project.write(
        "more/cfg/flags.toml",
        "[env]\nMY_FILE = { value = \"here\", relative = true }\n",
    );
    project
}

#[test]
fn it_is_that_of_cargo_run() {
    let project = project();
    let host = host();
    let log = project.path("log");
    let seen = |run: Run, what: &str| {
        let run = run
            .env("ENVIRONMENT_LOG", &log)
            .env("MY_WEAK", "mine")
            .env("MY_FORCED", "mine");
        run.run().ok();
        let text = fs::read_to_string(&log).unwrap_or_else(|error| panic!("{what}: {error}"));
        fs::remove_file(&log).unwrap();
        text
    };
    let prepare = |mut run: Run, variable: Option<(&str, &str)>, configs: &[&str]| {
        if let Some((name, value)) = variable {
            run = run.env(name, value);
        }
        configs
            .iter()
            .fold(run, |run, config| run.arg("--config").arg(config))
    };
    let target = format!("--target {host}");
    for (args, variable, configs) in [
        ("--bin shows", None, &[][..]),
        (
            "--release --bin shows",
            Some(("LD_LIBRARY_PATH", "/mine:/other")),
            &[],
        ),
        ("--example shown", None, &[]),
        (&format!("--bin shows {target}"), None, &[]),
        (
            "--bin shows",
            Some(("CARGO_BUILD_BUILD_DIR", "elsewhere")),
            &[],
        ),
        ("--bin shows --target-dir apart", None, &[]),
        (
            "--bin shows",
            None,
            &[
                "env.MY_FLAG='first'",
                "env.MY_FLAG='of the flag'",
                "more/cfg/flags.toml",
            ],
        ),
        (
            "--bin shows",
            Some(("MY_PLAIN", "mine")),
            &["target.'cfg(unix)'.rustflags=[]"],
        ),
    ] {
        let what = format!("{args} {variable:?} {configs:?}");
        let by_cargo = project.cargo("run --quiet").args(args);
        let by_cargo = seen(prepare(by_cargo, variable, configs), &what);
        let ours = project
            .cargo("airflow-bundle --quiet --introspect run")
            .args(args);
        let ours = seen(prepare(ours, variable, configs), &what);
        assert_eq!(ours, by_cargo, "{what}");
        assert!(by_cargo.contains("rustlib"), "{what}: {by_cargo}");
        assert!(
            by_cargo.contains("data/größe") && by_cargo.contains("\"forced\""),
            "{by_cargo}"
        );
    }
}

/// So an executable starts whose library a build script has made.
#[test]
fn a_library_of_a_build_script_is_found() {
    let project = project();
    project.write(
        "build.rs",
        r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let source = format!("{out}/made.c");
    std::fs::write(&source, "int made(void) { return 7; }\n").unwrap();
    let library = format!("{out}/libmade.so");
    let status = std::process::Command::new("cc").args(["-shared", "-fPIC", "-o", &library, &source]).status();
    assert!(status.unwrap().success());
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=dylib=made");
}
"#,
    );
    let used = format!(
        "unsafe extern \"C\" {{ safe fn made() -> i32; }}\n{}",
        MAIN.replace("let log =", "assert_eq!(made(), 7);\n    let log =")
    );
    project.write("src/main.rs", &used);
    let run = project.cargo("airflow-bundle --bin shows");
    run.env("ENVIRONMENT_LOG", project.path("log"))
        .run()
        .bundle();
}

#[test]
fn what_only_cargo_understands_is_named() {
    let project = project();
    let run = project
        .cargo("airflow-bundle --bin shows --introspect run --config env.MY_FORCED.force=false");
    let words = [
        "`--config env.MY_FORCED.force=false`",
        "only cargo understands it",
        ".cargo/config.toml",
    ];
    run.env("ENVIRONMENT_LOG", project.path("log"))
        .run()
        .fails(1, &words);
}
