//! `cargo bench --bench pack`: what packing costs beside what it cannot do without.
//!
//! Each round measures both sides of a ratio one after the other; the medians are compared. A missed
//! goal is printed and makes the benchmark fail. `-- --smoke` runs each once, with little, and judges
//! nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

#[path = "common/timing.rs"]
mod timing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use timing::{median, time};

const PACKER: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");

fn main() -> ExitCode {
    let smoke = std::env::args().any(|arg| arg == "--smoke");
    let (bytes, rounds) = if smoke { (8 << 20, 1) } else { (256 << 20, 7) };
    let mut missed = false;
    let mut goal = |what: &str, value: f64, limit: f64, unit: &str| {
        let verdict = if smoke || value <= limit {
            "ok"
        } else {
            "MISSED"
        };
        println!("{what:<62} {value:>7.2} {unit:<4} goal {limit:.2}  {verdict}");
        missed |= !smoke && value > limit;
    };
    large_executable(bytes, rounds, smoke, &mut goal);
    no_op_build(rounds * 4, smoke, &mut goal);
    ExitCode::from(u8::from(missed))
}

/// Packs an executable of `bytes` on a memory file system.
fn large_executable(
    bytes: u64,
    rounds: usize,
    smoke: bool,
    goal: &mut impl FnMut(&str, f64, f64, &str),
) {
    let folder = tempfile::tempdir_in(memory_folder()).unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::copy(build_one_bin(folder.path(), smoke), at("exe")).unwrap();
    append_noise(&at("exe"), bytes);
    fs::write(at("main.rs"), "fn main() {}\n").unwrap();

    let mut times = [const { Vec::new() }; 4];
    let mut peak = 0;
    for _ in 0..rounds {
        let _ = fs::remove_dir_all(at("airflow-bundle"));
        let _ = fs::remove_file(at("copy"));
        let pack = || {
            let mut command = Command::new(PACKER);
            command
                .arg("-q")
                .arg("--executable")
                .arg(at("exe"))
                .arg("--source")
                .arg(at("main.rs"));
            command
        };
        times[0].push(time(
            Command::new("openssl")
                .args(["dgst", "-sha256"])
                .arg(at("exe")),
        ));
        times[1].push(time(Command::new("cp").arg(at("exe")).arg(at("copy"))));
        times[2].push(time(&mut pack()));
        times[3].push(time(&mut pack()));
        fs::remove_dir_all(at("airflow-bundle")).unwrap();
        peak = peak.max(peak_memory(&mut pack()));
    }
    let [hash, copy, new, fresh] = times.map(median);
    println!(
        "{} MiB: openssl dgst -sha256 {hash:?}, cp {copy:?}, pack {new:?}, pack again {fresh:?}",
        bytes >> 20
    );
    goal("pack / openssl dgst -sha256", ratio(new, hash), 1.10, "");
    goal(
        "pack again (fresh) / openssl dgst -sha256",
        ratio(fresh, hash),
        1.10,
        "",
    );
    goal("pack, peak memory", f64::from(peak) / 1024.0, 12.0, "MiB");
}

/// Runs on a project in which nothing is to be built and the bundle is there already.
fn no_op_build(rounds: usize, smoke: bool, goal: &mut impl FnMut(&str, f64, f64, &str)) {
    let folder = tempfile::tempdir().unwrap();
    build_one_bin(folder.path(), smoke);
    let cargo = |args: &[&str]| {
        let mut command = Command::new("cargo");
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(Path::new(PACKER).parent().unwrap().to_owned())
            .chain(std::env::split_paths(&path));
        // As in a shell: without what cargo sets for a benchmark.
        for (name, _) in std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("CARGO_") && name != "CARGO_HOME" || name == "CARGO"
        }) {
            command.env_remove(name);
        }
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command
            .args(args)
            .arg("-r")
            .arg("-q")
            .arg(sdk())
            .current_dir(folder.path().join("one-bin"));
        command
    };
    let mut build = Vec::new();
    let mut pack = Vec::new();
    time(&mut cargo(&["airflow-bundle"]));
    for _ in 0..rounds {
        build.push(time(&mut cargo(&["build"])));
        pack.push(time(&mut cargo(&["airflow-bundle"])));
    }
    let (build, pack) = (median(build), median(pack));
    println!("no-op: cargo build {build:?}, cargo airflow-bundle {pack:?}");
    goal(
        "no-op cargo airflow-bundle / no-op cargo build",
        ratio(pack, build),
        2.5,
        "",
    );
}

/// Copies the test project `one-bin` into `folder`, builds it, and returns the executable: not optimized for a `smoke` test, which
/// would spend most of its time on that.
fn build_one_bin(folder: &Path, smoke: bool) -> PathBuf {
    let project = folder.join("one-bin");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-projects/one-bin");
    fs::create_dir_all(project.join("src")).unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        fs::copy(from.join(file), project.join(file)).unwrap();
    }
    if smoke {
        let mut manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
        manifest.push_str("\n[profile.release]\nopt-level = 0\n");
        fs::write(project.join("Cargo.toml"), manifest).unwrap();
    }
    let built = escargot::CargoBuild::new()
        .manifest_path(project.join("Cargo.toml"))
        .target_dir(project.join("target"))
        .release()
        .arg(sdk())
        .run()
        .unwrap();
    built.path().to_owned()
}

/// The argument by which cargo takes the SDK from this repository.
fn sdk() -> String {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk");
    format!(
        "--config=patch.crates-io.airflow-sdk.path='{}'",
        sdk.display()
    )
}

/// Makes the file `bytes` long; what stands behind the image does not matter.
fn append_noise(path: &Path, bytes: u64) {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    let mut state: u64 = 1;
    let mut left = bytes - file.metadata().unwrap().len();
    while left > 0 {
        let block: Vec<u8> = (0..left.min(1 << 20))
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        file.write_all(&block).unwrap();
        left -= block.len() as u64;
    }
}

fn memory_folder() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    }
}

/// The most memory that a process held, in KiB. Linux only; 0 elsewhere.
fn peak_memory(command: &mut Command) -> u32 {
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let value = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(value.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    peak
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
