//! What we depend on, and what is published. `deny.toml` has licenses, sources and bans.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap fails the test"
)]

use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The dependencies in a manifest's text that have no comment on the line above.
fn unexplained(manifest: &str) -> (usize, Vec<&str>) {
    let (mut count, mut found) = (0, Vec::new());
    let (mut in_dependencies, mut explained) = (false, false);
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
            assert!(
                !line.contains("dependencies."),
                "one line for each dependency: {line}"
            );
        } else if in_dependencies && line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            count += 1;
            if !explained {
                found.push(line);
            }
        }
        explained = line.starts_with("# ");
    }
    (count, found)
}

#[test]
fn every_dependency_has_a_line_that_explains_it() {
    for (name, least) in [
        ("Cargo.toml", 18),
        ("sdk/Cargo.toml", 13),
        ("crates/airflow-cron/Cargo.toml", 2),
        ("crates/airflow-protocol/Cargo.toml", 4),
        ("crates/pyyaml-safe-load/Cargo.toml", 5),
        ("fuzz/Cargo.toml", 4),
    ] {
        let manifest = std::fs::read_to_string(root().join(name)).unwrap();
        let (count, found) = unexplained(&manifest);
        assert!(count >= least, "only {count} dependencies found in {name}");
        assert_eq!(
            found, [""; 0],
            "{name}: a comment above each says what it is for"
        );
    }
    let manifest = "[dependencies]\n# For this.\na = \"1\"\nb = \"1\"\n\n[features]\nc = []\n[dev-dependencies]\nd = \"1\"\n";
    assert_eq!(unexplained(manifest), (3, vec!["b = \"1\"", "d = \"1\""]));
}

/// The files that a package holds.
fn packaged(package: &str) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "package",
        "--list",
        "--allow-dirty",
        "--quiet",
        "-p",
        package,
    ]);
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let list = String::from_utf8(output.stdout).unwrap();
    // Windows has its own separator.
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

/// What every package holds; the first is missing where the sources come without their history.
const ALWAYS: &[&str] = &[
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "src/**/*.rs",
    "tests/**/*.rs",
    "benches/**/*.rs",
];

/// What only the packer's holds.
const PACKER: &[&str] = &[
    "CHANGELOG.md",
    "docs/**/*.md",
    "docs/ci/*.yml",
    "tests/foreign/packages.txt",
    "tests/python/*.py",
    "tests/python/requirements*.txt",
];

#[test]
fn packages_hold_what_they_should_and_nothing_else() {
    for (package, more) in [("cargo-airflow-bundle", PACKER), ("airflow-sdk", &[])] {
        let mut unexpected = packaged(package);
        for pattern in ALWAYS.iter().chain(more) {
            let before = unexpected.len();
            let matching = glob::Pattern::new(pattern).unwrap();
            unexpected.retain(|file| !matching.matches(file));
            let found = unexpected.len() < before;
            assert!(
                found || pattern.starts_with('.'),
                "{package} holds no {pattern}"
            );
        }
        assert_eq!(unexpected, [""; 0], "{package} holds more than it should");
    }
}
