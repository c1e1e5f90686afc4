//! A member that depends on the packer, so that `Cargo.lock` fixes its version.

use std::fs;

use crate::{built, manifest, project};

/// One test: its steps build in one folder, and in turn.
#[test]
fn an_xtask_packs() {
    let project = project("xtask-route", &["airflow-sdk", "cargo-airflow-bundle"]);
    let lock = fs::read_to_string(project.path("Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"cargo-airflow-bundle\""), "{lock}");

    let bundle = project.cargo("xtask bundle").run().bundle();
    assert!(bundle.ends_with("release/airflow-bundle/pipeline"));
    assert!(manifest(&project, &bundle).contains("xtask_route"));

    // The build script asks to be run again when a variable differs that `cargo run` sets for the xtask.
    let build = "build --release --locked --message-format json";
    let build = project.cargo(build).run().ok();
    assert_eq!(
        built(&build.json()),
        [""; 0],
        "`cargo build` after the xtask"
    );
    let again = "xtask bundle --message-format json";
    let again = project.cargo(again).run().ok().json();
    assert_eq!(built(&again), [""; 0], "the xtask after `cargo build`");
    let last = again.last().expect("a line");
    assert_eq!(last["reason"], "airflow-bundle");
    assert_eq!(last["fresh"], true);

    let below = project.cargo("xtask bundle --out-dir dist");
    let below = below.folder(&project.path("pipeline/src")).run().bundle();
    assert_eq!(below, project.path("pipeline/src/dist/pipeline"));

    let version = project.cargo("xtask bundle --version").run().ok();
    assert_eq!(
        version.text().trim_end(),
        concat!("cargo-airflow-bundle ", env!("CARGO_PKG_VERSION"))
    );
    for (args, code, words) in [
        ("xtask", 2, "usage: cargo xtask bundle"),
        ("xtask bundle --profile dev", 2, "--release"),
        ("xtask bundle -p nowhere", 1, "`nowhere`"),
        ("xtask bundle -F nowhere", 101, "nowhere"),
        ("xtask bundle verify Cargo.toml", 2, "verify"),
    ] {
        let outcome = project.cargo(args).run().must_end_with(code);
        assert!(outcome.stderr.contains(words), "{args}\n{}", outcome.stderr);
        assert_eq!(outcome.text(), "", "{args}");
    }
}
