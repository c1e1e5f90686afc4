//! SIGINT and SIGTERM: 128 + signal at once, and nothing is left: no file, no folder, no process.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::packer::{Bench, MANIFEST, Outcome, is_running, mode, packer, program, wait_for};

const SIGNALS: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
/// A person waits no longer before pressing again; a busy machine is allowed for.
const AT_ONCE: Duration = Duration::from_secs(3);
/// Until a program, or a build, has started.
const STARTED: Duration = Duration::from_mins(1);

/// Starts a command with the signals as a terminal has them: a shell in the background, or `nohup`,
/// has some of them ignored, and the packer rightly leaves it so.
fn start(command: &Command) -> Child {
    let mut reset = Command::new("env");
    reset.arg("--default-signal=INT,TERM,HUP");
    reset.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => reset.env(name, value),
            None => reset.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        reset.current_dir(folder);
    }
    // A group of its own, as a shell gives it to a job.
    reset
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    reset.spawn().unwrap()
}

/// Sends the signal and waits for the end.
#[track_caller]
fn stopped(child: Child, signal: Signal, code: i32, to_group: bool) -> Outcome {
    let id = Pid::from_child(&child);
    let start = Instant::now();
    if to_group {
        kill_process_group(id, signal).unwrap();
    } else {
        kill_process(id, signal).unwrap();
    }
    let outcome = Outcome::new(child.wait_with_output().unwrap(), start.elapsed());
    assert_eq!(outcome.code, code, "{outcome:#?}");
    assert!(outcome.elapsed < AT_ONCE, "{outcome:#?}");
    assert_eq!(outcome.text(), "");
    outcome.says(&["interrupted"])
}

#[track_caller]
fn nothing_runs(processes: &[u32]) {
    assert_ne!(processes.len(), 0);
    wait_for("the end of all processes", Duration::from_secs(2), || {
        !processes.iter().any(|&id| is_running(id))
    });
}

#[test]
fn during_introspection() {
    for program in ["hangs_with_child", "ignores_signals", "prints_slowly"] {
        for (signal, code) in SIGNALS {
            for to_group in [false, true] {
                let bench = Bench::with_program(program);
                let before = bench.listing();
                let child = start(bench.packer_with_limit(60).args(["-o", "new/folder/etl"]));
                let expected = if program == "hangs_with_child" { 2 } else { 1 };
                wait_for(program, STARTED, || bench.processes().len() == expected);
                stopped(child, signal, code, to_group);
                nothing_runs(&bench.processes());
                assert_eq!(bench.listing(), before);
            }
        }
    }
}

#[test]
fn during_a_trial() {
    for how in ["hangs", "never_answers", "answers_and_stays"] {
        for (signal, code) in SIGNALS {
            let bench = Bench::with_program("link_section");
            let before = bench.listing();
            let mut packer = bench.packer_with_limit(60);
            packer.args(["-o", "new/folder/etl"]).env("TRIAL", how);
            let child = start(&packer);
            wait_for(how, STARTED, || bench.processes().len() == 1);
            stopped(child, signal, code, false);
            nothing_runs(&bench.processes());
            assert_eq!(bench.listing(), before);
        }
    }
}

/// The executable is long enough for a signal in the middle of it.
#[test]
fn while_the_bundle_is_written() {
    for (signal, code) in SIGNALS {
        let bench = Bench::new();
        bench.write("captured.json", MANIFEST);
        let executable = fs::OpenOptions::new()
            .append(true)
            .open(bench.path("etl"))
            .unwrap();
        executable.set_len(8 << 30).unwrap();
        let before = bench.listing();
        let mut command = bench.packer();
        command.args([
            "--airflow-metadata",
            "captured.json",
            "-o",
            "new/folder/etl",
        ]);
        let child = start(&command);
        let hidden = || {
            let mut entries = fs::read_dir(bench.path("new")).ok()?;
            let is_hidden = |path: &PathBuf| path.extension().is_some_and(|end| end == "d");
            entries.find_map(|entry| Some(entry.ok()?.path()).filter(is_hidden))
        };
        wait_for("a hidden folder", STARTED, || hidden().is_some());
        assert_eq!(mode(&hidden().unwrap()) & 0o777, 0o300);
        stopped(child, signal, code, false);
        assert_eq!(bench.listing(), before);
    }
}

/// A copy of `test-projects/slow-build`, whose build script sleeps.
fn slow_build() -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-projects/slow-build");
    fs::create_dir(project.path().join("src")).unwrap();
    for file in ["Cargo.toml", "build.rs", "src/main.rs"] {
        fs::copy(from.join(file), project.path().join(file)).unwrap();
    }
    project
}

fn processes(file: &Path) -> Vec<u32> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

#[test]
fn during_a_cargo_build() {
    for (signal, code, to_group) in [
        (Signal::INT, 130, false),
        (Signal::INT, 130, true),
        (Signal::TERM, 143, false),
    ] {
        let project = slow_build();
        let pids = project.path().join("pids");
        let mut command = packer();
        command
            .current_dir(project.path())
            .env("PID_FILE", &pids)
            .args(["--out-dir", "new/folder"]);
        let child = start(&command);
        wait_for("the build script", STARTED, || processes(&pids).len() == 2);
        stopped(child, signal, code, to_group);
        nothing_runs(&processes(&pids));
        assert!(!project.path().join("new").exists());
    }
}

/// A compiler that takes its time, with a child as a compiler has its linker; a cargo that waits for
/// a lock.
#[test]
fn while_cargo_waits_for_others() {
    for (variable, program_name) in [
        ("RUSTC_WRAPPER", "hangs_with_child"),
        ("CARGO", "hangs_with_child"),
    ] {
        let project = slow_build();
        let pids = project.path().join("pids");
        let mut command = packer();
        command
            .current_dir(project.path())
            .env("PID_FILE", &pids)
            .env(variable, program(program_name));
        let child = start(&command);
        wait_for(variable, STARTED, || processes(&pids).len() == 2);
        stopped(child, Signal::TERM, 143, false);
        nothing_runs(&processes(&pids));
    }
}
