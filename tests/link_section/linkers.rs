//! Every profile with every linker: one record, equal to what the executable prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_airflow_bundle::executable::link_record;
use cargo_airflow_bundle::manifest::Manifest;
use object::{Object, ObjectSection, SectionKind};

use crate::project::{DECLARED, DEV, RELEASE, STRIPPED, Variant, build, metadata};

/// How the section is called; behind a dot follows the place of the `bundle!`.
const SECTION: &str = ".airflow_md";

pub struct Linker {
    pub name: &'static str,
    /// The program, if it is not rustc's own.
    program: Option<&'static str>,
    pub rustc: &'static [&'static str],
    /// The name that it leaves in the section `.comment`; GNU's leaves none.
    signature: Option<&'static str>,
}

/// `cc` finds linkers by their short names; the last `-fuse-ld` is the one that counts.
pub const LINKERS: [Linker; 4] = [
    Linker {
        name: "default",
        program: None,
        rustc: &[],
        // Elsewhere, rustc leaves the choice to `cc`.
        signature: if cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
            Some("LLD")
        } else {
            None
        },
    },
    Linker {
        name: "bfd",
        program: Some("ld.bfd"),
        rustc: &["-Clink-arg=-fuse-ld=bfd"],
        signature: None,
    },
    Linker {
        name: "lld",
        program: Some("ld.lld"),
        // Where rustc's own LLD is the default, its folder would come first.
        rustc: if cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
            &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=lld"]
        } else {
            &["-Clink-arg=-fuse-ld=lld"]
        },
        signature: Some("LLD"),
    },
    Linker {
        name: "mold",
        program: Some("mold"),
        rustc: &["-Clink-arg=-fuse-ld=mold"],
        signature: Some("mold"),
    },
];

/// What `bundle!` of the test project has to become.
const MANIFEST_START: &str = concat!(
    r#"{"airflow_bundle_metadata_version":"1.0","dags":{"#,
    r#""minimal":{"tasks":["nothing","größe"]},"reports.monthly-1":{"tasks":["monthly","yearly"]}},"#,
    r#""sdk":{"language":"rust","#
);

#[test]
fn dev() {
    with_each_linker(DEV);
}

#[test]
fn release() {
    with_each_linker(RELEASE);
}

#[test]
fn stripped() {
    with_each_linker(STRIPPED);
}

#[test]
fn sections_collected() {
    with_each_linker(Variant {
        name: "gc-sections",
        rustc: &["-Clink-arg=-Wl,--gc-sections", "-Cstrip=symbols"],
        ..RELEASE
    });
}

#[test]
fn panic_abort() {
    with_each_linker(Variant {
        name: "abort",
        cargo: &["--release", "--config=profile.release.panic='abort'"],
        ..RELEASE
    });
}

#[test]
fn fat_lto() {
    with_each_linker(Variant {
        name: "fat-lto",
        cargo: &["--release", "--config=profile.release.lto='fat'"],
        ..RELEASE
    });
}

#[test]
fn as_small_as_it_gets() {
    with_each_linker(Variant {
        name: "small",
        cargo: &[
            "--release",
            "--config=profile.release.opt-level='z'",
            "--config=profile.release.lto='fat'",
            "--config=profile.release.codegen-units=1",
            "--config=profile.release.panic='abort'",
            "--config=profile.release.strip=true",
        ],
        ..RELEASE
    });
}

fn with_each_linker(variant: Variant) {
    for linker in &LINKERS {
        let version = linker.version();
        let executable = build(DECLARED, variant, linker.name, linker.rustc);
        linker.must_have_made(&executable, &version);
        check(&executable);
    }
}

impl Linker {
    /// Name and version as the linker says them; empty for rustc's own.
    pub fn version(&self) -> String {
        let Some(program) = self.program else {
            return String::new();
        };
        let needs = format!(
            "this test needs the linker `{program}` (Debian: apt-get install binutils lld mold)"
        );
        let output = Command::new(program).arg("--version").output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}; {needs}"));
        assert!(output.status.success(), "{}; {needs}", output.status);
        let text = String::from_utf8(output.stdout).unwrap();
        text.split(" (").next().unwrap().to_owned()
    }

    /// A linker that was not found, or not asked, must not pass for the one that was meant.
    pub fn must_have_made(&self, executable: &Path, version: &str) {
        let image = fs::read(executable).unwrap();
        let image = object::File::parse(&*image).unwrap();
        let comment = image.section_by_name(".comment").unwrap();
        let comment = String::from_utf8_lossy(comment.data().unwrap());
        for name in ["LLD", "mold"] {
            let found = comment.contains(name);
            assert_eq!(
                found,
                self.signature == Some(name),
                "{}: {comment}",
                self.name
            );
        }
        assert!(
            self.signature.is_none() || comment.contains(version),
            "{}: {version}: {comment}",
            self.name
        );
    }
}

/// The executable holds exactly one record, which is what it prints.
fn check(executable: &Path) {
    let what = executable.display();
    let printed = metadata(executable);
    assert!(printed.starts_with(MANIFEST_START), "{what}: {printed}");

    let file = fs::File::open(executable).unwrap();
    let len = file.metadata().unwrap().len();
    let record = link_record(&file, 0, len).unwrap().expect("a record");
    assert_eq!(record.json, printed, "{what}");
    assert_eq!(record.section, SECTION, "{what}");

    let manifest = Manifest::parse(&record.json).unwrap();
    let dags: Vec<_> = manifest.dag_ids().collect();
    assert_eq!(dags, ["minimal", "reports.monthly-1"], "{what}");
    assert_eq!(manifest.task_count(), 4, "{what}");

    let image = fs::read(executable).unwrap();
    let image = object::File::parse(&*image).unwrap();
    let sections: Vec<_> = image
        .sections()
        .filter(|section| section.name().is_ok_and(|name| name.starts_with(SECTION)))
        .collect();
    let [section] = &sections[..] else {
        panic!("{what}: {} sections", sections.len());
    };
    let mut expected = b"AFMETA01".to_vec();
    expected.extend(u32::try_from(printed.len()).unwrap().to_le_bytes());
    expected.extend(printed.as_bytes());
    assert_eq!(section.data().unwrap(), expected, "{what}");
    // In the program's memory, where nobody can write to it.
    assert_eq!(section.kind(), SectionKind::ReadOnlyData, "{what}");
}
