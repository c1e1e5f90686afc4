//! cargo's configuration as far as it concerns more than cargo: the environment with the files, and `--config`.
//!
//! The build itself is left to cargo, which reads all of it again. So what is not understood here is no error.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cargo_config2::ResolveOptions;
use cargo_config2::de::Config;

/// The environment and the files, for the current folder. Nothing where they hold what cargo alone understands.
pub fn load() -> Option<cargo_config2::Config> {
    // Its value `default` is no number, which the reader insists on.
    let understood = std::env::vars_os().filter(|(name, _)| name != "CARGO_BUILD_JOBS");
    let folder = std::env::current_dir().ok()?;
    let options = ResolveOptions::default().env(understood);
    cargo_config2::Config::load_with_options(folder, options).ok()
}

/// A `--config` as a configuration, with the folder that its relative paths are relative to. Nothing where its text
/// does not concern us, which is left to cargo.
pub fn parsed(
    config: &str,
    concerns_us: impl Fn(&str) -> bool,
) -> anyhow::Result<Option<(Config, PathBuf)>> {
    let here = std::env::current_dir().context("failed to find the current folder")?;
    if is_file(config) {
        let file = here.join(config);
        if !concerns_us(&std::fs::read_to_string(&file)?) {
            return Ok(None);
        }
        let config = Config::load_file(&file)?;
        let root = file.parent().and_then(Path::parent);
        return Ok(Some((config, root.unwrap_or(&here).to_owned())));
    }
    if !concerns_us(config) {
        return Ok(None);
    }
    // cargo's configuration is read from files only.
    let mut copy = tempfile::NamedTempFile::new().context("failed to make a temporary file")?;
    copy.write_all(config.as_bytes())
        .context("failed to write a temporary file")?;
    Ok(Some((Config::load_file(copy.path())?, here)))
}

/// Whether a `--config` is a file and no setting. cargo's rule: what exists is a file.
fn is_file(text: &str) -> bool {
    !text.is_empty() && Path::new(text).exists()
}

/// What one `--config` holds.
#[derive(Debug)]
pub enum ConfigArg<'a> {
    /// A file of settings.
    File(Box<Config>),
    /// One setting; the key without quotes and spaces, the value as TOML.
    Value {
        /// Parts joined by dots.
        key: String,
        /// What stands behind the `=`.
        value: &'a str,
    },
    /// Something that only cargo can read.
    Unknown,
}

impl<'a> ConfigArg<'a> {
    /// Reads it.
    pub fn read(text: &'a str) -> Self {
        if is_file(text) {
            return Config::load_file(text)
                .map_or(Self::Unknown, |config| Self::File(Box::new(config)));
        }
        let Some((key, value)) = text.split_once('=') else {
            return Self::Unknown;
        };
        let key = key
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''))
            .collect();
        Self::Value {
            key,
            value: value.trim(),
        }
    }
}

/// A TOML string without its quotes.
pub fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}
