//! The manifest in the link section, read back from executables of every profile and linker.
//!
//! Linkers drop what nobody uses, and optimizers fold what they can read: the record has to survive all of them, exactly once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection};

/// The profiles, as cargo's configuration; each is compiled once, and then linked by every linker.
const PROFILES: [(&str, &[&str]); 5] = [
    ("dev", &[]),
    (
        "release",
        &[
            "lto=false",
            "panic='unwind'",
            "strip=false",
            "opt-level=3",
            "codegen-units=16",
        ],
    ),
    (
        "strip",
        &[
            "lto=false",
            "panic='unwind'",
            "strip=true",
            "opt-level=3",
            "codegen-units=16",
        ],
    ),
    (
        "fat",
        &[
            "lto='fat'",
            "panic='unwind'",
            "strip=true",
            "opt-level=3",
            "codegen-units=1",
        ],
    ),
    (
        "small",
        &[
            "lto='fat'",
            "panic='abort'",
            "strip=true",
            "opt-level='z'",
            "codegen-units=1",
        ],
    ),
];

/// The linkers: the argument for the compiler driver, the program that it runs, and the Debian package that has it.
const LINKERS: [(&str, Option<&str>, &str, &str); 4] = [
    ("default", None, "cc", "gcc"),
    ("bfd", Some("-fuse-ld=bfd"), "ld.bfd", "binutils"),
    ("lld", Some("-fuse-ld=lld"), "ld.lld", "lld"),
    ("mold", Some("-fuse-ld=mold"), "mold", "mold"),
];

const EXPECTED: &str = concat!(
    r#"{"airflow_bundle_metadata_version":"1.0","dags":{"abort":{"tasks":["nothing","panics","always_panics","#,
    r#""panics_elsewhere"]}},"sdk":{"language":"rust","supervisor_schema_version":"2026-06-16","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}"#
);

/// The largest stripped executable that a bundle may be whose tasks do nothing, in bytes.
const MAX_SIZE: u64 = 1_000_000;

#[test]
fn the_record_survives_every_profile_and_linker() {
    for (_, _, program, package) in LINKERS {
        let found = Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        assert!(
            found,
            "this test needs {program}: apt-get install {package}"
        );
    }
    let project = project();
    for (profile, settings) in PROFILES {
        for (linker, argument, ..) in LINKERS {
            let executable = build(&project, profile, settings, argument);
            let bytes = fs::read(&executable).unwrap();
            assert_eq!(record(&bytes), EXPECTED, "{profile}, {linker}");
            let output = Command::new(&executable)
                .arg("--airflow-metadata")
                .output()
                .unwrap();
            assert_eq!(
                String::from_utf8_lossy(&output.stdout).trim_end(),
                EXPECTED,
                "{profile}, {linker}"
            );
            assert!(output.status.success(), "{profile}, {linker}");
            let by_hand = Command::new(&executable).output().unwrap();
            assert_eq!(by_hand.status.code(), Some(2), "{profile}, {linker}");
            let said = String::from_utf8_lossy(&by_hand.stderr);
            assert!(said.contains("abort: nothing, panics"), "{said}");
            let size = fs::metadata(&executable).unwrap().len();
            assert!(
                !["strip", "fat", "small"].contains(&profile) || size < MAX_SIZE,
                "{profile}, {linker}: {size} bytes"
            );
        }
    }
}

/// A copy of the smallest test project.
fn project() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-projects/sdk-abort");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("section");
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir_all(copy.join("src")).unwrap();
    for file in ["Cargo.toml", "src/main.rs"] {
        fs::copy(source.join(file), copy.join(file)).unwrap();
    }
    copy
}

/// Builds the project; the linker's argument concerns the last step only, so that nothing else is compiled again.
fn build(project: &Path, profile: &str, settings: &[&str], linker: Option<&str>) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("section/target");
    let base = if profile == "dev" { "dev" } else { "release" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target.join(profile))
        .env_remove("RUSTFLAGS");
    cargo.args(["rustc", "--quiet", "--profile", base, "--config"]);
    cargo.arg(format!(
        "patch.crates-io.airflow-sdk.path={:?}",
        env!("CARGO_MANIFEST_DIR")
    ));
    for setting in settings {
        cargo.args(["--config", &format!("profile.{base}.{setting}")]);
    }
    cargo.args(["--", "-C", "link-arg=-Wl,--gc-sections"]);
    if let Some(linker) = linker {
        // The default linker's own choice is switched off, or both arguments reach the driver.
        cargo.args([
            "-C",
            "linker-features=-lld",
            "-C",
            &format!("link-arg={linker}"),
        ]);
    }
    let output = cargo.output().unwrap();
    assert!(
        output.status.success(),
        "{cargo:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target
        .join(profile)
        .join(if base == "dev" { "debug" } else { "release" })
        .join("sdk-abort")
}

/// The text of the only record in the section.
fn record(bytes: &[u8]) -> String {
    let file = object::File::parse(bytes).unwrap();
    let section = file
        .section_by_name(".airflow_md")
        .expect("the section is gone");
    let data = section.data().unwrap();
    let text = data.strip_prefix(b"AFMETA01").unwrap();
    let (length, text) = text.split_first_chunk::<4>().unwrap();
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap();
    assert!(
        text[length..].iter().all(|byte| *byte == 0),
        "something follows the record"
    );
    String::from_utf8(text[..length].to_vec()).unwrap()
}
