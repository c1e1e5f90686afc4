//! The manifest that `airflow_sdk::bundle!` puts into an executable is in it whatever the linker does.
//!
//! `cargo test --test linkers` runs it. It needs lld and mold, which come neither with Rust nor with a C compiler. Each linker
//! gets the profiles in which linkers have most to do; with `LINKER_PROFILES=all` it gets all of them.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is a test failure"
)]

#[path = "../link_section/builds.rs"]
#[allow(dead_code, reason = "the tests of the link section use the rest")]
mod builds;
#[path = "../link_section/check.rs"]
#[allow(dead_code, reason = "the tests of the link section use the rest")]
mod check;
#[path = "../common/project.rs"]
mod project;

use std::fs;
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection};

use builds::{
    COLLECTED, DECLARED, DEV, OF_A_LIBRARY, PLAIN_DEPENDENCIES, RELEASE, SMALL, STRIPPED, Variant,
    build,
};

const PANIC_ABORT: Variant = Variant {
    name: "abort",
    cargo: &[
        "--release",
        PLAIN_DEPENDENCIES,
        "--config=profile.release.panic='abort'",
    ],
    rustc: &[],
};

const FAT_LTO: Variant = Variant {
    name: "fat-lto",
    cargo: &[
        "--release",
        PLAIN_DEPENDENCIES,
        "--config=profile.release.lto='fat'",
    ],
    rustc: &[],
};

const THIN_LTO: Variant = Variant {
    name: "thin-lto",
    cargo: &[
        "--release",
        PLAIN_DEPENDENCIES,
        "--config=profile.release.lto='thin'",
        "--config=profile.release.codegen-units=1",
    ],
    rustc: &[],
};

struct Linker {
    name: &'static str,
    /// The program, if it is not rustc's own.
    program: Option<&'static str>,
    rustc: &'static [&'static str],
    /// The name that it leaves in the section `.comment`; GNU's leaves none.
    signature: Option<&'static str>,
}

/// `cc` finds linkers by their short names; the last `-fuse-ld` is the one that counts.
const LINKERS: [Linker; 4] = [
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

/// Some of the profiles, or all.
fn profiles(some: &[Variant], others: &[Variant]) -> Vec<Variant> {
    let all = std::env::var_os("LINKER_PROFILES").is_some_and(|which| which == "all");
    [some, if all { others } else { &[] }].concat()
}

#[test]
fn an_executable_holds_one_record() {
    for variant in profiles(
        &[DEV, STRIPPED, SMALL],
        &[RELEASE, COLLECTED, PANIC_ABORT, FAT_LTO],
    ) {
        for linker in &LINKERS {
            let executable = build(DECLARED, variant, linker.name, linker.rustc);
            linker.must_have_made(&executable);
            check::declared(&executable);
        }
    }
}

#[test]
fn of_two_records_in_a_library_each_executable_holds_its_own() {
    for variant in profiles(&[DEV, RELEASE], &[FAT_LTO, THIN_LTO]) {
        for linker in &LINKERS {
            for binary in OF_A_LIBRARY {
                let executable = build(binary, variant, linker.name, linker.rustc);
                linker.must_have_made(&executable);
                check::of_a_library(&executable, binary);
            }
        }
    }
}

impl Linker {
    /// Name and version as the linker says them; empty for rustc's own.
    fn version(&self) -> String {
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
    fn must_have_made(&self, executable: &Path) {
        let version = self.version();
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
            self.signature.is_none() || comment.contains(&version),
            "{}: {version}: {comment}",
            self.name
        );
    }
}
