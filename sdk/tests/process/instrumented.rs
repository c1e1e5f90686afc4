//! A bundle with `-C instrument-coverage`, and with panics that abort: the project `instrumented` beside this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::supervisor::{Order, Outcome};

/// Builds the project, once.
fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = folder().join("project");
        fs::create_dir_all(project.join("src")).unwrap();
        let from = own.join("tests/process/instrumented");
        let place = own.display();
        fs::write(
            project.join("Cargo.toml"),
            format!(
                "[package]\nname = \"instrumented\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                 airflow-sdk = {{ path = '{place}' }}\n\n[profile.dev]\npanic = \"abort\"\nincremental = false\n\n[workspace]\n"
            ),
        )
        .unwrap();
        fs::copy(from.join("main.rs"), project.join("src/main.rs")).unwrap();
        // The versions of the workspace, which are there already: no registry is needed.
        fs::copy(own.join("../Cargo.lock"), project.join("Cargo.lock")).unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline"])
            .env("CARGO_TARGET_DIR", folder().join("target"))
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("RUSTFLAGS", "-Cinstrument-coverage")
            // Build scripts write profiles too.
            .env("LLVM_PROFILE_FILE", folder().join("build/%p.profraw"))
            .current_dir(&project)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        folder().join("target/debug/instrumented")
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("instrumented")
}

/// Runs a task; how many bytes of profile there are.
fn profiled(task: &str) -> (Outcome, u64) {
    let profile = folder().join(format!("{task}.profraw"));
    let _ = fs::remove_file(&profile);
    let outcome = Order::of(executable(), "instrumented", task)
        .env("LLVM_PROFILE_FILE", &profile)
        .run();
    let length = fs::metadata(&profile).map_or(0, |profile| profile.len());
    (outcome, length)
}

pub fn the_profile_is_written() {
    let (outcome, length) = profiled("nothing");
    outcome.check("SucceedTask", 0);
    assert!(length > 0, "no profile");
    let (outcome, length) = profiled("exits");
    outcome.check("failed", 1);
    assert!(length > 0, "no profile");
}

pub fn an_aborting_panic_leaves_in_the_same_way() {
    for task in ["panics", "panics_elsewhere"] {
        let (outcome, length) = profiled(task);
        outcome.check("failed", 0);
        assert!(outcome.said("on purpose"), "{outcome:#?}");
        assert!(
            outcome.said("the task panicked: on purpose"),
            "{outcome:#?}"
        );
        assert!(length > 0, "no profile");
    }
    // The outcome is on its way, and nothing changes it any more.
    for _ in 0..5 {
        let (outcome, _) = profiled("panics_after_the_outcome");
        outcome.check("SucceedTask", 0);
    }
}

pub fn an_error_that_aborts_changes_no_outcome() {
    for (task, state) in [
        ("fails_for_good", "failed"),
        ("waits_longer", "RetryTask"),
        ("skips", "skipped"),
    ] {
        let outcome = Order::of(executable(), "instrumented", task)
            .retries()
            .env("LLVM_PROFILE_FILE", folder().join("other/%p.profraw"))
            .run();
        outcome.check(state, 0);
        assert!(outcome.said("on purpose"), "{outcome:#?}");
        assert_eq!(outcome.stderr, "", "{outcome:#?}");
        let message = outcome.messages.last().unwrap();
        match task {
            "fails_for_good" => assert!(
                outcome.said("not to be retried: an error whose message cannot be written"),
                "{outcome:#?}"
            ),
            "waits_longer" => assert_eq!(message["retry_delay_seconds"], 9.0),
            _ => assert!(
                outcome.said("the task skips itself: no rows"),
                "{outcome:#?}"
            ),
        }
    }
}
