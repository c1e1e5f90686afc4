//! The runner that cargo is configured to start the executables of a target with.
//!
//! cargo's own order (<https://doc.rust-lang.org/cargo/reference/config.html#targettriplerunner>): what names the triple
//! comes before `target.'cfg(..)'`, and for each of them `--config` before the environment before the files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_config2::{TargetTripleRef, de};

use super::config;

/// A program that starts executables of another target: an emulator, mostly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    /// The program; looked for on `PATH` if it is a bare name.
    pub program: PathBuf,
    /// Its arguments, before the path of the executable.
    pub args: Vec<OsString>,
}

/// The runner for `triple`, or for this machine's own if none was chosen. `configs` are the values of `--config`.
pub fn runner(triple: Option<&str>, configs: &[String]) -> anyhow::Result<Option<Runner>> {
    let by_flag = CommandLine::read(configs)?;
    // What is not understood there is cargo's business, as long as nobody asks for a runner.
    let files = de::Config::load().unwrap_or_default();
    let any = !by_flag.runners.is_empty()
        || files.target.values().any(|table| table.runner.is_some())
        || std::env::vars_os().any(|(name, _)| is_runner_variable(&name.to_string_lossy()));
    // Only rustc knows this machine's triple, and most have no runner at all.
    if triple.is_none() && !any {
        return Ok(None);
    }
    let config = config::load().context(
        "cargo's configuration holds what only cargo understands, so that no runner can be looked up in it",
    )?;
    let triple = match triple {
        Some(triple) => TargetTripleRef::from(without_c_library(triple)),
        None => config
            .host_triple()
            .context("failed to ask cargo for the triple of this machine")?
            .into(),
    };
    let name = triple.triple();
    if let Some(runner) = by_flag.named(name) {
        return Ok(Some(runner));
    }
    let named_elsewhere = std::env::var_os(variable(name)).is_some()
        || files
            .target
            .get(name)
            .is_some_and(|table| table.runner.is_some());
    if let Some(key) = by_flag.condition()
        && !named_elsewhere
    {
        bail!(
            "`--config` sets a runner for `{key}`, and only cargo can tell whether that means `{name}`: name the target \
             (`--config 'target.{name}.runner=\"...\"'`), or write it into `.cargo/config.toml`"
        );
    }
    let found = config.runner(&triple).with_context(|| {
        format!("failed to look for the runner of `{name}` in cargo's configuration")
    })?;
    Ok(found.map(|found| Runner {
        program: found.path,
        args: found.args,
    }))
}

/// cargo's triple of `--target` for cargo-zigbuild, which takes the version of a C library behind it:
/// `aarch64-unknown-linux-gnu.2.28`.
pub(super) fn without_c_library(target: &str) -> &str {
    let environment = target.rfind('-').map_or(0, |dash| dash + 1);
    let is_version = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match target
        .get(environment..)
        .and_then(|end| end.split_once('.'))
    {
        Some((name, version)) if name.starts_with("gnu") && is_version(version) => {
            target.get(..environment + name.len()).unwrap_or(target)
        }
        _ => target,
    }
}

/// The variable that names the runner of a triple.
fn variable(triple: &str) -> String {
    let triple = triple.replace(['-', '.'], "_").to_ascii_uppercase();
    format!("CARGO_TARGET_{triple}_RUNNER")
}

fn is_runner_variable(name: &str) -> bool {
    name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER")
}

/// The runners that `--config` sets, the strongest first.
#[derive(Debug, Default)]
struct CommandLine {
    /// Triples or `cfg(..)`.
    runners: Vec<(String, Runner)>,
}

impl CommandLine {
    fn read(configs: &[String]) -> anyhow::Result<Self> {
        let mut all = Self::default();
        // The last one wins.
        for config in configs.iter().rev() {
            all.read_one(config)
                .with_context(|| format!("failed to read `--config {config}`"))?;
        }
        Ok(all)
    }

    fn read_one(&mut self, config: &str) -> anyhow::Result<()> {
        let Some((config, root)) = config::parsed(config, |text| text.contains("runner"))? else {
            return Ok(());
        };
        for (key, table) in config.target {
            let Some(runner) = table.runner else { continue };
            let runner = Runner {
                program: resolve(runner.path.raw_value(), &root),
                args: runner.args.into_iter().map(|arg| arg.val.into()).collect(),
            };
            self.runners.push((key, runner));
        }
        Ok(())
    }

    fn named(&self, triple: &str) -> Option<Runner> {
        let mut runners = self.runners.iter();
        let found = runners.find(|(key, _)| key == triple);
        found.map(|(_, runner)| runner.clone())
    }

    fn condition(&self) -> Option<&str> {
        let mut keys = self.runners.iter().map(|(key, _)| key.as_str());
        keys.find(|key| key.starts_with("cfg("))
    }
}

/// A program as cargo finds it: a bare name on `PATH`, a relative path below `root`.
fn resolve(program: &str, root: &Path) -> PathBuf {
    if program.contains(['/', '\\']) {
        root.join(program)
    } else {
        program.into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is a test failure")]
mod tests {
    use super::*;

    fn read(configs: &[&str]) -> CommandLine {
        let configs: Vec<_> = configs.iter().map(|&config| config.to_owned()).collect();
        CommandLine::read(&configs).unwrap()
    }

    #[test]
    fn runners_on_the_command_line() {
        let runner = |program: &str, args: &[&str]| {
            Some(Runner {
                program: program.into(),
                args: args.iter().map(OsString::from).collect(),
            })
        };
        let all = read(&[
            "target.a.runner='first'",
            "target . \"a\" . runner = \"wine  -x\"",
            "target.b.runner=['qemu', '-L', '/a b']",
            "target.'cfg(target_os = \"linux\")'.runner='c'",
            "target.d.linker='runner'",
            "build.jobs=1",
        ]);
        assert_eq!(all.named("a"), runner("wine", &["-x"]));
        assert_eq!(all.named("b"), runner("qemu", &["-L", "/a b"]));
        assert_eq!(all.named("d"), None);
        assert_eq!(all.condition(), Some("cfg(target_os = \"linux\")"));
        assert_eq!(read(&["build.jobs=1"]).condition(), None);
    }

    #[test]
    fn what_is_no_setting_is_named() {
        let error = CommandLine::read(&["target.a.runner".to_owned()]).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("`--config target.a.runner`"), "{text}");
    }

    #[test]
    fn programs_are_found_as_cargo_finds_them() {
        let root = Path::new("/project");
        assert_eq!(resolve("wine", root), Path::new("wine"));
        assert_eq!(resolve("tools/run", root), Path::new("/project/tools/run"));
        assert_eq!(resolve("/opt/run", root), Path::new("/opt/run"));
    }

    #[test]
    fn a_version_of_a_c_library_is_no_part_of_the_triple() {
        for (target, triple) in [
            (
                "aarch64-unknown-linux-gnu.2.28",
                "aarch64-unknown-linux-gnu",
            ),
            (
                "armv7-unknown-linux-gnueabihf.2.17",
                "armv7-unknown-linux-gnueabihf",
            ),
            ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("thumbv8m.main-none-eabi", "thumbv8m.main-none-eabi"),
            ("targets/my-gnu.json", "targets/my-gnu.json"),
            ("", ""),
        ] {
            assert_eq!(without_c_library(target), triple);
        }
    }

    #[test]
    fn the_variable_of_a_triple() {
        assert_eq!(
            variable("thumbv8m.main-none-eabi"),
            "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_RUNNER"
        );
        assert!(is_runner_variable(&variable("x86_64-pc-windows-gnu")));
    }
}
