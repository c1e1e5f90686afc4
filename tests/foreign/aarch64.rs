//! Linux on aarch64: built here, read here, and run by an emulator.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::packer::{Outcome, run};
use crate::project::{Compiler, WITH_SDK, WITHOUT_SDK, copied, packing};
use crate::reports::{bundles, consistent, explains_itself, packed, path, prints_its_manifest};
use crate::tools;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const HOST: &str = "x86_64-unknown-linux-gnu";
const LINKER: &str = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER";
const RUNNER: &str = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER";
const QEMU: &str = "qemu-aarch64 -L /usr/aarch64-linux-gnu";

/// The packer for a project, with what links for aarch64.
fn pack(project: &str) -> Command {
    let mut command = packing(project, Compiler::Debian, "cross");
    command.env(LINKER, "aarch64-linux-gnu-gcc");
    command
}

/// An executable of a bundle, under the emulator.
fn emulated(bundle: &Path) -> Command {
    let mut words = QEMU.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg(bundle);
    command
}

#[test]
fn the_section_is_read_and_the_bundle_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = pack(WITH_SDK);
    command.args(["--bin", WITH_SDK, "--target", TARGET, "--out-dir"]);
    let line = packed(command.arg(folder.path()));
    assert_eq!(line["introspection"], "section");
    assert_eq!(line["target_triple"], TARGET);
    let info = &line["executable_info"];
    assert_eq!(info["format"], "ELF");
    assert_eq!(info["os"], "Linux");
    assert_eq!(info["architectures"], json!(["aarch64"]));
    assert_eq!(info["linkage"], "dynamic");
    assert_eq!(info["interpreter"], "/lib/ld-linux-aarch64.so.1");
    assert!(info["glibc"].is_string(), "{info}");
    assert_eq!(info["runs_here"], false);
    consistent(&line, &["architecture"]);

    let bundle = path(&line);
    prints_its_manifest(&line, &mut emulated(&bundle));
    explains_itself(
        &mut emulated(&bundle),
        &[
            "reports.monthly-1: monthly, yearly",
            "Airflow's worker starts it",
        ],
    );
}

/// What is not in the section is asked for by running, and the emulator runs it.
#[test]
fn without_a_section_it_needs_a_runner() {
    let folder = tempfile::tempdir().unwrap();
    let with = |runner: Option<&str>| {
        let mut command = pack(WITHOUT_SDK);
        command.args(["--target", TARGET, "--out-dir"]);
        command.arg(folder.path());
        runner.map(|runner| command.env(RUNNER, runner));
        command
    };
    let refused = run(&mut with(None));
    assert_eq!(refused.code, 1, "{refused:?}");
    refused.says(&[
        "is an ELF executable for Linux on aarch64",
        "no link section",
        "`bundle!` of `airflow-sdk`",
        "`runner` in `[target.aarch64-unknown-linux-gnu]`",
        "--airflow-metadata FILE",
    ]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let line = packed(&mut with(Some(QEMU)));
    assert_eq!(line["introspection"], "run");
    assert_eq!(
        line["dags"],
        json!({"by_hand": {"tasks": ["extract", "load"]}})
    );
    consistent(&line, &["architecture"]);
    prints_its_manifest(&line, &mut emulated(&path(&line)));
    explains_itself(&mut emulated(&path(&line)), &["a bundle for Airflow"]);
}

/// The same by the section and by running.
#[test]
fn the_emulator_says_what_the_section_says() {
    let folder = tempfile::tempdir().unwrap();
    let by = |how: &str| {
        let mut command = pack(WITH_SDK);
        command.args(["--bin", WITH_SDK, "--target", TARGET, "--introspect", how]);
        command
            .env(RUNNER, QEMU)
            .arg("-o")
            .arg(folder.path().join(how));
        let line = packed(&mut command);
        assert_eq!(line["introspection"], how);
        fs::read(path(&line)).unwrap()
    };
    assert!(by("section").eq(&by("run")), "two ways, two bundles");
}

/// Both architectures of `outcome`, each in its place.
#[track_caller]
fn both(outcome: Outcome, folder: &Path, targets: [&str; 2]) {
    let outcome = outcome.ok();
    let lines = bundles(&outcome);
    assert_eq!(lines.len(), 2, "{outcome:#?}");
    for (line, target) in lines.iter().zip(targets) {
        let architecture = target.split('-').next().unwrap();
        assert_eq!(line["target_triple"], target);
        assert_eq!(path(line), folder.join(target).join(WITH_SDK));
        assert_eq!(line["introspection"], "section");
        assert_eq!(
            line["executable_info"]["architectures"],
            json!([architecture])
        );
        let foreign = if target == TARGET {
            &["architecture"][..]
        } else {
            &[]
        };
        consistent(line, foreign);
        let mut command = if target == TARGET {
            emulated(&path(line))
        } else {
            Command::new(path(line))
        };
        prints_its_manifest(line, &mut command);
    }
    outcome.says(&[
        "note: 2 bundles for different hosts serve `minimal`, `reports.monthly-1`",
        "give each host its own folder, by `executables_root` (Airflow 3.3) or `task_handler_bundle_name` (Airflow 3.4)",
    ]);
}

#[test]
fn two_architectures_in_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = pack(WITH_SDK);
    command.args(["--bin", WITH_SDK, "--target", HOST, "--target", TARGET]);
    let outcome = run(command.arg("--out-dir").arg(folder.path()));
    both(outcome, folder.path(), [HOST, TARGET]);
}

/// `[build] target` with two triples, as `cargo build` takes it.
#[test]
fn two_architectures_by_configuration() {
    // Its own folder below the project: `.cargo/config.toml` is read from the current one upwards.
    let folder = copied(WITH_SDK).join("both");
    fs::create_dir_all(folder.join(".cargo")).unwrap();
    fs::write(
        folder.join(".cargo/config.toml"),
        format!("[build]\ntarget = [\"{TARGET}\", \"{HOST}\"]\n"),
    )
    .unwrap();
    let mut command = pack(WITH_SDK);
    command.current_dir(&folder).args(["--bin", WITH_SDK]);
    // By name a folder, in which the triples tell the bundles apart.
    let dist = folder.join("dist");
    let outcome = run(command.args(["--out-dir", "dist"]));
    both(outcome, &dist, [TARGET, HOST]);

    // By default beside each executable.
    let mut command = pack(WITH_SDK);
    command.current_dir(&folder).args(["--bin", WITH_SDK]);
    let outcome = run(&mut command).ok();
    let places: Vec<_> = bundles(&outcome).iter().map(path).collect();
    let place = |triple: &str| {
        let build = tools::folder().join("build/cross").join(triple);
        build.join("release/airflow-bundle").join(WITH_SDK)
    };
    assert_eq!(places, [place(TARGET), place(HOST)]);
}
