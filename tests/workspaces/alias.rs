//! `.cargo/config.toml` with an alias.

use std::fs;

use crate::project::{Project, patches};
use crate::{built, manifest, project};

#[test]
fn an_alias_packs() {
    let project = project("alias-route", &["airflow-sdk"]);
    let bundle = project.cargo("bundle").run().bundle();
    assert!(bundle.ends_with("release/airflow-bundle/alias-route"));
    assert!(manifest(&project, &bundle).contains("alias_route"));

    let more = project.cargo("bundle --out-dir dist").run().bundle();
    assert_eq!(more, project.path("dist/alias-route"));
    assert_eq!(fs::read(more).unwrap(), fs::read(&bundle).unwrap());

    let below = project.cargo("bundle").folder(&project.path("src"));
    assert_eq!(below.run().bundle(), bundle, "in any folder of the project");

    let build = "build --release --locked --message-format json";
    let build = project.cargo(build).run().ok();
    assert_eq!(built(&build.json()), [""; 0], "the same build");
}

/// The alias gives `--locked`.
#[test]
fn without_a_lock_file_an_alias_fails_as_cargo_does() {
    let project = Project::copy("alias-route");
    let patches = patches(&["airflow-sdk"]);
    let config = fs::read_to_string(project.path(".cargo/config.toml")).unwrap();
    project.write(".cargo/config.toml", &format!("{config}\n{patches}"));
    let outcome = project.cargo("bundle --offline").run().must_end_with(101);
    assert!(outcome.stderr.contains("--locked"), "{}", outcome.stderr);
    assert!(!project.path("Cargo.lock").exists());
}
