//! macOS: Mach-O files, whose code signature must outlive packing. Nothing here can run them.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::code_signature::check;
use crate::packer::run;
use crate::packer::succeeded;
use crate::project::{BUILD_STD, Compiler, WITH_SDK, packing};
use crate::reports::{bundles, consistent, inspected, packed, path};
use crate::tools;

const TARGET: &str = "aarch64-apple-darwin";

/// Packs the executable for macOS on aarch64, which zig links and signs ad hoc.
pub fn pack(args: &[&str]) -> Command {
    let mut command = packing(WITH_SDK, Compiler::Debian, "cross");
    command.args(BUILD_STD);
    command.args(["--bin", WITH_SDK, "--target", TARGET]);
    command.args(args);
    command
}

#[test]
fn a_signed_mach_o_is_packed_and_stays_signed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let outcome = run(&mut pack(&["--out-dir", out])).ok();
    let [line] = bundles(&outcome).try_into().unwrap();
    outcome.says(&["note: `sdk-minimal` is a Mach-O executable for macOS on aarch64"]);
    assert_eq!(line["introspection"], "section");
    assert_eq!(line["target_triple"], TARGET);
    let info = &line["executable_info"];
    assert_eq!(info["format"], "Mach-O");
    assert_eq!(info["os"], "macOS");
    assert_eq!(info["architectures"], json!(["aarch64"]));
    consistent(&line, &["architecture"]);
    let manifest = &inspected(&path(&line))["manifest"];
    assert_eq!(manifest["dags"], line["dags"]);
    assert_eq!(
        line["dags"]["minimal"]["tasks"],
        json!(["nothing", "größe"])
    );

    let bundle = fs::read(path(&line)).unwrap();
    let executable = fs::read(line["executable"].as_str().unwrap()).unwrap();
    let signature = check(&bundle).expect("a signature");
    assert!(signature.ad_hoc);
    assert_eq!(signature.wrong, [] as [usize; 0]);
    assert!(signature.pages > 10, "{signature:?}");
    // All of the executable but the signature itself, which ends it; the rest of the bundle stands behind.
    assert_eq!(signature.covered.end, signature.place.start);
    assert_eq!(signature.place.end, executable.len());

    // The check can fail: it finds the page of each byte that is changed.
    let last = signature.covered.end - 1;
    for at in [40, last / 2, last] {
        let mut broken = bundle.clone();
        broken[at] ^= 1;
        let wrong = check(&broken).expect("a signature").wrong;
        assert_eq!(wrong, [at / signature.page], "byte {at}");
    }
}

/// zig leaves what is for `x86_64` unsigned. In C, to save a standard library.
#[test]
fn an_unsigned_mach_o_for_x86_64() {
    tools::must_be_installed();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("main.c"), "int main(void) { return 2; }\n").unwrap();
    fs::write(at("manifest.json"), crate::packer::MANIFEST).unwrap();
    let mut compile = Command::new(tools::zig().join("python"));
    compile
        .args(["-m", "ziglang", "cc", "-target", "x86_64-macos", "-o"])
        .arg(at("sales"))
        .arg(at("main.c"))
        .env("XDG_CACHE_HOME", tools::folder().join("cache"));
    succeeded(&mut compile, "zig compiles C for macOS");
    let mut command = crate::packer::packer();
    command
        .current_dir(folder.path())
        .args(["--executable", "sales", "--source", "main.c"])
        .args(["--message-format", "json"]);
    // It has no section, and nobody knows a runner for it.
    run(&mut command).fails(
        1,
        &[
            "is a Mach-O executable for macOS on x86_64",
            "no link section",
        ],
    );
    let line = packed(command.args(["--airflow-metadata", "manifest.json"]));
    assert_eq!(line["introspection"], "file");
    assert_eq!(line["executable_info"]["architectures"], json!(["x86_64"]));
    consistent(&line, &["architecture"]);
    assert!(check(&fs::read(path(&line)).unwrap()).is_none());
}
