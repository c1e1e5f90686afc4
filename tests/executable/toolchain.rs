//! Compiles small programs with the C and Rust compilers of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_airflow_bundle::bundle::packable::examine;
use cargo_airflow_bundle::executable::{Executable, Refusal};
use tempfile::TempDir;

pub const HELLO_C: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";
pub const LIBRARY_C: &str = "int answer(void) { return 42; }\n";
pub const MAIN_RS: &str = "fn main() { println!(\"hello\"); }\n";
pub const LIBRARY_RS: &str = "#[unsafe(no_mangle)]\npub extern \"C\" fn answer() -> u32 { 42 }\n";

/// A folder for one test's files.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Compiles C source with `cc`.
    pub fn cc(&self, source: &str, flags: &[&str], output: &str) -> PathBuf {
        let source = self.write(&format!("{output}.source.c"), source);
        let output = self.path(output);
        let mut command = Command::new("cc");
        command.arg(&source).args(flags).arg("-o").arg(&output);
        run(
            command,
            "a C compiler, with a static C library (Debian: apt-get install gcc libc6-dev)",
        );
        output
    }

    /// Compiles Rust source with `rustc`.
    pub fn rustc(&self, source: &str, flags: &[&str], output: &str) -> PathBuf {
        let source = self.write(&format!("{output}.source.rs"), source);
        let output = self.path(output);
        let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        command
            .args(["--edition", "2024", "--crate-name", "made"])
            .arg(&source)
            .args(flags)
            .arg("-o")
            .arg(&output);
        run(command, "rustc (https://rustup.rs)");
        output
    }

    /// Runs a tool of the GNU binutils.
    pub fn tool(&self, name: &str, arguments: &[&str]) {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(self.folder.path());
        run(
            command,
            "the GNU binutils (Debian: apt-get install binutils)",
        );
    }
}

fn run(mut command: Command, needs: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; this test needs {needs}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\nthis test needs {needs}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

pub fn examine_file(path: impl AsRef<Path>) -> Result<Executable, Refusal> {
    let path = path.as_ref();
    let file =
        std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let len = file.metadata().unwrap().len();
    examine(file, 0, len)
}

pub fn examine_bytes(bytes: &[u8]) -> Result<Executable, Refusal> {
    examine(std::io::Cursor::new(bytes), 0, bytes.len() as u64)
}

pub fn refused(bytes: &[u8]) -> Refusal {
    examine_bytes(bytes).unwrap_err()
}
