//! `--cargo-build` with the real cargo-zigbuild and cargo-auditable.

use std::process::Command;

use serde_json::Value;

use crate::packer::run;
use crate::packer::succeeded;
use crate::project::{Compiler, WITH_SDK, WITHOUT_SDK, packing};
use crate::reports::{codes, consistent, judged, packed, path, prints_its_manifest};
use crate::tools::{cargo_tool, must_be_installed};

/// The version of the GNU C library that a bundle of this machine needs.
fn glibc(line: &Value) -> &str {
    line["executable_info"]["glibc"].as_str().unwrap()
}

/// For workers with an old C library, on a machine with a newer one.
#[test]
fn zigbuild_builds_for_an_older_c_library() {
    must_be_installed();
    let folder = tempfile::tempdir().unwrap();
    let mut zig = packing(WITHOUT_SDK, Compiler::Own, "zigbuild");
    zig.args(["--cargo-build", "zigbuild", "--target"]);
    zig.args(["x86_64-unknown-linux-gnu.2.28", "--out-dir"]);
    let zig = packed(zig.arg(folder.path().join("zig")));
    assert_eq!(zig["introspection"], "run");
    assert_eq!(zig["target_triple"], "x86_64-unknown-linux-gnu.2.28");
    assert_eq!(glibc(&zig), "2.28");
    consistent(&zig, &[]);
    assert_eq!(judged(&path(&zig), &["--glibc", "2.28"]).1, 0);
    prints_its_manifest(&zig, &mut Command::new(path(&zig)));

    let mut plain = packing(WITHOUT_SDK, Compiler::Own, "plain");
    plain.arg("--out-dir").arg(folder.path().join("plain"));
    let plain = packed(&mut plain);
    let (judged, code) = judged(&path(&plain), &["--glibc", "2.28"]);
    assert_eq!((codes(&judged["problems"]), code), (vec!["glibc"], 100));
    let message = judged["problems"][0]["message"].as_str().unwrap();
    let begins = format!("it needs glibc {} for `", glibc(&plain));
    assert!(message.starts_with(&begins), "{message}");
}

/// The runner is set for cargo's triple, which has no version of a C library.
#[test]
fn zigbuild_for_another_architecture_and_an_older_c_library() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = packing(WITHOUT_SDK, Compiler::Debian, "zigbuild");
    command.args(["--cargo-build", "zigbuild", "--target"]);
    command.args(["aarch64-unknown-linux-gnu.2.28", "--out-dir"]);
    command.arg(folder.path()).env(
        "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
        "qemu-aarch64 -L /usr/aarch64-linux-gnu",
    );
    let line = packed(&mut command);
    assert_eq!(line["introspection"], "run");
    assert_eq!(glibc(&line), "2.28");
    consistent(&line, &["architecture"]);
    assert_eq!(judged(&path(&line), &["--glibc", "2.28"]).1, 0);
}

/// cargo-auditable writes the dependencies into a section, which rust-audit-info finds in the bundle.
#[test]
fn auditable_leaves_its_list_in_the_bundle() {
    must_be_installed();
    cargo_tool("cargo-auditable");
    let folder = tempfile::tempdir().unwrap();
    let mut command = packing(WITH_SDK, Compiler::Own, "auditable");
    command.args(["--bin", WITH_SDK, "--cargo-build", "auditable build"]);
    let line = packed(command.arg("--out-dir").arg(folder.path()));
    assert_eq!(line["introspection"], "section");
    consistent(&line, &[]);
    prints_its_manifest(&line, &mut Command::new(path(&line)));

    let audited = |file: &std::path::Path| -> Value {
        let mut command = Command::new(cargo_tool("rust-audit-info"));
        let output = succeeded(command.arg(file), "it lists dependencies");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let list = audited(&path(&line));
    assert_eq!(list, audited(line["executable"].as_str().unwrap().as_ref()));
    let packages = list["packages"].as_array().unwrap();
    let mut names = packages.iter().map(|one| one["name"].as_str().unwrap());
    assert!(names.any(|name| name == "airflow-sdk"), "{list:#}");
    let root = packages.iter().find(|one| one["root"] == true).unwrap();
    assert_eq!(root["name"], WITH_SDK);

    // A plain build has no such list.
    let mut plain = packing(WITHOUT_SDK, Compiler::Own, "plain");
    plain.arg("--out-dir").arg(folder.path().join("plain"));
    let plain = packed(&mut plain);
    let none = run(Command::new(cargo_tool("rust-audit-info")).arg(path(&plain)));
    assert_ne!(none.code, 0, "{none:?}");
}
