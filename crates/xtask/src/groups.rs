//! The groups that are a few commands of cargo each.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{self, cargo};
use crate::readme;

/// Denies what clippy warns of.
const DENY: [&str; 3] = ["--", "-D", "warnings"];

/// Runs `cargo <words> <args>`.
fn with(words: &str, args: &[String]) -> Result<()> {
    process::run(cargo(words).args(args))
}

/// Needs Rust alone: no Python, no network once the dependencies are there.
pub fn quick(args: &[String]) -> Result<()> {
    with(
        "test --workspace --all-features --lib --bins --test sdk --test process \
         --test executable --test limits --test supply_chain --test documents",
        args,
    )
}

pub fn lints(_args: &[String]) -> Result<()> {
    process::run(&mut cargo("fmt --all -- --check"))?;
    process::run(&mut cargo("fmt --manifest-path fuzz/Cargo.toml -- --check"))?;
    process::run(cargo("clippy --workspace --all-targets --all-features").args(DENY))?;
    // The groups that are no part of all targets.
    let heavy = "clippy --test live --test foreign --test under_fire --test linkers";
    process::run(cargo(heavy).args(DENY))?;
    // Each library without features, as nothing else here builds it.
    for library in [
        "airflow-sdk",
        "airflow-cron",
        "airflow-protocol",
        "pyyaml-safe-load",
    ] {
        process::run(cargo("clippy --lib -p").arg(library).args(DENY))?;
    }
    // As `cargo fuzz` builds them, but without the fuzzer's own C++, which nothing links here.
    let mut fuzz = cargo("clippy --manifest-path fuzz/Cargo.toml --all-targets");
    fuzz.arg("--target-dir")
        .arg(process::target().join("fuzz-lint"));
    fuzz.args(DENY).args(["-D", "clippy::pedantic"]);
    fuzz.env("RUSTFLAGS", "--cfg fuzzing");
    fuzz.env(
        "CUSTOM_LIBFUZZER_PATH",
        process::root().join("no-libfuzzer.a"),
    );
    process::run(&mut fuzz)
}

pub fn test(args: &[String]) -> Result<()> {
    for words in readme::tests()? {
        with(&words, args)?;
    }
    Ok(())
}

/// Each linker with some of the profiles, or with all of them.
pub fn linkers(args: &[String]) -> Result<()> {
    let mut test = cargo("test --test linkers");
    if args.iter().any(|arg| arg == "--all") {
        test.env("LINKER_PROFILES", "all");
    }
    process::run(&mut test)
}

pub fn live(args: &[String]) -> Result<()> {
    with("test --test live", args)
}

pub fn foreign(args: &[String]) -> Result<()> {
    with("test --test foreign", args)
}

pub fn under_fire(args: &[String]) -> Result<()> {
    with("test --test under_fire", args)
}

/// The tests of the group `test` judge a thousand.
pub fn mutants(args: &[String]) -> Result<()> {
    let mut cargo = interop("verdicts_agree", ["BUNDLE_MUTANTS", "BUNDLE_SEED"], args);
    // Each mutant is a few files, which a disk takes longer to make than to judge.
    if Path::new("/dev/shm").is_dir() {
        cargo.env("TMPDIR", "/dev/shm");
    }
    process::run(&mut cargo)
}

/// The tests of the group `test` read 2 500.
pub fn cron(args: &[String]) -> Result<()> {
    process::run(&mut interop(
        "cron::",
        ["CRON_EXPRESSIONS", "CRON_SEED"],
        args,
    ))
}

/// Tests against the released Airflow, whose number of cases and whose seed stand in variables: 100 000 of the seed 1, or `[COUNT [SEED]]`.
fn interop(filter: &str, variables: [&str; 2], args: &[String]) -> Command {
    let mut cargo = cargo("test --test interop");
    // For a sample, to build all once more takes longer than it saves.
    cargo.args(args.is_empty().then_some("--release"));
    cargo.args([filter, "--", "--nocapture"]);
    for (at, (variable, value)) in variables.into_iter().zip(["100000", "1"]).enumerate() {
        cargo.env(variable, args.get(at).map_or(value, String::as_str));
    }
    cargo
}

pub fn docs(_args: &[String]) -> Result<()> {
    let mut doc = cargo("doc --workspace --no-deps --all-features");
    process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

pub fn benches(_args: &[String]) -> Result<()> {
    // Nothing is judged, so the profile is the one in which the tests have built everything.
    with(
        "bench --profile dev --workspace --all-features --bench pack --bench scan --bench cross --bench supervisor -- --smoke",
        &[],
    )
}

/// cargo takes a package of a registry as unchangeable, and the registry of its own that it makes for this is named by its place.
/// In a folder that had one before, it would build against what an earlier run left in its home and in the build folder.
pub fn package(_args: &[String]) -> Result<()> {
    let target = process::target();
    fs::create_dir_all(&target)?;
    let folder = tempfile::Builder::new()
        .prefix("package-")
        .tempdir_in(target)?;
    let mut package = cargo("package --workspace --exclude xtask --allow-dirty");
    package.arg("--target-dir").arg(folder.path());
    package.env("CARGO_PROFILE_DEV_DEBUG", "0");
    process::run(&mut package)
}
