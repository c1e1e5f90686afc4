//! `cargo bench --bench scan`: `verify` over a folder beside the coordinator's own scan of it, and beside hashing alone.
//!
//! 10 000 files, 1 000 of them bundles with a short manifest: a longer one takes the coordinator more time, and hardly us.
//! Each round measures both sides of a ratio one after the other; the medians are compared. A missed goal is printed and
//! makes the benchmark fail. `-- --smoke` runs each once, with little, and judges nothing. The first run installs the
//! released Airflow from `PyPI` under `target/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark"
)]

#[path = "../tests/common/python.rs"]
mod python;
#[allow(dead_code, reason = "it starts no commands")]
#[path = "common/timing.rs"]
mod timing;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use timing::median;

use airflow_protocol::release::SCHEMA_2026_06_16;
use cargo_airflow_bundle::manifest::Manifest;
use cargo_airflow_bundle::packing::pack_executable;
use sha2::{Digest as _, Sha256};

const PACKER: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

/// What a worker does for a task whose dag no bundle serves: it looks at all of them. Prints the seconds.
const SCAN: &str = r#"
import logging, pathlib, sys, time, structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
from airflow.sdk.coordinators.executable import coordinator
start = time.perf_counter()
try:
    coordinator._Bundle.find([pathlib.Path(sys.argv[1])], "no-such-dag")
except Exception as error:
    assert "no-such-dag" in str(error), error
else:
    raise SystemExit("found")
print(time.perf_counter() - start)
"#;

fn main() -> ExitCode {
    let smoke = std::env::args().any(|arg| arg == "--smoke");
    let (files, bundles, rounds) = if smoke {
        (100, 10, 1)
    } else {
        (10_000, 1_000, 7)
    };
    let python = python::environment("requirements.txt");
    let mut missed = false;
    let mut goal = |what: &str, value: f64, good: bool, wanted: &str| {
        let verdict = if smoke || good { "ok" } else { "MISSED" };
        println!("{what:<62} {value:>7.2}      goal {wanted}  {verdict}");
        missed |= !smoke && !good;
    };

    let small = folder(files, bundles, 4 << 10);
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        times[0].push(coordinator(&python, small.path()));
        times[1].push(verify(small.path()));
    }
    let [theirs, ours] = times.map(median);
    println!("{files} files, {bundles} bundles of 4 KiB: coordinator {theirs:?}, verify {ours:?}");
    let faster = theirs.as_secs_f64() / ours.as_secs_f64();
    goal(
        "coordinator's scan / verify",
        faster,
        faster >= 20.0,
        "at least 20",
    );
    drop(small);

    let large = folder(files, bundles, 400 << 10);
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        times[0].push(hash_all(large.path()));
        times[1].push(verify(large.path()));
    }
    let [hash, ours] = times.map(median);
    println!(
        "{files} files, {bundles} bundles of 400 KiB: hashing on all cores {hash:?}, verify {ours:?}"
    );
    let slower = ours.as_secs_f64() / hash.as_secs_f64();
    goal(
        "verify / hashing the same bytes on all cores",
        slower,
        slower <= 1.3,
        "at most 1.3",
    );
    ExitCode::from(u8::from(missed))
}

/// A folder on a memory file system: bundles of `size` bytes as the packer writes them, each in a folder with nine other
/// executable files.
fn folder(files: usize, bundles: usize, size: usize) -> tempfile::TempDir {
    let shared = PathBuf::from("/dev/shm");
    let parent = if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    };
    let root = tempfile::tempdir_in(parent).unwrap();
    let inputs = tempfile::tempdir_in(root.path()).unwrap();
    let pack = |number: usize, length: usize, output: &Path| {
        let executable = inputs.path().join("etl");
        fs::write(&executable, elf(number, length)).unwrap();
        let source = inputs.path().join("main.rs");
        fs::write(&source, "fn main() {}\n").unwrap();
        let manifest = format!(
            r#"{{"airflow_bundle_metadata_version": "1.0", "dags": {{"dag_{number:04}": {{"tasks": ["extract", "load"]}}}},
                "sdk": {{"language": "rust", "supervisor_schema_version": "{SCHEMA_2026_06_16}", "version": "0.1.0"}}}}"#
        );
        let manifest = Manifest::parse(&manifest).unwrap();
        pack_executable(&executable, &source, Some(&manifest), output)
            .unwrap()
            .size
    };
    // What stands behind the executable is as long for all.
    let probe = pack(0, 1 << 10, &inputs.path().join("probe"));
    let length = size - usize::try_from(probe - (1 << 10)).unwrap();
    for number in 0..bundles {
        let folder = root.path().join(format!("team-{}/{number}", number % 10));
        let packed = pack(number, length, &folder.join("bundle"));
        assert_eq!(packed, size as u64);
        for other in 1..files / bundles {
            let tool = folder.join(format!("tool-{other}"));
            let text = "#!/bin/sh\n# What a tool says of itself.\n".repeat(20);
            fs::write(&tool, text).unwrap();
            fs::set_permissions(tool, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    drop(inputs);
    root
}

/// A static ELF executable for `x86_64` Linux of `length` bytes, whose content differs from number to number.
fn elf(number: usize, length: usize) -> Vec<u8> {
    let mut state = number as u64;
    let noise = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    });
    let length = length as u64;
    let mut image = b"\x7fELF\x02\x01\x01".to_vec();
    image.resize(16, 0);
    for word in [
        // An executable for x86_64, version 1; its entry point.
        2 | 62 << 16 | 1 << 32,
        0x40_0078,
        // The program headers' place; no sections; the lengths of this header and of a program header; one of these.
        64,
        0,
        64 << 32 | 56 << 48,
        1,
        // All of the file is loaded, to be read and executed.
        1 | 5 << 32,
        0,
        0x40_0000,
        0x40_0000,
        length,
        length,
        0x1000,
    ] {
        image.extend(u64::to_le_bytes(word));
    }
    let rest = length - image.len() as u64;
    image.extend(noise.take(usize::try_from(rest).unwrap()));
    image
}

/// The scan alone, without the start of Python.
fn coordinator(python: &Path, folder: &Path) -> Duration {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .args(["-c", SCAN])
        .arg(folder)
        .env("AIRFLOW_HOME", home.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    Duration::from_secs_f64(text.lines().last().unwrap().parse().unwrap())
}

/// The whole command.
fn verify(folder: &Path) -> Duration {
    let start = Instant::now();
    let output = Command::new(PACKER)
        .args(["verify", "--message-format", "json"])
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let time = start.elapsed();
    assert!(output.status.success());
    time
}

/// Reads and hashes the bundles in a folder, on all processors.
fn hash_all(folder: &Path) -> Duration {
    let mut files = Vec::new();
    for team in fs::read_dir(folder).unwrap() {
        for number in fs::read_dir(team.unwrap().path()).unwrap() {
            files.push(number.unwrap().path().join("bundle"));
        }
    }
    let start = Instant::now();
    let files = Mutex::new(files);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                loop {
                    let Some(file) = files.lock().unwrap().pop() else {
                        return;
                    };
                    std::hint::black_box(Sha256::digest(fs::read(file).unwrap()));
                }
            });
        }
    });
    start.elapsed()
}
