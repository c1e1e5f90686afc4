//! `--introspect`: what is read from the link section, what is run, and what is an error.

use std::fs;
use std::process::Command;

use crate::packer::{BUNDLE, Bench, EXECUTABLE, MANIFEST, Outcome, packer, run};

/// A program that holds its manifest in its section, prints the same one, and notes that it was run.
const WITH_SECTION: &str = "link_section";

fn pack(bench: &Bench, args: &[&str]) -> Outcome {
    run(bench.packer().args(args))
}

#[track_caller]
fn nothing_ran(bench: &Bench) {
    assert_eq!(bench.processes(), [] as [u32; 0]);
}

/// The bytes of the executable from the record in its section on, for a test to change.
struct Image {
    bytes: Vec<u8>,
    record: usize,
    /// The length of the record's text.
    length: usize,
}

impl Image {
    fn read(bench: &Bench) -> Self {
        let bytes = fs::read(bench.path(EXECUTABLE)).unwrap();
        let mut places = (0..bytes.len()).filter(|&at| {
            bytes[at..].starts_with(b"AFMETA01") && bytes[at + 12..].starts_with(b"{\n")
        });
        let record = places.next().expect("a record");
        assert_eq!(places.next(), None, "one record");
        let length = u32::from_le_bytes(*bytes[record + 8..].first_chunk().unwrap());
        let length = usize::try_from(length).unwrap();
        Self {
            bytes,
            record,
            length,
        }
    }

    /// Puts `text` into the section, with zeros behind it.
    fn replace(mut self, bench: &Bench, text: &[u8]) {
        let section = &mut self.bytes[self.record..][..12 + self.length];
        let (head, rest) = section.split_at_mut(text.len());
        head.copy_from_slice(text);
        rest.fill(0);
        write(bench, &self.bytes);
    }
}

fn write(bench: &Bench, executable: &[u8]) {
    fs::write(bench.path(EXECUTABLE), executable).unwrap();
}

fn record(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    [b"AFMETA01", &length[..], text].concat()
}

/// The machine number in the header of an ELF file.
fn set_machine(bench: &Bench, machine: u8) {
    let mut bytes = fs::read(bench.path(EXECUTABLE)).unwrap();
    bytes[18..20].copy_from_slice(&[machine, 0]);
    write(bench, &bytes);
}

/// RISC-V, which no machine that runs these tests is.
const FOREIGN: u8 = 243;

#[test]
fn a_section_is_read() {
    let bench = Bench::with_program(WITH_SECTION);
    let mut bundles = Vec::new();
    // How often it is started: to print its manifest, and for the trial.
    for (args, from, starts) in [
        (&[][..], "section", 1),
        (&["--introspect", "auto"], "section", 1),
        (&["--introspect=section"], "section", 0),
        (&["--introspect", "run"], "run", 2),
    ] {
        let before = bench.processes().len();
        let args = [args, &["--message-format", "json", "-o", "out"]].concat();
        let outcome = pack(&bench, &args).ok();
        let [line] = outcome.json().try_into().unwrap();
        assert_eq!(line["introspection"], from, "{args:?}");
        assert_eq!(
            line["dags"],
            serde_json::json!({"misbehaving": {"tasks": ["extract", "load"]}})
        );
        assert_eq!(bench.processes().len() - before, starts, "{args:?}");
        bundles.push(fs::read(bench.path("out")).unwrap());
        fs::remove_file(bench.path("out")).unwrap();
    }
    bundles.dedup();
    assert_eq!(bundles.len(), 1, "the same bundle, whatever the way");
}

#[test]
fn without_a_section_it_is_run() {
    let bench = Bench::new();
    let outcome = bench.pack(MANIFEST, &["--message-format", "json"]);
    let line = outcome.ok().json().remove(0);
    assert_eq!(line["introspection"], "run");
    assert_eq!(bench.processes().len(), 1);

    let bench = Bench::new();
    let before = bench.listing();
    let words = [
        "`etl` has no link section",
        "`bundle!`",
        "registered at run time",
        "--introspect run",
        "--airflow-metadata FILE",
    ];
    pack(&bench, &["--introspect", "section"]).fails(1, &words);
    nothing_ran(&bench);
    assert_eq!(bench.listing(), before);
}

