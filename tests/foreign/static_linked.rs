//! Executables that need no library: the GNU C library linked in, and musl.

use std::process::Command;

use serde_json::{Value, json};

use crate::project::{BUILD_STD, Compiler, WITHOUT_SDK, packing};
use crate::reports::{consistent, judged, packed, path, prints_its_manifest};
use crate::tools;

/// Checks what every report says of a static executable, and that the oldest C library is enough for it.
#[track_caller]
fn static_here(line: &Value) {
    let info = &line["executable_info"];
    assert_eq!(info["linkage"], "static");
    assert_eq!(info["architectures"], json!(["x86_64"]));
    assert_eq!(info["runs_here"], true);
    for key in ["interpreter", "glibc"] {
        assert!(info[key].is_null(), "{info}");
    }
    consistent(line, &[]);
    let (judged, code) = judged(&path(line), &["--glibc", "2.0"]);
    assert_eq!((&judged["problems"], code), (&json!([]), 0));
    prints_its_manifest(line, &mut Command::new(path(line)));
}

#[test]
fn with_the_gnu_c_library() {
    tools::must_be_installed();
    let folder = tempfile::tempdir().unwrap();
    // Without `--target`, the flags would be for build scripts and macros too, which cannot be static.
    let mut command = packing(WITHOUT_SDK, Compiler::Own, "static");
    command
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .env("RUSTFLAGS", "-Ctarget-feature=+crt-static");
    let line = packed(command.arg("--out-dir").arg(folder.path()));
    assert_eq!(line["introspection"], "run");
    static_here(&line);
}

/// musl's C library is zig's, the linker cargo-zigbuild's.
#[test]
fn with_musl() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = packing(WITHOUT_SDK, Compiler::Debian, "cross");
    command.args(["--cargo-build", "zigbuild"]).args(BUILD_STD);
    command.args(["--target", "x86_64-unknown-linux-musl", "--out-dir"]);
    let line = packed(command.arg(folder.path()));
    assert_eq!(line["target_triple"], "x86_64-unknown-linux-musl");
    assert_eq!(line["introspection"], "run");
    static_here(&line);
}
