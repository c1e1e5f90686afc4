//! A library with a `bundle!` for each of two executables: each executable holds the record of the one that it serves.

use std::fs;

use cargo_airflow_bundle::executable::SectionError;

use crate::builds::{DEV, OF_A_LIBRARY, RELEASE, SMALL, Variant, build};
use crate::check::{self, record};
use crate::introspection::{packing, said};
use crate::project::run;

#[test]
fn dev() {
    each_has_its_own(DEV);
}

#[test]
fn release() {
    each_has_its_own(RELEASE);
}

#[test]
fn as_small_as_it_gets() {
    each_has_its_own(SMALL);
}

fn each_has_its_own(variant: Variant) {
    for binary in OF_A_LIBRARY {
        check::of_a_library(&build(binary, variant, "default", &[]), binary);
    }
}

/// Where the linker keeps what nothing calls, the program says which manifest is its own.
#[test]
fn of_two_manifests_the_program_says_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let kept = ["-Clink-arg=-Wl,--no-gc-sections"];
    for binary in OF_A_LIBRARY {
        let executable = build(binary, DEV, "not-collected", &kept);
        let records = match record(&executable) {
            Err(SectionError::SeveralRecords { records, .. }) => records,
            other => panic!("{other:?}"),
        };
        assert_eq!(records.len(), 2);
        let (_, mut command) = packing(&executable, folder.path(), binary, "auto");
        let line = said(run(&mut command));
        assert_eq!(line["introspection"], "run");
        let dags: Vec<_> = line["dags"].as_object().unwrap().keys().collect();
        assert_eq!(dags, [binary]);

        // What is not asked, and what cannot run here, is an error that names both.
        let foreign = folder.path().join("foreign");
        let mut image = fs::read(&executable).unwrap();
        // RISC-V, which no machine that runs these tests is.
        image[18] = 243;
        fs::write(&foreign, image).unwrap();
        for (executable, how) in [(&executable, "section"), (&foreign, "auto")] {
            let (bundle, mut command) = packing(executable, folder.path(), "none", how);
            run(&mut command).must_end_with(1).says(&[
                "holds 2 manifests",
                "one with `sales`",
                "one with `audit`",
                "--introspect run",
            ]);
            assert!(!bundle.exists());
        }
    }
}
