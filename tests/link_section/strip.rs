//! GNU `strip` on a packed bundle: the footer goes, the section stays, and `verify` knows the difference.

use std::fs;
use std::process::Command;

use cargo_airflow_bundle::executable::link_record;

use crate::builds::{metadata, pack};
use crate::project::{PROGRAM, run};

#[test]
fn a_stripped_bundle_keeps_the_section_and_loses_the_footer() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = pack(folder.path());
    let packed = metadata(&bundle);
    assert!(fs::read(&bundle).unwrap().ends_with(b"AFBNDL01"));
    run(&mut verify(&bundle)).ok();

    run(Command::new("strip").arg(&bundle)).ok();

    assert!(!fs::read(&bundle).unwrap().ends_with(b"AFBNDL01"));
    let file = fs::File::open(&bundle).unwrap();
    let len = file.metadata().unwrap().len();
    let record = link_record(&file, 0, len).unwrap().expect("a record");
    assert_eq!(record.json, packed);
    assert_eq!(metadata(&bundle), packed);

    let verdict = run(&mut verify(&bundle)).must_end_with(100);
    let text = verdict.text().to_owned() + &verdict.stderr;
    assert!(text.contains("footer-missing"), "{text}");
}

fn verify(bundle: &std::path::Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["airflow-bundle", "verify"]).arg(bundle);
    command
}
