//! The compilers and tools: what must be installed, and what this suite installs below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::packer::{scrub, succeeded};
use crate::python;

/// Debian's packages, one on a line. `cargo xtask foreign` reads the file too.
const PACKAGES: &str = include_str!("packages.txt");

/// The cargo tools, and their versions.
const CARGO_TOOLS: [(&str, &str); 2] = [("cargo-auditable", "0.7.7"), ("rust-audit-info", "0.5.4")];

/// Where this suite keeps everything.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // `CARGO_TARGET_TMPDIR` is `<target folder>/tmp`.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        target.join("foreign")
    })
}

/// Fails if a package is not installed.
pub fn must_be_installed() {
    static CHECKED: OnceLock<()> = OnceLock::new();
    CHECKED.get_or_init(|| {
        let missing: Vec<_> = PACKAGES
            .lines()
            .filter(|package| version_of(package).is_none())
            .collect();
        assert!(
            missing.is_empty(),
            "these tests build for other systems and run what they built. They need Debian, or a system like it, with more \
             packages than this machine has. Install them:\n    apt-get install --no-install-recommends {}",
            missing.join(" ")
        );
    });
}

/// The version of an installed package.
fn version_of(package: &str) -> Option<String> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Version}", package])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.strip_prefix("installed ").map(str::to_owned)
}

/// Debian's compiler, which has a standard library for `x86_64` and aarch64, and the source of it for all others.
pub fn rustc() -> &'static Path {
    static RUSTC: OnceLock<PathBuf> = OnceLock::new();
    RUSTC.get_or_init(|| {
        must_be_installed();
        let version = version_of("rustc-web").unwrap();
        let folder = folder().join("debian").join(&version);
        let rustc = folder.join("rustc");
        if !rustc.exists() {
            make_sysroot(&folder, &version);
            write_script(
                &rustc,
                &format!(
                    "exec /usr/bin/rustc --sysroot '{}/sysroot' \"$@\"",
                    folder.display()
                ),
            );
        }
        rustc
    })
}

/// A folder of the compiler's libraries with those for aarch64 among them. The package for aarch64 is only unpacked, and
/// found in lists of packages of its own: nothing of this machine's changes.
fn make_sysroot(folder: &Path, version: &str) {
    let _ = fs::remove_dir_all(folder);
    let libraries = folder.join("sysroot/lib/rustlib");
    for made in ["lists/partial", "cache/archives/partial", "aarch64"] {
        fs::create_dir_all(folder.join(made)).unwrap();
    }
    fs::create_dir_all(&libraries).unwrap();
    let apt = || {
        let mut command = Command::new("apt-get");
        command.current_dir(folder).args(["-q", "-y"]);
        for option in [
            "APT::Architectures=arm64",
            "APT::Architectures::=arm64",
            "APT::Sandbox::User=",
            "Acquire::Languages=none",
            "Dir::State::lists=lists",
            "Dir::Cache=cache",
        ] {
            let option = option.replace("=lists", &format!("={}/lists", folder.display()));
            let option = option.replace("=cache", &format!("={}/cache", folder.display()));
            command.args(["-o", &option]);
        }
        command
    };
    let hint = "the standard library for aarch64 comes from Debian's archive, in the version of the installed `rustc-web`: if \
                that is an old one, `apt-get install rustc-web rust-web-src`";
    succeeded(apt().arg("update"), hint);
    let package = format!("libstd-rust-web-dev:arm64={version}");
    succeeded(apt().args(["download", &package]), hint);
    let files = fs::read_dir(folder).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let package = files
        .find(|file| file.extension().is_some_and(|extension| extension == "deb"))
        .expect("apt-get has downloaded a package");
    succeeded(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(&package)
            .arg(folder.join("aarch64")),
        hint,
    );
    fs::remove_file(package).unwrap();
    fs::remove_dir_all(folder.join("lists")).unwrap();
    let installed = Path::new("/usr/lib/rustlib");
    let unpacked = folder.join("aarch64/usr/lib/rustlib");
    for (name, from) in [
        ("src", installed),
        ("x86_64-unknown-linux-gnu", installed),
        ("aarch64-unknown-linux-gnu", &unpacked),
    ] {
        let from = from.join(name);
        assert!(from.exists(), "no {}; {hint}", from.display());
        std::os::unix::fs::symlink(from, libraries.join(name)).unwrap();
    }
}

/// The folder of zig's and cargo-zigbuild's programs.
pub fn zig() -> &'static Path {
    static ZIG: OnceLock<PathBuf> = OnceLock::new();
    ZIG.get_or_init(|| {
        let python = python::environment("requirements-foreign.txt");
        python.parent().unwrap().to_owned()
    })
}

/// A linker for `target`, in zig's words. zig has none of the libraries in `without`.
pub fn zig_linker(target: &str, without: &[&str]) -> PathBuf {
    let script = folder().join(format!("link-{target}"));
    fs::create_dir_all(folder()).unwrap();
    let skipped = without.join("|");
    write_script(
        &script,
        &format!(
            "for arg; do shift; case $arg in {skipped}) ;; *) set -- \"$@\" \"$arg\";; esac; done\n\
             exec '{}/python' -m ziglang cc -target {target} \"$@\"",
            zig().display()
        ),
    );
    script
}

/// A cargo tool of [`CARGO_TOOLS`], installed by cargo.
pub fn cargo_tool(name: &str) -> PathBuf {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let root = folder().join("tools");
    INSTALLED.get_or_init(|| {
        for (name, version) in CARGO_TOOLS {
            let stamp = root.join(format!("{name}-{version}"));
            if stamp.exists() {
                continue;
            }
            let mut command = cargo();
            command
                .args([
                    "install",
                    "--quiet",
                    "--debug",
                    "--locked",
                    "--force",
                    "--version",
                ])
                .args([version, "--root"])
                .arg(&root)
                .arg(name)
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_TARGET_DIR", folder().join("build/tools"));
            succeeded(&mut command, "the first run needs crates.io");
            fs::write(stamp, "").unwrap();
        }
    });
    root.join("bin").join(name)
}

/// cargo, with nothing in the environment that the user's own settings, or the cargo that runs the tests, have set.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    scrub(&mut command);
    command
}

/// The usual folders of programs, with those of zig and of the cargo tools before them.
pub fn path() -> std::ffi::OsString {
    let mut folders = vec![zig().to_owned(), folder().join("tools/bin")];
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    std::env::join_paths(folders).unwrap()
}

/// Writes a shell script, at once: another test may be about to run it.
fn write_script(path: &Path, lines: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let text = format!("#!/bin/sh\n{lines}\n");
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    let file = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    fs::write(file.path(), text).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o755)).unwrap();
    file.persist(path).unwrap();
}
