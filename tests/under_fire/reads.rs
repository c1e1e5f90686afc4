//! How often a pack opens the files that its settings and its source are in, as the system sees it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::packer::{MANIFEST, packer, run};
use crate::site::wrapped;

/// How often the main thread of `command` opens the file at `path`. cargo and the other programs that it starts are not
/// counted.
fn opened(command: &Command, trace: &Path, path: &Path) -> usize {
    let args = ["-qqq", "-e", "trace=openat,open", "-o"];
    let args = args.into_iter().chain([trace.to_str().unwrap(), "--"]);
    let mut traced = wrapped("strace", args, command);
    traced.current_dir(command.get_current_dir().unwrap());
    run(&mut traced).ok();
    let trace = fs::read_to_string(trace).unwrap();
    let name = format!("{:?}", path.to_str().unwrap());
    let calls = trace.lines().filter(|call| !call.contains("= -1"));
    calls.filter(|call| call.contains(&name)).count()
}

#[test]
fn settings_are_read_once_and_the_source_once_in_each_stage() {
    // strace escapes letters that are not ASCII, so the project is in a folder without any.
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (file, text) in [
        (
            "Cargo.toml",
            "[package]\nname = \"etl\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        ),
        ("src/main.rs", "fn main() {}\n"),
        (".cargo/config.toml", "[term]\nverbose = false\n"),
        ("more.toml", "[term]\nquiet = false\n"),
        ("captured.json", MANIFEST),
    ] {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let pack = |args: &[&str]| {
        let mut command = packer();
        command.args(["--config", "more.toml"]).args(args);
        command.current_dir(&root);
        command
    };
    let trace = root.join("trace");
    let captured = ["--airflow-metadata", "captured.json"];
    for (file, times) in [
        (".cargo/config.toml", 1),
        // Before the build, and for the bundle.
        ("src/main.rs", 2),
    ] {
        let found = opened(&pack(&captured), &trace, &root.join(file));
        assert_eq!(found, times, "{file}");
    }
    // A relative path is opened as it stands on the command line.
    let found = opened(&pack(&captured), &trace, Path::new("more.toml"));
    assert_eq!(found, 1, "more.toml");
}
