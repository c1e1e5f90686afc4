//! GNU `strip` on a packed bundle: the footer goes, the section stays, and `verify` knows the difference.

use std::fs;
use std::process::Command;

use cargo_airflow_bundle::executable::link_record;

use crate::project::{PACKER, metadata, pack, run, succeeded};

#[test]
fn a_stripped_bundle_keeps_the_section_and_loses_the_footer() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = pack(folder.path());
    let packed = metadata(&bundle);
    assert!(fs::read(&bundle).unwrap().ends_with(b"AFBNDL01"));
    succeeded(&mut verify(&bundle));

    succeeded(Command::new("strip").arg(&bundle));

    assert!(!fs::read(&bundle).unwrap().ends_with(b"AFBNDL01"));
    let file = fs::File::open(&bundle).unwrap();
    let len = file.metadata().unwrap().len();
    let record = link_record(&file, 0, len).unwrap().expect("a record");
    assert_eq!(record.json, packed);
    assert_eq!(metadata(&bundle), packed);

    let verdict = run(&mut verify(&bundle));
    let text =
        String::from_utf8(verdict.stdout).unwrap() + &String::from_utf8_lossy(&verdict.stderr);
    assert_eq!(verdict.status.code(), Some(100), "{text}");
    assert!(text.contains("footer-missing"), "{text}");
}

fn verify(bundle: &std::path::Path) -> Command {
    let mut command = Command::new(PACKER);
    command.args(["airflow-bundle", "verify"]).arg(bundle);
    command
}
