//! Real tools change real bundles after packing, and `verify` says what has happened to each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::packer::{assemble, set_mode, succeeded};
use crate::project::{Compiler, WITH_SDK, packing};
use crate::reports::{codes, judged, packed, path};
use crate::{apple, windows};

/// A tool with its arguments, and the code of the problem that it leaves.
type Change = (&'static str, &'static [&'static str], &'static str);

const MISSING: &str = "footer-missing";
const MOVED: &str = "footer-moved";

/// Applies each change to a copy of `bundle`.
#[track_caller]
fn changed(bundle: &Path, changes: &[Change]) {
    let folder = tempfile::tempdir().unwrap();
    for (tool, args, code) in changes {
        let copy = folder.path().join("copy");
        fs::copy(bundle, &copy).unwrap();
        let hint = "tests/foreign/packages.txt names the packages";
        succeeded(Command::new(tool).args(*args).arg(&copy), hint);
        // Some write a new file; the worker looks at executable ones only.
        set_mode(&copy, 0o755);
        let shown = format!("{tool} {args:?}");
        let (line, exit) = judged(&copy, &[]);
        assert_eq!(codes(&line["problems"]), [*code], "{shown}: {line:#}");
        assert_eq!((&line["usable"], exit), (&json!(false), 100), "{shown}");
        let cause = match *code {
            MISSING => "`strip` or `objcopy` removed the footer",
            MOVED => "the file was changed after packing (by patchelf",
            _ => "the executable was changed after packing",
        };
        let message = line["problems"][0]["message"].as_str().unwrap();
        assert!(message.contains(cause), "{shown}: {message}");
    }
}

fn bundle(command: &mut Command, folder: &Path) -> PathBuf {
    path(&packed(command.arg("--out-dir").arg(folder)))
}

#[test]
fn elf() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = packing(WITH_SDK, Compiler::Debian, "cross");
    command
        .env(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "aarch64-linux-gnu-gcc",
        )
        .args(["--bin", WITH_SDK, "--target", "aarch64-unknown-linux-gnu"]);
    let bundle = bundle(&mut command, folder.path());
    let added: &[&str] = &["--set-section-alignment", ".comment=16"];
    changed(
        &bundle,
        &[
            ("aarch64-linux-gnu-strip", &[], MISSING),
            ("aarch64-linux-gnu-strip", &["--strip-debug"], MISSING),
            ("aarch64-linux-gnu-objcopy", &[], MISSING),
            ("aarch64-linux-gnu-objcopy", added, MISSING),
            ("llvm-strip", &[], MISSING),
            ("llvm-strip", &["--strip-debug"], MISSING),
            ("llvm-objcopy", &[], MISSING),
            ("patchelf", &["--set-rpath", "/opt/lib"], MOVED),
            ("patchelf", &["--add-needed", "libm.so.6"], MOVED),
            (
                "patchelf",
                &["--set-interpreter", "/opt/a/rather/long/way/to/ld.so"],
                MOVED,
            ),
        ],
    );
    repaired_by_hand(&bundle);
}

/// A stripped executable under the old footer: what a script makes that saves the end of the file and puts it back.
fn repaired_by_hand(bundle: &Path) {
    let (whole, _) = judged(bundle, &[]);
    assert_eq!(whole["usable"], true);
    let old = fs::read(bundle).unwrap();
    let stripped = bundle.with_extension("stripped");
    fs::copy(bundle, &stripped).unwrap();
    succeeded(
        Command::new("aarch64-linux-gnu-strip").arg(&stripped),
        "binutils for aarch64",
    );
    let executable = fs::read(&stripped).unwrap();
    let trailer = &old[old.len() - 64..];
    let length = |at: usize| {
        let bytes = trailer[at..at + 4].try_into().unwrap();
        usize::try_from(u32::from_le_bytes(bytes)).unwrap()
    };
    let tail = old.len() - 64 - length(0) - length(4);
    fs::write(&stripped, [&executable, &old[tail..]].concat()).unwrap();
    let (line, code) = judged(&stripped, &[]);
    assert_eq!(codes(&line["problems"]), ["digest-mismatch"], "{line:#}");
    assert_eq!(code, 100);
    // With a trailer of its own it is a bundle like others.
    let source = &old[tail..tail + length(0)];
    let manifest = &old[tail + length(0)..old.len() - 64];
    fs::write(&stripped, assemble(&executable, source, manifest)).unwrap();
    assert_eq!(judged(&stripped, &[]).0["usable"], true);
}

#[test]
fn pe() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&mut windows::pack(&[]), folder.path());
    changed(
        &bundle,
        &[
            ("x86_64-w64-mingw32-strip", &[], MISSING),
            ("x86_64-w64-mingw32-objcopy", &[], MISSING),
            // GNU strip of Linux knows PE too.
            ("strip", &[], MISSING),
            ("llvm-strip", &[], MISSING),
            ("llvm-objcopy", &[], MISSING),
        ],
    );
}

#[test]
fn mach_o() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&mut apple::pack(&[]), folder.path());
    changed(
        &bundle,
        &[
            ("llvm-strip", &[], MISSING),
            ("llvm-objcopy", &[], MISSING),
            (
                "llvm-objcopy",
                &["--add-section", "__AFPAY,__pay=/dev/null"],
                MISSING,
            ),
        ],
    );
}
