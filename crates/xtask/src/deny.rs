//! Licenses, sources and bans of everything that is linked, by `deny.toml`; and that the rules refuse what they should.
//!
//! The advisories need a database that is not everywhere within reach: `cargo deny check advisories` asks for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, command, root};
use crate::tools::{self, Tool};

const TOOL: Tool = Tool {
    name: "deny",
    version: "0.20.2",
};

/// A package with one dependency that the rules refuse.
struct Probe {
    dependency: &'static str,
    license: &'static str,
    /// The dependency comes from a git repository.
    git: bool,
    check: &'static str,
    error: &'static str,
}

const PROBES: [Probe; 5] = [
    probe("copyleft", "GPL-3.0-only", false, "licenses", "rejected"),
    probe("unlicensed", "", false, "licenses", "unlicensed"),
    probe("elsewhere", "MIT", true, "sources", "source-not-allowed"),
    probe("openssl-sys", "MIT", false, "bans", "banned"),
    probe("serde_yaml", "MIT", false, "bans", "banned"),
];

const fn probe(
    dependency: &'static str,
    license: &'static str,
    git: bool,
    check: &'static str,
    error: &'static str,
) -> Probe {
    Probe {
        dependency,
        license,
        git,
        check,
        error,
    }
}

pub fn run(_args: &[String]) -> Result<()> {
    TOOL.install()?;
    let checked = ["--locked", "check", "licenses", "sources", "bans"];
    process::run(deny()?.args(checked))?;
    let folder = process::target().join("tools/probes");
    let _ = fs::remove_dir_all(&folder);
    for probe in &PROBES {
        probe.run(&folder.join(probe.dependency))?;
    }
    Ok(())
}

fn deny() -> Result<Command> {
    let mut command = process::cargo("deny");
    command.env("PATH", tools::path()?);
    Ok(command)
}

impl Probe {
    fn run(&self, folder: &Path) -> Result<()> {
        let name = self.dependency;
        let dependency = folder.join("dependency");
        for package in [folder, &dependency] {
            fs::create_dir_all(package.join("src"))?;
            fs::write(package.join("src/lib.rs"), "")?;
        }
        let manifest = |name: &str, license: &str| {
            format!(
                "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"{license}\"\n"
            )
        };
        fs::write(dependency.join("Cargo.toml"), manifest(name, self.license))?;
        let source = if self.git {
            commit(&dependency)?;
            format!("git = 'file://{}'", dependency.display())
        } else {
            "path = 'dependency'".to_owned()
        };
        let package = manifest("probe", "MIT");
        fs::write(
            folder.join("Cargo.toml"),
            format!(
                "{package}\n[workspace]\n\n[dependencies]\n{name} = {{ {source}, version = \"1\" }}\n"
            ),
        )?;

        let mut deny = deny()?;
        deny.arg("--manifest-path").arg(folder.join("Cargo.toml"));
        deny.arg("--config").arg(root().join("deny.toml"));
        let output = deny.args(["check", self.check]).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let error = format!("error[{}]", self.error);
        if output.status.success() || !said.lines().any(|line| line.starts_with(&error)) {
            bail!(
                "deny.toml does not refuse the dependency `{name}` ({}, {error}):\n{said}",
                self.check
            );
        }
        Ok(())
    }
}

/// Makes a git repository of a folder.
fn commit(folder: &Path) -> Result<()> {
    let author = ["-c", "user.name=probe", "-c", "user.email=probe@localhost"];
    let commit = [&author[..], &["commit", "-q", "-m", "probe"]].concat();
    for args in [&["init", "-q"][..], &["add", "-A"], &commit] {
        process::run(command("git").arg("-C").arg(folder).args(args))?;
    }
    Ok(())
}
