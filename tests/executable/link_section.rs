//! The manifest in an executable's own section.

use cargo_airflow_bundle::executable::{LinkRecord, SectionError, link_record};

use crate::images::{ARM64, Content, MachO, Pe, X86_64, universal};
use crate::toolchain::Bench;

const JSON: &str = r#"{"dags":{"größe":{"tasks":[]}}}"#;

fn record(text: &str) -> Vec<u8> {
    let mut bytes = b"AFMETA01".to_vec();
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn found(bytes: &[u8]) -> Result<Option<LinkRecord>, SectionError> {
    link_record(std::io::Cursor::new(bytes), 0, bytes.len() as u64)
}

fn pe_with(section: &[u8]) -> Vec<u8> {
    Pe {
        sections: vec![(".text", b"code"), (".aflow", section)],
        ..Pe::default()
    }
    .build()
}

fn macho_with(cpu: u32, section: &[u8]) -> Vec<u8> {
    MachO {
        cpu,
        sections: vec![
            // The same name elsewhere is somebody else's.
            Content {
                segment: "__TEXT",
                name: "__airflow_md",
                bytes: b"other",
            },
            Content {
                segment: "__DATA",
                name: "__airflow_md",
                bytes: section,
            },
        ],
        ..MachO::default()
    }
    .build()
}

#[test]
fn a_rust_program_carries_its_record_also_when_stripped() {
    let bench = Bench::new();
    for (name, section, flags) in [
        ("plain", ".airflow_md", &["-g"][..]),
        ("stripped", ".airflow_md", &["-O", "-Cstrip=symbols"]),
        (
            "own-name",
            ".airflow_md.größe::module_with_a_long_name.12.3",
            &["-O"],
        ),
    ] {
        let source = format!(
            "#[used]\n#[unsafe(link_section = \"{section}\")]\nstatic RECORD: [u8; {}] = *b\"{}\";\n\
             #[used]\n#[unsafe(link_section = \".airflow_mdx\")]\nstatic OTHER: u8 = 1;\n\
             fn main() {{ println!(\"{{}}\", RECORD.len()); }}\n",
            record(JSON).len(),
            record(JSON).escape_ascii(),
        );
        let bytes = std::fs::read(bench.rustc(&source, flags, name)).unwrap();
        let record = found(&bytes).unwrap().unwrap();
        assert_eq!(record.json, JSON, "{name}");
        assert_eq!(record.section, ".airflow_md");
    }
}

#[test]
fn programs_without_a_record_have_none() {
    let none = std::fs::read("/bin/ls").unwrap();
    for bytes in [
        &none[..],
        b"",
        b"text",
        &Pe::default().build(),
        &MachO::default().build(),
        &universal(&[(ARM64, MachO::default().build())], false),
    ] {
        assert_eq!(found(bytes).unwrap(), None);
    }
}

#[test]
fn records_in_pe_and_macho_files() {
    let pe = found(&pe_with(&record(JSON))).unwrap().unwrap();
    assert_eq!((pe.json.as_str(), pe.section), (JSON, ".aflow"));
    // GNU ld fills a section up with zeros.
    let padded = [record(JSON), vec![0; 40]].concat();
    assert_eq!(found(&pe_with(&padded)).unwrap().unwrap().json, JSON);
    let macho = found(&macho_with(ARM64, &record(JSON))).unwrap().unwrap();
    assert_eq!(
        (macho.json.as_str(), macho.section),
        (JSON, "__DATA,__airflow_md")
    );
    // An empty text is for whoever parses it to complain about.
    assert_eq!(found(&pe_with(&record(""))).unwrap().unwrap().json, "");
}

#[test]
fn all_parts_of_a_universal_file_must_agree() {
    let same = universal(
        &[
            (X86_64, macho_with(X86_64, &record(JSON))),
            (ARM64, macho_with(ARM64, &record(JSON))),
        ],
        false,
    );
    assert_eq!(found(&same).unwrap().unwrap().json, JSON);
    for other in [macho_with(ARM64, &record("{}")), MachO::default().build()] {
        let differing = universal(
            &[(X86_64, macho_with(X86_64, &record(JSON))), (ARM64, other)],
            true,
        );
        let error = found(&differing).unwrap_err();
        assert!(matches!(error, SectionError::PartsDiffer), "{error:?}");
    }
}

#[test]
fn damaged_records_are_errors() {
    let text = record(JSON);
    let twice = [record(JSON), record(JSON)].concat();
    let apart = [record(JSON), vec![0; 5], record(JSON)].concat();
    let garbage = [record(JSON), b"\0\0x".to_vec()].concat();
    let mut long = record(JSON);
    long[8] += 1;
    let mut huge = record(JSON);
    huge[8..12].fill(0xff);
    let mut latin = record("abcd");
    latin[14] = 0xe4;
    for (section, expected) in [
        (&b""[..], "does not begin with a manifest record"),
        (b"AFMETA01", "does not begin with a manifest record"),
        (b"AFMETA02\0\0\0\0", "but with `AFMETA02"),
        (&[0; 64], "does not begin with a manifest record"),
        (&text[..text.len() - 1], "are there"),
        (&long, "claims"),
        (&huge, "claims 4294967295 bytes"),
        (&twice, "2 manifest records"),
        (&apart, "2 manifest records"),
        (&garbage, "something else behind"),
        (&latin, "not UTF-8 (byte 2)"),
    ] {
        for image in [pe_with(section), macho_with(ARM64, section)] {
            let error = match found(&image) {
                Err(error) => error.to_string(),
                Ok(found) => panic!("{}: {found:?}", section.escape_ascii()),
            };
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}

#[test]
fn a_text_of_sixteen_mebibytes_is_the_longest() {
    let longest = "x".repeat(16 * 1024 * 1024);
    let record_of_it = found(&pe_with(&record(&longest))).unwrap().unwrap();
    assert_eq!(record_of_it.json.len(), longest.len());
    let error = found(&pe_with(&record(&(longest + "x")))).unwrap_err();
    assert!(
        matches!(
            error,
            SectionError::TooLarge {
                size: 16_777_217,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn two_sections_are_an_error_that_has_both_texts() {
    let (first, second) = (record(JSON), record("{}"));
    let image = Pe {
        sections: vec![(".aflow", &first), (".aflow", &second)],
        ..Pe::default()
    }
    .build();
    let error = found(&image).unwrap_err();
    let SectionError::SeveralRecords { section, records } = error else {
        panic!("{error:?}");
    };
    assert_eq!(section, ".aflow");
    assert_eq!(records, [JSON, "{}"]);
}

/// Each may be as large as a manifest, and all of them together too.
#[test]
fn many_records_take_no_more_memory_than_one() {
    let many = record("").repeat(100_000);
    let error = found(&pe_with(&many)).unwrap_err();
    assert!(error.to_string().contains("16 manifest records"), "{error}");
    let large = record(&"x".repeat(9 * 1024 * 1024));
    let image = Pe {
        sections: vec![(".aflow", &large), (".aflow", &large)],
        ..Pe::default()
    }
    .build();
    let error = found(&image).unwrap_err();
    assert!(matches!(error, SectionError::TooLarge { .. }), "{error:?}");
}

#[test]
fn a_record_larger_than_allowed_is_refused_before_it_is_read() {
    let mut image = pe_with(&record(JSON));
    // The second section header: its size in memory and in the file.
    let header = 64 + 4 + 20 + 240 + 40;
    for at in [header + 8, header + 16] {
        image[at..at + 4].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    }
    let error = found(&image).unwrap_err();
    assert!(error.to_string().contains("cut short"), "{error}");
    // The file is large enough for it: a sparse one.
    let bench = Bench::new();
    let path = bench.write("large.exe", &image);
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    file.set_len(0x8000_0000).unwrap();
    let error = link_record(&file, 0, 0x8000_0000).unwrap_err();
    assert!(matches!(error, SectionError::TooLarge { .. }), "{error:?}");
}
