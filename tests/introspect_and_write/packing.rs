//! The library's `packing` refuses what the command refuses, with typed errors, and writes the same bundle.

use std::error::Error as _;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use cargo_airflow_bundle::bundle::output::OutputError;
use cargo_airflow_bundle::bundle::writer::WriteError;
use cargo_airflow_bundle::manifest::Manifest;
use cargo_airflow_bundle::packing::{PackError, pack_executable};

use crate::packer::{Bench, MANIFEST, run};

fn manifest() -> Manifest {
    Manifest::parse(MANIFEST).unwrap()
}

#[test]
fn the_library_writes_the_bundle_of_the_command() {
    let bench = Bench::new();
    bench.write("captured.json", MANIFEST);
    let mut command = bench.packer();
    command.args(["--airflow-metadata", "captured.json", "-o", "by-command"]);
    run(&mut command).ok();
    let output = bench.path("by-library");
    let (executable, source) = (bench.path("etl"), bench.path("main.rs"));
    let packed = pack_executable(&executable, &source, Some(&manifest()), &output).unwrap();
    assert!(!packed.fresh);
    assert_eq!(
        fs::read(&output).unwrap(),
        fs::read(bench.path("by-command")).unwrap()
    );
    let again = pack_executable(&executable, &source, Some(&manifest()), &output).unwrap();
    assert!(again.fresh);
}

#[test]
fn the_library_reads_the_link_section() {
    let bench = Bench::with_program("link_section");
    let mut command = bench.packer();
    command.args(["--introspect", "section", "-o", "by-command"]);
    run(&mut command).ok();
    let output = bench.path("by-library");
    pack_executable(&bench.path("etl"), &bench.path("main.rs"), None, &output).unwrap();
    assert_eq!(
        fs::read(&output).unwrap(),
        fs::read(bench.path("by-command")).unwrap()
    );
}

#[test]
fn the_library_refuses_what_the_command_refuses_before_it_writes() {
    let bench = Bench::new();
    let output = bench.path("folder/bundle");
    let pack = |source: &std::path::Path, manifest: Option<&Manifest>| {
        let result = pack_executable(&bench.path("etl"), source, manifest, &output);
        assert!(!bench.path("folder").exists(), "nothing is written");
        result.unwrap_err()
    };
    let good = manifest();

    let latin = bench.write("latin.rs", b"// caf\xe9\n");
    let error = pack(&latin, Some(&good));
    assert!(matches!(
        &error,
        PackError::Source(path, WriteError::NotUtf8(_, 1)) if *path == latin
    ));
    assert!(error.source().unwrap().to_string().contains("not UTF-8"));

    let named = bench.path(OsStr::from_bytes(b"caf\xe9.rs"));
    fs::write(&named, "// fine\n").unwrap();
    let error = pack(&named, Some(&good));
    assert!(matches!(&error, PackError::SourceName(path) if *path == named));

    let error = pack(&bench.path("nowhere.rs"), Some(&good));
    assert!(matches!(&error, PackError::OpenSource(..)));
    assert!(error.source().is_some());

    // The program of the bench has no link section.
    let error = pack(&bench.path("main.rs"), None);
    assert!(matches!(&error, PackError::NoManifest(_)), "{error}");

    let source = bench.path("main.rs");
    let error = pack_executable(&source, &source, Some(&good), &output).unwrap_err();
    assert!(matches!(&error, PackError::Refused(..)), "{error}");

    let error = pack_executable(&bench.path("etl"), &source, Some(&good), &source).unwrap_err();
    assert!(matches!(
        &error,
        PackError::Output(_, OutputError::IsInput(_))
    ));
    assert!(error.source().is_some());
}
