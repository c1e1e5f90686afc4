//! The test projects, and the packer run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::packer::{packer, scrub, succeeded};
use crate::tools;

/// A project with `airflow-sdk`: its executable has the link section.
pub const WITH_SDK: &str = "sdk-minimal";
/// One without: it has to be run.
pub const WITHOUT_SDK: &str = "without-sdk";

/// What builds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Compiler {
    /// The one that runs the tests. It has a standard library for this machine only.
    Own,
    /// Debian's.
    Debian,
}

/// The packer in a copy of the project `name`. What has to be built apart, because it goes to the same place and is not the
/// same, is told apart by `label`.
pub fn packing(name: &str, compiler: Compiler, label: &str) -> Command {
    let mut command = packer();
    command
        .args(["--release", "--message-format", "json"])
        .current_dir(copied(name))
        .env("PATH", tools::path())
        .env(
            "CARGO_TARGET_DIR",
            tools::folder().join("build").join(label),
        )
        // zig's and cargo-zigbuild's.
        .env("XDG_CACHE_HOME", tools::folder().join("cache"));
    if compiler == Compiler::Debian {
        // What builds a standard library from its source is not stable yet.
        command
            .env("RUSTC", tools::rustc())
            .env("RUSTC_BOOTSTRAP", "1");
    }
    command
}

/// Arguments that build the standard library for a target for which nobody has built it.
pub const BUILD_STD: [&str; 2] = ["-Z", "build-std=std,panic_abort"];

/// The copy of a project. cargo finds the settings for all of them in a folder above.
pub fn copied(name: &str) -> PathBuf {
    static COPIED: OnceLock<PathBuf> = OnceLock::new();
    let projects = COPIED.get_or_init(|| {
        let projects = tools::folder().join("projects");
        write_changed(&projects.join(".cargo/config.toml"), settings().as_bytes());
        for name in [WITH_SDK, WITHOUT_SDK] {
            let from = root().join("test-projects").join(name);
            copy_changed(&from, &projects.join(name));
        }
        lock(&projects.join(WITH_SDK));
        projects
    });
    projects.join(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The crate of this repository in place of the published one, the linkers, and what saves time: only the project itself is
/// optimized.
fn settings() -> String {
    let apple = tools::zig_linker("aarch64-macos", &["-liconv"]);
    format!(
        "[patch.crates-io]\nairflow-sdk = {{ path = '{}' }}\n\n\
         [profile.release]\nstrip = \"none\"\n\n\
         [profile.release.package.'*']\nopt-level = 0\n\n\
         [target.x86_64-pc-windows-gnu]\nlinker = \"x86_64-w64-mingw32-gcc\"\n\n\
         [target.aarch64-apple-darwin]\nlinker = '{}'\n\n\
         [target.x86_64-unknown-linux-musl]\nrustflags = [\"-Clink-self-contained=no\"]\n",
        root().join("sdk").display(),
        apple.display()
    )
}

/// Gives the project the versions of the workspace.
fn lock(project: &Path) {
    let workspace = root().join("Cargo.lock");
    let used = project.join("Cargo.lock");
    let source = tools::folder().join("workspace.lock");
    let wanted = fs::read(&workspace).unwrap();
    if used.exists() && fs::read(&source).is_ok_and(|old| old == wanted) {
        return;
    }
    fs::copy(workspace, &used).unwrap();
    // Takes out what the project does not use. Without that, cargo would ask the registry.
    let update = || {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        scrub(&mut command);
        command.current_dir(project);
        command.args(["update", "--quiet", "--workspace"]);
        command
    };
    if !update().arg("--offline").output().unwrap().status.success() {
        succeeded(&mut update(), "the first run needs crates.io");
    }
    fs::write(source, wanted).unwrap();
}

fn copy_changed(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if !entry.file_type().unwrap().is_dir() {
            write_changed(&to, &fs::read(entry.path()).unwrap());
        } else if entry.file_name() != "target" {
            copy_changed(&entry.path(), &to);
        }
    }
}

/// Writes a file, but leaves an equal one alone: cargo goes by the time of its last change.
fn write_changed(path: &Path, content: &[u8]) {
    if fs::read(path).is_ok_and(|old| old == content) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
