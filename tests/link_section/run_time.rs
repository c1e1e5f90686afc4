//! Ids that are only known when the executable runs: no section, and errors in place of a manifest.

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_airflow_bundle::executable::link_record;
use cargo_airflow_bundle::manifest::Manifest;
use object::Object;

use crate::builds::{AT_RUN_TIME, RELEASE, build, metadata};
use crate::project::run;

#[test]
fn ids_of_a_loop_are_printed_only() {
    let executable = build(AT_RUN_TIME, RELEASE, "printed", &[]);
    let file = fs::File::open(&executable).unwrap();
    let len = file.metadata().unwrap().len();
    assert_eq!(link_record(&file, 0, len).unwrap(), None);
    let image = fs::read(&executable).unwrap();
    let image = object::File::parse(&*image).unwrap();
    assert!(image.section_by_name(".airflow_md").is_none());

    let printed = metadata(&executable);
    assert!(
        printed.contains(r#""dags":{"sales":{"tasks":["load_at","load_ch","load_de"]}}"#),
        "{printed}"
    );
    let manifest = Manifest::parse(&printed).unwrap();
    assert_eq!(manifest.dag_ids().collect::<Vec<_>>(), ["sales"]);
    assert_eq!(manifest.task_count(), 3);
}

#[test]
fn refused_registrations_are_errors() {
    let executable = build(AT_RUN_TIME, RELEASE, "refused", &[]);
    for (countries, error) in [
        (
            "at ch at",
            r#"error: the task "load_at" of dag "sales" is registered twice"#,
        ),
        (
            "at ch/de",
            r#"error: the task id "load_ch/de" of dag "sales" has the character '/', which Airflow refuses"#,
        ),
        (
            "€",
            r#"error: the task id "load_€" of dag "sales" has the character '€', which Airflow refuses"#,
        ),
    ] {
        check_refused(&executable, countries, error);
    }
    let long = "x".repeat(251 - "load_".len());
    check_refused(&executable, &long, "is longer than the 250 characters");
}

fn check_refused(executable: &Path, countries: &str, error: &str) {
    let start = |arguments: &[&str]| {
        let mut command = Command::new(executable);
        run(command.args(arguments).env("COUNTRIES", countries))
    };
    for (arguments, code) in [(&["--airflow-metadata"][..], 1), (&[], 2)] {
        start(arguments).fails(code, &[error]);
    }
}
