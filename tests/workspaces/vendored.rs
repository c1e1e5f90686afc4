//! `--locked --offline` with vendored dependencies, and nothing else on the machine.

use std::fs;

use crate::project::{Project, patches};
use crate::{built, kept};

/// The dependencies of the project are copied into it, and cargo's home is empty: no registry, no cache.
#[test]
fn vendored_dependencies_are_all_that_is_needed() {
    let project = Project::copy_to("alias-route", &kept().join("vendored"));
    let _ = fs::remove_dir_all(project.path("vendor"));
    let sdk = patches(&["airflow-sdk"]);
    project.write(".cargo/config.toml", &sdk);
    project.lock(&[]);
    // The user's own home may have to fetch what belongs to other systems. From then on there is no network.
    let vendor = project.cargo("vendor --locked vendor").run().ok();
    let vendor = vendor.text();
    assert!(vendor.contains("vendored-sources"), "{vendor}");
    project.write(".cargo/config.toml", &format!("{sdk}\n{vendor}"));

    let home = project.path("empty home");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir(&home).unwrap();
    let pack = |args: &str| {
        let run = project.cargo("airflow-bundle --locked --offline");
        let run = run.args(args).env("CARGO_HOME", &home);
        run.env("CARGO_PROFILE_DEV_DEBUG", "0").run()
    };
    let bundle = pack("").bundle();
    assert_eq!(
        bundle,
        project.path("target/debug/airflow-bundle/alias-route")
    );
    let messages = pack("--message-format json").ok().json();
    assert_eq!(built(&messages), [""; 0]);
    let sources: Vec<_> = messages
        .iter()
        .filter_map(|message| message["target"]["src_path"].as_str())
        .filter(|path| !path.contains("airflow-bundle") || path.contains("vendor"))
        .collect();
    let vendored = project.path("vendor");
    for source in &sources {
        let own = [&vendored, &project.path("src")]
            .map(|folder| source.starts_with(folder.to_str().unwrap()));
        // The SDK of this repository, and the crate that it depends on.
        let patched = ["/sdk/src/", "/crates/airflow-protocol/src/"]
            .iter()
            .any(|folder| source.contains(folder));
        assert!(own.contains(&true) || patched, "{source} is not vendored");
    }
    assert!(sources.len() > 5, "{sources:?}");
    let cached = home.join("registry/cache");
    assert!(
        !cached.exists(),
        "something was fetched into {}",
        cached.display()
    );

    // Without the vendored sources there is nothing to build from.
    fs::rename(&vendored, project.path("away")).unwrap();
    let outcome = pack("").must_end_with(101);
    assert!(outcome.stderr.contains("vendor"), "{}", outcome.stderr);
    fs::remove_dir_all(project.path("away")).unwrap();
}
