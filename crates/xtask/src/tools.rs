//! cargo's own tools, each in one version, installed below the target folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process::{self, cargo, command};

/// A tool that `cargo <name>` runs.
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

fn folder() -> PathBuf {
    process::target().join("tools")
}

/// `PATH` with the installed tools in front.
pub fn path() -> Result<OsString> {
    path_with(&folder().join("bin"))
}

/// `PATH` with a folder in front.
pub fn path_with(folder: &Path) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = std::iter::once(folder.to_owned());
    std::env::join_paths(first.chain(std::env::split_paths(&path))).context("PATH")
}

impl Tool {
    /// Installs the tool, unless this version is there.
    pub fn install(&self) -> Result<()> {
        let crate_name = format!("cargo-{}", self.name);
        let mut asked = command("cargo");
        asked.args([self.name, "--version"]).env("PATH", path()?);
        let wanted = format!("{crate_name} {}", self.version);
        if process::output(&mut asked).is_some_and(|said| said.trim() == wanted) {
            return Ok(());
        }
        // Without optimization: the tools run for seconds, and their builds would take minutes.
        let mut install = cargo("install --quiet --debug --locked --force");
        install.args([&crate_name, "--version", self.version, "--root"]);
        install.arg(folder());
        install.env("CARGO_PROFILE_DEV_DEBUG", "0");
        install.env("CARGO_TARGET_DIR", folder().join("build"));
        process::run(&mut install)
    }
}
