//! `cargo bench --bench cross`: packing for another system, and packing a whole workspace, beside the builds that they contain.
//!
//! The cross build begins from nothing. Each round measures both sides of a ratio one after the other, in turns;
//! the medians are compared. A missed goal is printed and makes the benchmark fail. `-- --smoke` runs each once and judges
//! nothing. It needs what `cargo test --test foreign` needs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark"
)]

#[path = "../tests/common/packer.rs"]
mod packer;
#[path = "../tests/common/python.rs"]
mod python;
#[path = "common/timing.rs"]
mod timing;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/foreign/tools.rs"]
mod tools;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use timing::{median, time};

const PACKER: &str = env!("CARGO_BIN_EXE_cargo-airflow-bundle");
const TARGET: &str = "aarch64-unknown-linux-gnu";
const BINS: [&str; 5] = ["sales", "stock", "staff", "taxes", "tours"];

fn main() -> ExitCode {
    let smoke = std::env::args().any(|arg| arg == "--smoke");
    let (rounds, profile) = if smoke { (1, "dev") } else { (7, "release") };
    let mut missed = false;
    let mut goal = |what: &str, times: [Vec<Duration>; 2], limit: f64| {
        let [build, pack] = times.map(median);
        let value = pack.as_secs_f64() / build.as_secs_f64();
        let verdict = if smoke || value <= limit {
            "ok"
        } else {
            "MISSED"
        };
        println!("{what}: {build:?} and {pack:?}");
        println!("{what:<62} {value:>7.2}      goal {limit:.2}  {verdict}");
        missed |= !smoke && value > limit;
    };
    goal(
        "cross pack / cargo build --target",
        // Each takes minutes.
        cross(rounds.min(3), profile),
        1.05,
    );
    goal(
        "pack of five bins / cargo build --bins and cp",
        five_bins(rounds),
        1.10,
    );
    ExitCode::from(u8::from(missed))
}

/// A project with `airflow-sdk`, for aarch64: the ids are read from the link section.
fn cross(rounds: usize, profile: &str) -> [Vec<Duration>; 2] {
    tools::must_be_installed();
    let rustc = tools::rustc();
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let from = root.join("test-projects/sdk-minimal");
    fs::create_dir_all(folder.path().join("src/bin")).unwrap();
    for file in [
        "Cargo.toml",
        "src/main.rs",
        "src/reports.rs",
        "src/bin/at-run-time.rs",
    ] {
        fs::copy(from.join(file), folder.path().join(file)).unwrap();
    }
    fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    fs::write(
        folder.path().join(".cargo/config.toml"),
        format!(
            "[patch.crates-io]\nairflow-sdk = {{ path = '{}' }}\n\
             [target.{TARGET}]\nlinker = 'aarch64-linux-gnu-gcc'\n",
            root.join("sdk").display()
        ),
    )
    .unwrap();
    let cargo = |words: &[&str]| {
        let mut command = cargo(folder.path());
        command.env("RUSTC", rustc).args(words);
        command
    };
    // Takes out of the lock file what the project does not use, and fetches the rest.
    time(&mut cargo(&["update", "--workspace", "--quiet"]));
    time(&mut cargo(&["fetch", "--quiet"]));
    let words = [
        "--profile",
        profile,
        "--quiet",
        "--bin",
        "sdk-minimal",
        "--target",
        TARGET,
    ];
    let build = || time(cargo(&["build"]).args(words));
    let pack = || time(cargo(&["airflow-bundle"]).args(words));
    // A single round is not judged, so its second build may find what the first has built.
    let from_nothing = || {
        if rounds > 1 {
            let _ = fs::remove_dir_all(folder.path().join("target"));
        }
    };
    in_turns(rounds, from_nothing, build, pack)
}

/// A workspace of five packages that use `airflow-sdk`, each with one bin. What they depend on is built before: measured is
/// what every change costs.
fn five_bins(rounds: usize) -> [Vec<Duration>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let at = |name: &str| folder.path().join(name);
    let mut manifest = "[workspace]\nresolver = \"3\"\nmembers = [".to_owned();
    for bin in BINS {
        write!(manifest, "\"{bin}\", ").unwrap();
        fs::create_dir_all(at(&format!("{bin}/src"))).unwrap();
        fs::write(
            at(&format!("{bin}/Cargo.toml")),
            format!(
                "[package]\nname = \"{bin}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 [dependencies]\nairflow-sdk = \"0.1\"\n"
            ),
        )
        .unwrap();
        fs::write(
            at(&format!("{bin}/src/main.rs")),
            format!(
                "fn run() {{}}\n\
                 fn main() -> std::process::ExitCode {{\n    airflow_sdk::bundle! {{ \"{bin}\" => {{ run }} }}.serve()\n}}\n"
            ),
        )
        .unwrap();
    }
    write!(
        manifest,
        "]\n[patch.crates-io]\nairflow-sdk = {{ path = '{}' }}\n",
        root.join("sdk").display()
    )
    .unwrap();
    // A single round is not judged, and would spend most of its time on optimization.
    if rounds == 1 {
        manifest.push_str("[profile.release]\nopt-level = 0\n");
    }
    fs::write(at("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), at("Cargo.lock")).unwrap();
    let cargo = |words: &[&str]| {
        let mut command = cargo(folder.path());
        command.args(words);
        command
    };
    time(&mut cargo(&["build", "--release", "--quiet"]));
    let copies = at("copies");
    let mut copy = String::from("exec cp");
    let mut clean = vec!["clean", "--release", "--quiet"];
    for bin in BINS {
        write!(copy, " target/release/{bin}").unwrap();
        clean.extend(["--package", bin]);
    }
    copy.push_str(" copies/");
    let again = || {
        time(&mut cargo(&clean));
        let _ = fs::remove_dir_all(at("target/release/airflow-bundle"));
        let _ = fs::remove_dir_all(&copies);
        fs::create_dir_all(&copies).unwrap();
    };
    let build = || {
        let built = time(&mut cargo(&["build", "--release", "--quiet", "--bins"]));
        let mut shell = Command::new("sh");
        built + time(shell.current_dir(folder.path()).args(["-c", &copy]))
    };
    let pack = || {
        let taken = time(&mut cargo(&[
            "airflow-bundle",
            "--release",
            "--quiet",
            "--workspace",
        ]));
        let made = fs::read_dir(at("target/release/airflow-bundle")).unwrap();
        assert_eq!(made.count(), BINS.len());
        taken
    };
    in_turns(rounds, again, build, pack)
}

/// Measures both, each after `prepare`, and each as often first as second.
fn in_turns(
    rounds: usize,
    prepare: impl Fn(),
    mut build: impl FnMut() -> Duration,
    mut pack: impl FnMut() -> Duration,
) -> [Vec<Duration>; 2] {
    let mut times = [const { Vec::new() }; 2];
    let mut measure = |which: usize| {
        prepare();
        let taken = if which == 0 { build() } else { pack() };
        times[which].push(taken);
    };
    // The first of all finds nothing in memory, and does not count.
    let warm_up = rounds > 1;
    if warm_up {
        measure(0);
    }
    for round in 0..rounds {
        measure(round % 2);
        measure(1 - round % 2);
    }
    if warm_up {
        times[0].remove(0);
    }
    times
}

/// cargo as in a shell: without what cargo sets for a benchmark. It finds the packer on `PATH`.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    packer::scrub(&mut command);
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(Path::new(PACKER).parent().unwrap().to_owned())
        .chain(std::env::split_paths(&path));
    command
        .env_remove("CARGO")
        .env("PATH", std::env::join_paths(folders).unwrap())
        .current_dir(folder);
    command
}
