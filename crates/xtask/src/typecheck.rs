//! Type-checks the workspace for the systems that authors sit at.
//!
//! The standard library is the one that rustup has installed; else cargo builds it from Debian's `rustc-web` and
//! `rust-web-src`, whose versions fit each other. rustup is never asked to install one: that would update the toolchain that
//! everything else is checked with.

use anyhow::Result;

use crate::process::{self, cargo, command};

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-pc-windows-gnu"];

/// Whether rustup has a standard library for every target.
pub fn rustup_has_all() -> bool {
    let mut rustup = command("rustup");
    let installed = process::output(rustup.args(["target", "list", "--installed"]));
    let installed = installed.unwrap_or_default();
    TARGETS
        .iter()
        .all(|target| installed.lines().any(|line| line == *target))
}

pub fn run(_args: &[String]) -> Result<()> {
    let mut check = cargo("check --workspace --target-dir");
    check.arg(process::target().join("typecheck"));
    for target in TARGETS {
        check.args(["--target", target]);
    }
    // Nothing here is run.
    check.env("CARGO_PROFILE_DEV_DEBUG", "0");
    if !rustup_has_all() {
        check.arg("-Zbuild-std=std,panic_abort");
        check.env("RUSTC", "/usr/bin/rustc");
        check.env("RUSTC_BOOTSTRAP", "1");
    }
    process::run(&mut check)
}
