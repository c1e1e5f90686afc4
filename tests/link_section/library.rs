//! A library with a `bundle!` for each of two executables: each executable holds the record of the one that it serves.

use std::fs;
use std::path::Path;

use cargo_airflow_bundle::executable::{SectionError, link_record};

use crate::introspection::packing;
use crate::linkers::LINKERS;
use crate::project::{DEV, OF_A_LIBRARY, RELEASE, Variant, build, metadata, run, succeeded};

#[test]
fn dev() {
    each_has_its_own(DEV);
}

#[test]
fn release() {
    each_has_its_own(RELEASE);
}

#[test]
fn fat_lto() {
    each_has_its_own(Variant {
        name: "fat-lto",
        cargo: &["--release", "--config=profile.release.lto='fat'"],
        ..RELEASE
    });
}

#[test]
fn thin_lto_of_one_codegen_unit() {
    each_has_its_own(Variant {
        name: "thin-lto",
        cargo: &[
            "--release",
            "--config=profile.release.lto='thin'",
            "--config=profile.release.codegen-units=1",
        ],
        ..RELEASE
    });
}

fn each_has_its_own(variant: Variant) {
    for linker in &LINKERS {
        let version = linker.version();
        for binary in OF_A_LIBRARY {
            let executable = build(binary, variant, linker.name, linker.rustc);
            linker.must_have_made(&executable, &version);
            let printed = metadata(&executable);
            assert!(
                printed.contains(&format!(r#""dags":{{"{binary}":"#)),
                "{printed}"
            );
            let record = record(&executable).unwrap();
            assert_eq!(record.as_ref(), Some(&printed), "{}", executable.display());
        }
    }
}

fn record(executable: &Path) -> Result<Option<String>, SectionError> {
    let file = fs::File::open(executable).unwrap();
    let len = file.metadata().unwrap().len();
    link_record(file, 0, len).map(|record| record.map(|record| record.json))
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
        let packed = succeeded(&mut command);
        let line: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap();
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
            let refused = run(&mut command);
            let text = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(refused.status.code(), Some(1), "{text}");
            for words in [
                "holds 2 manifests",
                "one with `sales`",
                "one with `audit`",
                "--introspect run",
            ] {
                assert!(text.contains(words), "{words}: {text}");
            }
            assert!(!bundle.exists());
        }
    }
}
