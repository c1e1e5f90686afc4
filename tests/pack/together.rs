//! Several bundles in one call: what fails does not keep the others from being packed.

use std::fs;

use crate::bundles::{bundles_below, manifest, name};
use crate::project::{Project, host};

/// A package whose bins answer with these manifests.
fn project(bins: &[(&str, &str)]) -> Project {
    let project = Project::without_sdk();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"several\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    for (bin, answer) in bins {
        project.write(
            &format!("src/bin/{bin}.rs"),
            &format!("fn main() {{ println!(\"{{}}\", r#\"{answer}\"#); }}\n"),
        );
    }
    project
}

/// A manifest with one dag.
fn serving(dag: &str) -> String {
    format!(
        r#"{{"airflow_bundle_metadata_version": "1.0", "dags": {{"{dag}": {{"tasks": ["run"]}}}}, "sdk": {{"language": "rust", "supervisor_schema_version": "2026-06-16", "version": "0.1.0"}}}}"#
    )
}

#[test]
fn what_fails_is_reported_with_the_others_results() {
    let project = project(&[
        ("first", &serving("first")),
        ("wrong", "no manifest"),
        ("second", &serving("second")),
        ("wronger", "none either"),
    ]);
    let args = "--bin first --bin wrong --bin second --bin wronger";
    let outcome = project.pack(args).must_end_with(1).says(&[
        "wrong --airflow-metadata` printed no valid manifest",
        "wronger --airflow-metadata` printed no valid manifest",
        "error: 2 of 4 bundles were not packed; see above",
    ]);
    let paths: Vec<_> = outcome.text().lines().map(name_of).collect();
    assert_eq!(paths, ["first", "second"]);
    assert_eq!(bundles_below(project.root()).len(), 2);

    let json = project
        .pack(&format!("{args} --message-format json"))
        .must_end_with(1);
    let bundles: Vec<_> = json
        .json()
        .into_iter()
        .filter(|line| line["reason"] == "airflow-bundle")
        .map(|line| name_of(line["path"].as_str().unwrap()))
        .collect();
    assert_eq!(bundles, ["first", "second"]);
}

fn name_of(path: &str) -> String {
    name(path.as_ref())
}

/// An old bundle in the way of one is not lost, and the others are written.
#[cfg(unix)]
#[test]
fn a_bundle_that_cannot_be_written_does_not_stop_the_others() {
    let project = project(&[("first", &serving("first")), ("second", &serving("second"))]);
    let args = "--bin first --bin second --message-format json";
    project.pack(args).ok();
    // A folder in the place of a file is seen before anything is written.
    let place = project.path("target/debug/airflow-bundle/first");
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    let outcome = project.pack(args).must_end_with(1).says(&[
        "airflow-bundle/first",
        "1 of 2 bundles was not packed; see above",
    ]);
    let last = outcome.json().pop().unwrap();
    assert_eq!(last["reason"], "airflow-bundle");
    assert_eq!(last["fresh"], true);
}

/// One build for each target; the one that fails does not keep the other's bundles from being packed.
#[test]
fn a_target_that_does_not_build_does_not_stop_the_others() {
    let project = project(&[("first", &serving("first")), ("second", &serving("second"))]);
    let host = host();
    // Has no standard library, installed or not.
    let none = "thumbv6m-none-eabi";
    for args in [
        format!("--bin first --bin second --target {none} --target {host}"),
        format!("--bin first --bin second --target {host} --target {none}"),
    ] {
        let args = format!("{args} --message-format json --out-dir dist");
        let outcome = project.pack(&args).must_end_with(101).says(&[
            &format!("`cargo build` failed for `{none}`; nothing was packed for it"),
            "error: 2 of 4 bundles were not packed; see above",
        ]);
        let json = outcome.json();
        let bundles = json
            .iter()
            .filter(|line| line["reason"] == "airflow-bundle");
        let bundles: Vec<_> = bundles
            .map(|line| {
                (
                    &line["target_triple"],
                    name_of(line["path"].as_str().unwrap()),
                )
            })
            .collect();
        let host = serde_json::Value::from(host.as_str());
        assert_eq!(bundles, [(&host, "first".into()), (&host, "second".into())]);
        // One build for each target.
        let builds = json
            .iter()
            .filter(|line| line["reason"] == "build-finished");
        assert_eq!(builds.count(), 2);
    }
    let bundle = project.path(&format!("dist/{host}/first"));
    assert!(manifest(&bundle).contains("first"));
}

