//! Windows: a PE with the link section, run by Wine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;

use crate::packer::run;
use crate::packer::succeeded;
use crate::project::{BUILD_STD, Compiler, WITH_SDK, packing};
use crate::reports::{consistent, explains_itself, packed, path, prints_its_manifest};
use crate::tools;

const TARGET: &str = "x86_64-pc-windows-gnu";
const WINE: &str = "/usr/lib/wine/wine64";
const RUNNER: &str = "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER";

/// Rust's standard library wants random bytes from this library of Windows, which Wine 8 lacks.
const RANDOM: &str = "#include <windows.h>\n\
    BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);\n\
    __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {\n\
    return SystemFunction036(bytes, (ULONG)count); }\n";

/// Wine's own folder, made once.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = tools::folder().join("wine");
        let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return prefix;
        }
        let _ = fs::remove_dir_all(&prefix);
        fs::create_dir_all(&prefix).unwrap();
        let hint = "remove target/foreign/wine and try again";
        succeeded(wine(&prefix, WINE).args(["wineboot", "-i"]), hint);
        succeeded(wine(&prefix, "/usr/lib/wine/wineserver64").arg("-w"), hint);
        let source = prefix.join("random.c");
        fs::write(&source, RANDOM).unwrap();
        let mut compile = Command::new("x86_64-w64-mingw32-gcc");
        compile.args(["-shared", "-O2", "-s", "-o"]).arg(&library);
        succeeded(compile.arg(&source).arg("-ladvapi32"), hint);
        prefix
    })
}

fn wine(prefix: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env("WINEPREFIX", prefix)
        .env("WINEDEBUG", "-all")
        // Else it offers to download them.
        .env("WINEDLLOVERRIDES", "mscoree,mshtml=");
    command
}

fn under_wine(bundle: &Path) -> Command {
    let mut command = wine(prefix(), WINE);
    command.arg(bundle);
    command
}

/// Packs the executable for Windows.
pub fn pack(args: &[&str]) -> Command {
    let mut command = packing(WITH_SDK, Compiler::Debian, "cross");
    command.args(BUILD_STD);
    command.args(["--bin", WITH_SDK, "--target", TARGET]);
    command.args(args);
    command
}

#[test]
fn a_pe_is_packed_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let command = &mut pack(&["--out-dir", out]);
    let outcome = run(command).ok();
    let [line] = crate::reports::bundles(&outcome).try_into().unwrap();
    outcome.says(&["note: `sdk-minimal.exe` is a PE executable for Windows on x86_64"]);
    assert_eq!(line["introspection"], "section");
    assert_eq!(line["target_triple"], TARGET);
    assert_eq!(path(&line), folder.path().join("sdk-minimal.exe"));
    let info = &line["executable_info"];
    assert_eq!(info["format"], "PE");
    assert_eq!(info["os"], "Windows");
    assert_eq!(info["architectures"], json!(["x86_64"]));
    for key in ["linkage", "interpreter", "glibc"] {
        assert!(info[key].is_null(), "{info}");
    }
    consistent(&line, &["architecture"]);
    prints_its_manifest(&line, &mut under_wine(&path(&line)));
    explains_itself(
        &mut under_wine(&path(&line)),
        &["Airflow's worker starts it"],
    );

    // Wine as cargo's runner says what the section says.
    let by_run = folder.path().join("by-run.exe");
    let command = &mut pack(&["--introspect", "run", "--output"]);
    let line = packed(
        command
            .arg(&by_run)
            .env("WINEPREFIX", prefix())
            .env("WINEDEBUG", "-all")
            .env(RUNNER, WINE),
    );
    assert_eq!(line["introspection"], "run");
    let by_section = fs::read(folder.path().join("sdk-minimal.exe")).unwrap();
    assert!(fs::read(by_run).unwrap().eq(&by_section));
}
