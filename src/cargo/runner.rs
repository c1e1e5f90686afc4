//! The runner that cargo is configured to start the executables of a target with.
//!
//! cargo's own order (<https://doc.rust-lang.org/cargo/reference/config.html#targettriplerunner>): what names the triple
//! comes before `target.'cfg(..)'`, and for each of them `--config` before the environment before the files.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use cargo_config2::{TargetTripleRef, de};

use super::config::{CargoConfig, ConfigError};

/// A program that starts executables of another target: an emulator, mostly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    /// The program; looked for on `PATH` if it is a bare name.
    pub program: PathBuf,
    /// Its arguments, before the path of the executable.
    pub args: Vec<OsString>,
}

/// Why the runner of a target is not known.
#[derive(Debug)]
pub enum RunnerError {
    /// This value of `--config` could not be read.
    Argument(String, ConfigError),
    /// The configuration holds something that only cargo understands.
    NotUnderstood,
    /// cargo does not tell the triple of this machine.
    Host(cargo_config2::Error),
    /// A `--config` sets a runner for this condition, which may hold for this triple.
    Condition {
        /// `cfg(..)`.
        condition: String,
        /// The triple.
        triple: String,
    },
    /// The runner of this triple could not be looked up.
    Lookup(String, cargo_config2::Error),
}

impl fmt::Display for RunnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(text, _) => write!(f, "failed to read `--config {text}`"),
            Self::NotUnderstood => f.write_str(
                "cargo's configuration holds what only cargo understands, so that no runner can be looked up in it",
            ),
            Self::Host(_) => f.write_str("failed to ask cargo for the triple of this machine"),
            Self::Condition { condition, triple } => write!(
                f,
                "`--config` sets a runner for `{condition}`, and only cargo can tell whether that means `{triple}`: name \
                 the target (`--config 'target.{triple}.runner=\"...\"'`), or write it into `.cargo/config.toml`"
            ),
            Self::Lookup(triple, _) => write!(
                f,
                "failed to look for the runner of `{triple}` in cargo's configuration"
            ),
        }
    }
}

impl Error for RunnerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Argument(_, error) => Some(error),
            Self::Host(error) | Self::Lookup(_, error) => Some(error),
            Self::NotUnderstood | Self::Condition { .. } => None,
        }
    }
}

/// The runner for `triple`, or for this machine's own if none was chosen.
///
/// # Errors
/// If the configuration may hold a runner that cannot be found out.
pub fn runner(triple: Option<&str>, config: &CargoConfig) -> Result<Option<Runner>, RunnerError> {
    let by_flag = CommandLine::read(config)?;
    let any = || {
        !by_flag.runners.is_empty()
            || std::env::vars_os().any(|(name, _)| is_runner_variable(&name.to_string_lossy()))
            || config
                .files()
                .target
                .values()
                .any(|table| table.runner.is_some())
    };
    // Only rustc knows this machine's triple, and most projects have no runner at all.
    if triple.is_none() && !any() {
        return Ok(None);
    }
    let resolved = config.resolved().ok_or(RunnerError::NotUnderstood)?;
    let triple = match triple {
        Some(triple) => TargetTripleRef::from(without_c_library(triple)),
        None => resolved.host_triple().map_err(RunnerError::Host)?.into(),
    };
    let name = triple.triple();
    if let Some(runner) = by_flag.named(name) {
        return Ok(Some(runner));
    }
    let named_elsewhere = || {
        let table = config.files().target.get(name);
        std::env::var_os(variable(name)).is_some()
            || table.is_some_and(|table| table.runner.is_some())
    };
    if let Some(condition) = by_flag.condition()
        && !named_elsewhere()
    {
        return Err(RunnerError::Condition {
            condition: condition.to_owned(),
            triple: name.to_owned(),
        });
    }
    let found = resolved
        .runner(&triple)
        .map_err(|error| RunnerError::Lookup(name.to_owned(), error))?;
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
    fn read(config: &CargoConfig) -> Result<Self, RunnerError> {
        let mut all = Self::default();
        for argument in config.arguments().iter().rev() {
            argument
                .parsed(
                    |text| text.contains("runner"),
                    |config, root| all.add(config, root),
                )
                .map_err(|error| RunnerError::Argument(argument.text().to_owned(), error))?;
        }
        Ok(all)
    }

    fn add(&mut self, config: &de::Config, root: &Path) {
        for (key, table) in &config.target {
            let Some(runner) = &table.runner else {
                continue;
            };
            let runner = Runner {
                program: resolve(runner.path.raw_value(), root),
                args: runner.args.iter().map(|arg| (&arg.val).into()).collect(),
            };
            self.runners.push((key.clone(), runner));
        }
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
        CommandLine::read(&CargoConfig::of_arguments(configs)).unwrap()
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
    fn an_argument_that_is_no_setting_is_named() {
        let config = CargoConfig::of_arguments(&["target.a.runner"]);
        let error = CommandLine::read(&config).unwrap_err();
        assert!(error.source().is_some());
        let text = error.to_string();
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