#[test]
fn two_bundles_for_one_dag_are_refused_before_anything_is_written() {
    let project = project(&[
        ("first", &serving("same")),
        ("second", &serving("other")),
        ("third", &serving("same")),
    ]);
    project.pack("--bin first --bin second --bin third").fails(
        1,
        &[
            "/first` and `",
            "/third` would serve the dag `same`",
            "nothing was packed",
        ],
    );
    assert_eq!(
        bundles_below(project.root()),
        Vec::<std::path::PathBuf>::new()
    );
    project.pack("--bin first --bin second").ok();
}

/// No second standard library is needed for this: a wrapper builds for the host whatever it is asked
/// for, and cargo does not know.
#[cfg(unix)]
#[test]
fn two_targets() {
    use std::os::unix::fs::PermissionsExt as _;

    const OTHER: &str = "x86_64-unknown-linux-musl";
    let project = project(&[]);
    for bin in ["etl", "reports"] {
        // On one architecture two bundles cannot serve one dag.
        let [here, other] = [bin.to_owned(), format!("other_{bin}")].map(|dag| serving(&dag));
        project.write(
            &format!("src/bin/{bin}.rs"),
            &format!(
                "fn main() {{ println!(\"{{}}\", if cfg!(other) {{ r#\"{other}\"# }} else {{ r#\"{here}\"# }}); }}\n"
            ),
        );
    }
    let host = host();
    let wrapper = project.path("wrapper");
    let script = format!(
        "#!/bin/sh\nfor word do\n  shift\n  if [ \"$word\" = {OTHER} ]; then word={host}; other=--cfg=other; fi\n  \
         set -- \"$@\" \"$word\"\ndone\nexec \"$@\" $other\n"
    );
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let run = |args: &str| {
        let run = project.program().env("RUSTC_WRAPPER", &wrapper);
        run.args(args).run()
    };
    let both = format!("--target {host} --target {OTHER}");

    let bundles = run(&format!("--workspace {both}")).bundles();
    let expected = [&*host, OTHER].map(|triple| {
        ["etl", "reports"]
            .map(|bin| project.path(&format!("target/{triple}/debug/airflow-bundle/{bin}")))
    });
    assert_eq!(bundles, expected.concat());

    let outcome = run(&format!(
        "--bin etl {both} --out-dir dags --message-format json"
    ))
    .ok();
    let lines: Vec<_> = outcome
        .json()
        .into_iter()
        .filter(|line| line["reason"] == "airflow-bundle")
        .collect();
    assert_eq!(lines.len(), 2);
    for (line, triple) in lines.iter().zip([&*host, OTHER]) {
        assert_eq!(line["target_triple"], *triple);
        let path = project.path(&format!("dags/{triple}/etl"));
        assert_eq!(line["path"], path.to_str().unwrap());
    }
    let finished = outcome.text().matches("build-finished").count();
    assert_eq!(finished, 2, "a build for each");

    let again = run(&format!("--bin etl {both} --target {host} --out-dir dags"));
    assert_eq!(again.bundles().len(), 2, "a triple that is named again");
    run(&format!("--bin etl {both} -o x")).fails(2, &["`--output`", "2 would be packed"]);
    let one = run(&format!("--bin etl --target {OTHER} --out-dir one")).bundle();
    assert_eq!(one, project.path("one/etl"), "one target needs no folder");
    // Several in the configuration.
    project.write(
        ".cargo/config.toml",
        &format!("[build]\ntarget = [\"{host}\", \"{OTHER}\"]"),
    );
    let bundles = run("--bin etl --out-dir configured").bundles();
    let expected = [&*host, OTHER].map(|triple| project.path(&format!("configured/{triple}/etl")));
    assert_eq!(bundles, expected);
}
