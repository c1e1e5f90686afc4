//! cargo's configuration as far as it concerns more than cargo: the environment with the files, and `--config`.
//!
//! It is loaded once and handed to everything that asks for a part of it. The build itself is left to cargo, which reads all
//! of it again; therefore configuration that only cargo understands is no error here.

use std::cell::OnceCell;
use std::error::Error;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cargo_config2::ResolveOptions;
use cargo_config2::de::Config;

/// cargo's configuration for the current folder.
#[derive(Debug)]
pub struct CargoConfig {
    resolved: Option<cargo_config2::Config>,
    files: OnceCell<Config>,
    arguments: Vec<Argument>,
}

impl CargoConfig {
    /// Reads the environment and the files, and the values of `--config` in the order of the command line.
    pub fn load<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            resolved: resolved(),
            files: OnceCell::new(),
            arguments: arguments.into_iter().map(Argument::read).collect(),
        }
    }

    /// The environment and the files. Nothing where they hold what cargo alone understands.
    pub(super) fn resolved(&self) -> Option<&cargo_config2::Config> {
        self.resolved.as_ref()
    }

    /// The files without the environment; empty where they hold what cargo alone understands. The first call reads
    /// the files a second time: cargo-config2 merges them with the environment and does not give them out by themselves.
    pub(super) fn files(&self) -> &Config {
        self.files
            .get_or_init(|| Config::load().unwrap_or_default())
    }

    /// The values of `--config`; the last one is the strongest.
    pub(super) fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// A configuration of these values of `--config` alone.
    #[cfg(test)]
    pub fn of_arguments(arguments: &[&str]) -> Self {
        Self {
            resolved: None,
            files: OnceCell::new(),
            arguments: arguments.iter().map(|text| Argument::read(text)).collect(),
        }
    }
}

fn resolved() -> Option<cargo_config2::Config> {
    // Its value `default` is no number, which the reader insists on.
    let understood = std::env::vars_os().filter(|(name, _)| name != "CARGO_BUILD_JOBS");
    let folder = std::env::current_dir().ok()?;
    let options = ResolveOptions::default().env(understood);
    cargo_config2::Config::load_with_options(folder, options).ok()
}

/// Why the value of a `--config` could not be used.
#[derive(Debug)]
pub enum ConfigError {
    /// The current folder, which relative paths belong to, is not known.
    CurrentFolder(io::Error),
    /// A file could not be read.
    Read(PathBuf, io::Error),
    /// The value could not be written to a temporary file, from which the reader of cargo's configuration takes it.
    Temporary(io::Error),
    /// The reader of cargo's configuration does not understand the value.
    NotUnderstood(cargo_config2::Error),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrentFolder(_) => f.write_str("failed to find the current folder"),
            Self::Read(path, _) => write!(f, "failed to read `{}`", path.display()),
            Self::Temporary(_) => f.write_str("failed to write a temporary file"),
            Self::NotUnderstood(error) => error.fmt(f),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::CurrentFolder(error) | Self::Read(_, error) | Self::Temporary(error) => {
                Some(error)
            }
            // Its message is this error's own.
            Self::NotUnderstood(error) => error.source(),
        }
    }
}

/// The value of one `--config`.
#[derive(Debug)]
pub struct Argument {
    text: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// The file of this name; its settings, if they are understood.
    File(Option<Box<Config>>),
    /// `KEY=VALUE`: the key without quotes and spaces, its parts joined by dots; the value as TOML.
    Setting { key: String, value: String },
    /// Something that only cargo can read.
    Unknown,
}

/// What a value of `--config` sets, as far as that is seen without a reader of TOML.
#[derive(Debug)]
pub enum Setting<'a> {
    /// The settings of a file.
    File(&'a Config),
    /// One setting.
    Value {
        /// The parts of the key, joined by dots.
        key: &'a str,
        /// The text after the `=`, which is TOML.
        value: &'a str,
    },
    /// Something that only cargo can read.
    Unknown,
}

impl Argument {
    /// Reads the value of a `--config`. cargo's rule: the name of something that exists is a file.
    fn read(text: &str) -> Self {
        let content = if !text.is_empty() && Path::new(text).exists() {
            Content::File(Config::load_file(text).ok().map(Box::new))
        } else if let Some((key, value)) = text.split_once('=') {
            let key = key
                .chars()
                .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''));
            Content::Setting {
                key: key.collect(),
                value: value.trim().to_owned(),
            }
        } else {
            Content::Unknown
        };
        Self {
            text: text.to_owned(),
            content,
        }
    }

    /// The value as it stands on the command line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it sets, as far as that is seen without a reader of TOML.
    pub fn setting(&self) -> Setting<'_> {
        match &self.content {
            Content::File(Some(config)) => Setting::File(config),
            Content::Setting { key, value } => Setting::Value { key, value },
            Content::File(None) | Content::Unknown => Setting::Unknown,
        }
    }

    /// Hands the value as a configuration to `take`, with the folder that its relative paths belong to. A value whose text does
    /// not concern the caller is left to cargo, and `take` is not called.
    ///
    /// # Errors
    /// If the text concerns the caller and cannot be read or is not understood.
    pub fn parsed(
        &self,
        concerns_us: impl Fn(&str) -> bool,
        take: impl FnOnce(&Config, &Path),
    ) -> Result<(), ConfigError> {
        let here = std::env::current_dir().map_err(ConfigError::CurrentFolder)?;
        match &self.content {
            Content::File(config) => {
                let file = here.join(&self.text);
                let root = file.parent().and_then(Path::parent).unwrap_or(&here);
                if let Some(config) = config {
                    take(config, root);
                    return Ok(());
                }
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| ConfigError::Read(file.clone(), error))?;
                if concerns_us(&text) {
                    // Read once more for the reason.
                    let config = Config::load_file(&file).map_err(ConfigError::NotUnderstood)?;
                    take(&config, root);
                }
            }
            Content::Setting { .. } | Content::Unknown if concerns_us(&self.text) => {
                // The reader of cargo's configuration takes files only.
                let mut copy = tempfile::NamedTempFile::new().map_err(ConfigError::Temporary)?;
                copy.write_all(self.text.as_bytes())
                    .map_err(ConfigError::Temporary)?;
                let config = Config::load_file(copy.path()).map_err(ConfigError::NotUnderstood)?;
                take(&config, &here);
            }
            Content::Setting { .. } | Content::Unknown => {}
        }
        Ok(())
    }
}

/// A TOML string without its quotes.
pub fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}
