//! What the groups need of the system, and how Debian calls it.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use anyhow::{Result, bail};

use crate::process;

/// How to find out whether a package is installed.
enum Sign {
    /// A program on `PATH`, wherever it comes from.
    Program(&'static str),
    /// Debian's own record.
    Installed,
    /// Python can import these modules.
    Python(&'static str),
}

struct Package {
    name: &'static str,
    sign: Sign,
    /// The tasks that need it.
    tasks: &'static [&'static str],
}

/// Tasks that make a Python environment.
const PYTHON: &[&str] = &[
    "test",
    "live",
    "foreign",
    "under-fire",
    "mutants",
    "cron",
    "benches",
];

const PACKAGES: &[Package] = &[
    Package {
        name: "python3",
        sign: Sign::Program("python3"),
        tasks: PYTHON,
    },
    Package {
        name: "python3-venv",
        sign: Sign::Python("venv, ensurepip"),
        tasks: PYTHON,
    },
    Package {
        name: "lld",
        sign: Sign::Program("ld.lld"),
        tasks: &["linkers"],
    },
    Package {
        name: "mold",
        sign: Sign::Program("mold"),
        tasks: &["linkers"],
    },
    Package {
        name: "git",
        sign: Sign::Program("git"),
        tasks: &["deny", "live"],
    },
    Package {
        name: "strace",
        sign: Sign::Program("strace"),
        tasks: &["under-fire"],
    },
    Package {
        name: "util-linux",
        sign: Sign::Program("setpriv"),
        tasks: &["under-fire"],
    },
];

/// Debian's packages for the group `foreign`, which reads the same file.
const FOREIGN: &str = include_str!("../../../tests/foreign/packages.txt");
/// Debian's Rust, for `typecheck`, where rustup has no standard library for another system.
const DEBIANS_RUST: &[&str] = &["rustc-web", "rust-web-src"];

/// The packages that tasks need, in the order of their names, and how to find out whether they are installed.
fn needed(tasks: &[&str]) -> BTreeMap<&'static str, &'static Sign> {
    let mut needed: BTreeMap<_, _> = PACKAGES
        .iter()
        .filter(|package| package.tasks.iter().any(|task| tasks.contains(task)))
        .map(|package| (package.name, &package.sign))
        .collect();
    // The benchmark `cross` builds as the group `foreign` does.
    if tasks.contains(&"foreign") || tasks.contains(&"benches") {
        needed.extend(FOREIGN.lines().map(|name| (name, &Sign::Installed)));
    }
    if tasks.contains(&"typecheck") && !crate::typecheck::rustup_has_all() {
        needed.extend(DEBIANS_RUST.iter().map(|name| (*name, &Sign::Installed)));
    }
    needed
}

/// The packages that tasks need and this system does not have.
fn missing(tasks: &[&str]) -> Vec<&'static str> {
    let needed = needed(tasks).into_iter();
    let missing = needed.filter(|(name, sign)| !sign.is_there(name));
    missing.map(|(name, _)| name).collect()
}

impl Sign {
    fn is_there(&self, package: &str) -> bool {
        match self {
            Self::Program(name) => on_path(name),
            Self::Installed => installed(package),
            Self::Python(modules) => {
                let mut python = process::command("python3");
                let import = python.args(["-c", &format!("import {modules}")]);
                process::output(import).is_some()
            }
        }
    }
}

fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn installed(package: &str) -> bool {
    let mut query = process::command("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Status}", package]);
    process::output(&mut query).is_some_and(|status| status == "installed")
}

/// An error that names all that is missing, before the first minute is spent.
pub fn must_be_there(tasks: &[&str]) -> Result<()> {
    let missing = missing(tasks);
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "{} needs more than this system has; install it with: apt-get install -y --no-install-recommends {}",
        tasks.join(", "),
        missing.join(" ")
    );
}

/// Installs what is missing, where that is allowed: in CI, and as root; on Debian.
pub fn install(tasks: &[&str]) -> Result<()> {
    let missing = missing(tasks);
    let mut id = process::command("id");
    let root = process::output(id.arg("-u")).is_some_and(|id| id.trim() == "0");
    let allowed = root || env::var_os("CI").is_some();
    if missing.is_empty() || !allowed || !Path::new("/etc/debian_version").exists() {
        return must_be_there(tasks);
    }
    let apt = |args: &[&str]| {
        let mut command = process::command(if root { "apt-get" } else { "sudo" });
        if !root {
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        process::run(&mut command)
    };
    apt(&["update", "-q"])?;
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    apt(&[&install[..], &missing].concat())?;
    must_be_there(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_knows_what_it_needs() {
        let names = |tasks: &[&str]| needed(tasks).into_keys().collect::<Vec<_>>();
        assert_eq!(names(&["quick"]), [""; 0]);
        assert_eq!(names(&["test"]), ["python3", "python3-venv"]);
        assert_eq!(names(&["linkers"]), ["lld", "mold"]);
        let both = names(&["foreign", "under-fire"]);
        assert!(both.contains(&"wine64") && both.contains(&"strace"));
        for package in PACKAGES {
            for task in package.tasks {
                assert!(crate::find(task).is_some(), "{task}");
            }
        }
    }
}
