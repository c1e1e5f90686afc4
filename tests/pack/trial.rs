//! Programs with the SDK that would not work under Airflow: seen when they are packed.

use crate::project::{Outcome, Project, host};

/// A copy of `one-bin` with another `main`, and what it fails with when it is packed.
#[track_caller]
fn refused(main: &str, words: &[&str]) -> Outcome {
    let project = with_main(main);
    let outcome = project.pack("").fails(1, words);
    assert!(!project.path("target/debug/airflow-bundle").exists());
    outcome
}

fn with_main(main: &str) -> Project {
    let project = Project::with_sdk("one-bin");
    let code = "use std::process::ExitCode;\nfn extract() {}\nfn load() {}\n";
    project.write("src/main.rs", &format!("{code}\n{main}\n"));
    project
}

const BUNDLE: &str = r#"airflow_sdk::bundle! { "one_bin" => { extract, load } }"#;

#[track_caller]
fn tried(outcome: Outcome) -> bool {
    let line = outcome.ok().json().pop().unwrap();
    assert_eq!(line["reason"], "airflow-bundle");
    line["tried"].as_bool().unwrap()
}

#[test]
fn a_program_that_does_not_serve() {
    refused(
        &format!("fn main() {{ let _bundle = {BUNDLE}; }}"),
        &[
            "one-bin` failed its trial, and was not packed: Airflow starts it just so",
            "`--introspect section` packs it without a trial",
            "it ended with exit code 0, and never connected to the addresses in its arguments; its tasks would fail \
             with an empty log: with `airflow-sdk`, `main` must end in `serve()`",
        ],
    );
}

#[test]
fn a_main_that_fails_before_it_serves() {
    refused(
        &format!(
            "fn main() -> Result<ExitCode, std::io::Error> {{\n\
                 let _settings = std::fs::read_to_string(\"/settings/of/the/worker\")?;\n\
                 Ok({BUNDLE}.serve())\n\
             }}"
        ),
        &[
            "it ended with exit code 1, and never connected",
            "its stderr:\n    Error: Os { code: 2",
        ],
    );
    // As argument parsers do.
    refused(
        &format!(
            "fn main() -> ExitCode {{\n\
                 if let Some(unknown) = std::env::args().skip(1).find(|arg| arg != \"--airflow-metadata\") {{\n\
                     eprintln!(\"error: unexpected argument '{{unknown}}' found\");\n\
                     return ExitCode::from(2);\n\
                 }}\n\
                 {BUNDLE}.serve()\n\
             }}"
        ),
        &[
            "it ended with exit code 2, and never connected",
            "unexpected argument '--comm=127.0.0.1:",
        ],
    );
}

/// The Dag processor would show it as an import error.
#[test]
fn registrations_that_are_wrong() {
    refused(
        &format!(
            "fn main() -> ExitCode {{ {BUNDLE}.register(\"one_bin\", \"load\", load).serve() }}"
        ),
        &[
            "it says that its own registrations are wrong:\n    the task \"load\" of dag \"one_bin\" is registered at \
             run time in a bundle made by bundle!",
        ],
    );
}

/// Its manifest was printed by the same program, so that `--introspect section` would not help.
#[test]
fn ids_of_run_time_are_tried_too() {
    let main = |before: &str| {
        format!(
            "fn main() -> ExitCode {{ {before} airflow_sdk::Bundle::new().register(\"one_bin\", \"load\", load).serve() }}"
        )
    };
    let project = with_main(&main(""));
    let outcome = project.pack("--message-format json");
    assert!(tried(outcome));
    refused(
        &main("if std::env::args().any(|arg| arg.starts_with(\"--comm\")) { return 3.into(); }"),
        &[
            "failed its trial",
            "`--airflow-metadata FILE` packs it without a trial",
            "it ended with exit code 3, and never connected",
        ],
    );
}

/// The first pack of a bundle tries it, the next one finds it fresh. A runner is no start of Airflow's.
#[test]
fn who_is_tried() {
    let project = Project::with_sdk("one-bin").with_sdk_for("--target host-tuple");
    let json = "--message-format json";
    let outcome = project.pack(&format!("-v {json}"));
    outcome
        .says(&["      Trying `", "one-bin --comm=ADDRESS --logs=ADDRESS`"])
        .ok();
    assert!(!tried(project.pack(json)), "fresh");
    let outcome = project.pack(&format!("-r --introspect section {json}"));
    let outcome = outcome
        .says(&["was not tried (`--introspect section` runs nothing): whether its `main` gets"]);
    assert!(!tried(outcome));

    let runner = format!("target.{}.runner='/nowhere/at/all'", host());
    let pack = || project.program().args(json).args("-o with-runner");
    let outcome = pack().arg("--config").arg(&runner).run();
    let outcome =
        outcome.says(&["was not tried (cargo has a runner for it, and Airflow has none)"]);
    assert!(!tried(outcome));
    let condition = "target.'cfg(unix)'.runner='/nowhere/at/all'";
    std::fs::remove_file(project.path("with-runner")).unwrap();
    let outcome = pack().arg("--config").arg(condition).run();
    let outcome = outcome.says(&["was not tried (`--config` sets a runner for `cfg(unix)`"]);
    assert!(!tried(outcome));
}

/// Where Rust's shared libraries are found when it is packed says nothing of a worker: a warning says so, and no trial is made.
#[test]
fn what_needs_rusts_shared_libraries_is_not_tried() {
    let project = Project::with_sdk("one-bin");
    let flags = "--config build.rustflags=['-Cprefer-dynamic']";
    let packed = project.pack(&format!("{flags} --message-format json"));
    let packed = packed.says(&[
        "one-bin`: it needs Rust's own shared libraries",
        "was not tried (whether Rust's shared libraries are found here",
    ]);
    assert!(!tried(packed));
    let denied = project.pack(&format!("{flags} -D"));
    denied.fails(1, &["denied by `--deny-warnings`"]);
}