#[test]
fn a_file_is_instead_of_the_executable() {
    let bench = Bench::with_program(WITH_SECTION);
    bench.write("captured.json", MANIFEST);
    let file = ["--airflow-metadata", "captured.json"];
    let outcome = pack(&bench, &[&file[..], &["--message-format=json"]].concat());
    let line = outcome.ok().json().remove(0);
    assert_eq!(line["introspection"], "file");
    assert!(line["dags"]["sales"].is_object(), "not the section's");
    for how in ["auto", "section", "run"] {
        let args = [&file[..], &["--introspect", how]].concat();
        pack(&bench, &args).fails(2, &["--introspect", "--airflow-metadata"]);
    }
    pack(&bench, &["--introspect", "never"]).fails(2, &["auto", "section", "run"]);
    nothing_ran(&bench);
}

/// Damage is never passed over by running the executable.
#[test]
fn a_damaged_record_is_an_error() {
    let text = MANIFEST.as_bytes();
    let no_version = r#"{"dags": {"d": {"tasks": []}}}"#;
    let cases: [(Vec<u8>, &str); 7] = [
        (
            [record(b"{}"), b"more".to_vec()].concat(),
            "holds something else behind",
        ),
        (
            b"AFMETA02\0\0\0\0".to_vec(),
            "does not begin with a manifest record",
        ),
        (b"AFMETA01\xff\xff\0\0{}".to_vec(), "claims 65535 bytes"),
        (record(b"\xff"), "is not UTF-8"),
        (record(b""), "it is empty; expected a JSON or YAML manifest"),
        (record(&text[..text.len() / 2]), "EOF"),
        (
            record(no_version.as_bytes()),
            "`airflow_bundle_metadata_version`",
        ),
    ];
    for (section, words) in cases {
        let bench = Bench::with_program(WITH_SECTION);
        Image::read(&bench).replace(&bench, &section);
        let before = bench.listing();
        for how in ["auto", "section"] {
            let outcome = pack(&bench, &["--introspect", how]);
            let outcome = outcome.fails(1, &["the link section of `etl`", words]);
            assert!(!outcome.stderr.contains("serve()"), "{}", outcome.stderr);
        }
        nothing_ran(&bench);
        assert_eq!(bench.listing(), before, "nothing was written");
        // Who asks for it gets it.
        pack(&bench, &["--introspect", "run"]).ok();
    }
}

#[test]
fn a_foreign_executable_with_a_section_is_packed() {
    let bench = Bench::with_program(WITH_SECTION);
    set_machine(&bench, FOREIGN);
    let outcome = pack(&bench, &["--message-format", "json"]).ok();
    let line = outcome.json().remove(0);
    assert_eq!(line["introspection"], "section");
    let info = &line["executable_info"];
    assert_eq!(info["architectures"], serde_json::json!(["riscv64"]));
    assert_eq!(info["runs_here"], false);
    assert!(
        outcome
            .stderr
            .contains("ELF executable for Linux on riscv64")
    );
    nothing_ran(&bench);
    let mut verify = packer();
    verify.args(["verify"]).arg(bench.path(BUNDLE));
    run(&mut verify).ok();
}

#[test]
fn a_foreign_executable_without_a_section_is_refused() {
    let bench = Bench::new();
    set_machine(&bench, FOREIGN);
    let words = [
        "riscv64",
        "cannot be run on this machine",
        "no link section",
        "`bundle!` of `airflow-sdk`",
        "--introspect run",
        "--airflow-metadata FILE",
    ];
    pack(&bench, &[]).fails(1, &words);
    let refused = pack(&bench, &["--introspect", "run"]);
    // Where an emulator is registered for it, it starts and then crashes.
    refused.fails(1, &["etl --airflow-metadata` gave no manifest"]);
    assert!(!bench.path(BUNDLE).exists());
}

/// `strip` leaves the section.
#[test]
fn a_stripped_executable_is_read_too() {
    let bench = Bench::with_program(WITH_SECTION);
    let stripped = Command::new("strip")
        .arg(bench.path(EXECUTABLE))
        .status()
        .expect("strip (Debian: apt-get install binutils)");
    assert!(stripped.success());
    pack(&bench, &["--introspect", "section"]).ok();
    nothing_ran(&bench);
}
