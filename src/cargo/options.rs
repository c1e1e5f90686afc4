//! cargo's own flags under cargo's own names, and how they are handed to `cargo build` and
//! `cargo metadata`.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// Flags of `cargo build` that this program takes itself.
#[derive(Debug, Clone, Default, Args)]
pub struct CargoOptions {
    /// Package to pack (see `cargo help pkgid`)
    #[arg(short, long, value_name = "SPEC", action = ArgAction::Append, help_heading = "Package Selection")]
    pub package: Vec<String>,
    /// Pack all packages in the workspace that can be packed
    #[arg(long, alias = "all", help_heading = "Package Selection")]
    pub workspace: bool,
    /// Exclude packages from the selection
    #[arg(
        long,
        value_name = "SPEC",
        requires = "workspace",
        help_heading = "Package Selection"
    )]
    pub exclude: Vec<String>,
    /// Pack only the specified binary
    #[arg(long, value_name = "NAME", action = ArgAction::Append, help_heading = "Target Selection")]
    pub bin: Vec<String>,
    /// Pack only the specified example
    #[arg(long, value_name = "NAME", action = ArgAction::Append, help_heading = "Target Selection")]
    pub example: Vec<String>,
    /// Space or comma separated list of features to activate
    #[arg(short = 'F', long, value_name = "FEATURES", action = ArgAction::Append, help_heading = "Feature Selection")]
    pub features: Vec<String>,
    /// Activate all available features
    #[arg(long, help_heading = "Feature Selection")]
    pub all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long, help_heading = "Feature Selection")]
    pub no_default_features: bool,
    /// Build in release mode, with optimizations
    #[arg(
        short,
        long,
        conflicts_with = "profile",
        help_heading = "Compilation Options"
    )]
    pub release: bool,
    /// Build with the specified profile
    #[arg(
        long,
        value_name = "PROFILE-NAME",
        help_heading = "Compilation Options"
    )]
    pub profile: Option<String>,
    /// Number of parallel jobs, defaults to # of CPUs
    #[arg(
        short,
        long,
        value_name = "N",
        allow_hyphen_values = true,
        help_heading = "Compilation Options"
    )]
    pub jobs: Option<String>,
    /// Build for the target triple
    #[arg(long, value_name = "TRIPLE", action = ArgAction::Append, help_heading = "Compilation Options")]
    pub target: Vec<String>,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY", help_heading = "Compilation Options")]
    pub target_dir: Option<PathBuf>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Manifest Options")]
    pub manifest_path: Option<PathBuf>,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, help_heading = "Manifest Options")]
    pub locked: bool,
    /// Run without accessing the network
    #[arg(long, help_heading = "Manifest Options")]
    pub offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, help_heading = "Manifest Options")]
    pub frozen: bool,
    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH", action = ArgAction::Append, help_heading = "Common Options")]
    pub config: Vec<String>,
    /// Unstable (nightly-only) flags to Cargo
    #[arg(short = 'Z', value_name = "FLAG", action = ArgAction::Append, help_heading = "Common Options")]
    pub unstable: Vec<String>,
    /// Error format: `human`, `short`, or cargo's JSON kinds; ours follow cargo's lines
    #[arg(long, value_name = "FMT", value_delimiter = ',', action = ArgAction::Append, help_heading = "Common Options")]
    pub message_format: Vec<MessageFormat>,
}

/// cargo's message formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// Text for a person.
    Human,
    /// Text for a person, one line a diagnostic.
    Short,
    /// JSON lines on stdout.
    Json,
    /// JSON with short rendered diagnostics.
    JsonDiagnosticShort,
    /// JSON with coloured rendered diagnostics.
    JsonDiagnosticRenderedAnsi,
    /// JSON, with diagnostics rendered on stderr.
    JsonRenderDiagnostics,
}

/// Flags that are the same for every subcommand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Common {
    /// Number of `-v`.
    pub verbose: u8,
    /// `-q`.
    pub quiet: bool,
    /// `--color`, if it was given.
    pub color: Option<ColorWhen>,
}

/// cargo's `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// With colours if the stream is a terminal.
    Auto,
    /// With colours, whatever the stream is.
    Always,
    /// Without colours.
    Never,
}

impl ColorWhen {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// Values of `--message-format` that exclude each other.
#[derive(Debug)]
pub struct TwoFormats;

impl fmt::Display for TwoFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot specify two kinds of `--message-format`")
    }
}

impl std::error::Error for TwoFormats {}

impl CargoOptions {
    /// Whether cargo's JSON lines go to stdout.
    pub fn json(&self) -> bool {
        self.message_format
            .iter()
            .any(|format| !matches!(format, MessageFormat::Human | MessageFormat::Short))
    }

    /// The profile that is built.
    pub fn profile_name(&self) -> &str {
        match &self.profile {
            Some(name) => name,
            None if self.release => "release",
            None => "dev",
        }
    }

    /// The names of the flags that were given, except `--message-format`. A message lists them where they have no effect.
    pub fn given(&self) -> Vec<&'static str> {
        // Destructured, so that a new field cannot be forgotten.
        let Self {
            package,
            workspace,
            exclude,
            bin,
            example,
            features,
            all_features,
            no_default_features,
            release,
            profile,
            jobs,
            target,
            target_dir,
            manifest_path,
            locked,
            offline,
            frozen,
            config,
            unstable,
            message_format: _,
        } = self;
        [
            ("--package", !package.is_empty()),
            ("--workspace", *workspace),
            ("--exclude", !exclude.is_empty()),
            ("--bin", !bin.is_empty()),
            ("--example", !example.is_empty()),
            ("--features", !features.is_empty()),
            ("--all-features", *all_features),
            ("--no-default-features", *no_default_features),
            ("--release", *release),
            ("--profile", profile.is_some()),
            ("--jobs", jobs.is_some()),
            ("--target", !target.is_empty()),
            ("--target-dir", target_dir.is_some()),
            ("--manifest-path", manifest_path.is_some()),
            ("--locked", *locked),
            ("--offline", *offline),
            ("--frozen", *frozen),
            ("--config", !config.is_empty()),
            ("-Z", !unstable.is_empty()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }

    /// Flags for `cargo build`, without those that choose packages, targets and triples.
    pub fn build_args(&self, common: Common) -> Vec<OsString> {
        // Destructured, so that a new field cannot be forgotten.
        let Self {
            // [`metadata_args`](Self::metadata_args)
            manifest_path: _,
            locked: _,
            offline: _,
            frozen: _,
            config: _,
            unstable: _,
            // `ChosenPackages::args`
            package: _,
            workspace: _,
            exclude: _,
            // `Request::targets` and `Request::triple`
            bin: _,
            example: _,
            target: _,
            features,
            all_features,
            no_default_features,
            release,
            profile,
            jobs,
            target_dir,
            message_format: _,
        } = self;
        let Common {
            verbose,
            quiet,
            color,
        } = common;
        let mut args = self.metadata_args();
        let mut flag = |name: &str, value: Option<OsString>| {
            args.push(name.into());
            args.extend(value);
        };
        for features in features {
            flag("--features", Some(features.into()));
        }
        for (name, given) in [
            ("--all-features", *all_features),
            ("--no-default-features", *no_default_features),
            ("--release", *release),
            ("--quiet", quiet),
        ] {
            if given {
                flag(name, None);
            }
        }
        for (name, value) in [
            ("--profile", profile.clone().map(OsString::from)),
            ("--jobs", jobs.clone().map(OsString::from)),
            ("--target-dir", target_dir.clone().map(OsString::from)),
            ("--color", color.map(|color| color.word().into())),
            ("--message-format", Some(self.cargo_message_format().into())),
        ] {
            if let Some(value) = value {
                flag(name, Some(value));
            }
        }
        for _ in 0..verbose {
            flag("--verbose", None);
        }
        args
    }

    /// Flags for `cargo metadata`, so that it sees the same packages and touches neither lock file
    /// nor network if the build may not.
    pub fn metadata_args(&self) -> Vec<OsString> {
        // Destructured, so that a new field cannot be forgotten.
        let Self {
            manifest_path,
            locked,
            offline,
            frozen,
            config,
            unstable,
            // `cargo metadata` is asked for all members, and for no features of dependencies.
            package: _,
            workspace: _,
            exclude: _,
            bin: _,
            example: _,
            features: _,
            all_features: _,
            no_default_features: _,
            // These say how something is built. `cargo metadata` has no such flags.
            release: _,
            profile: _,
            jobs: _,
            target: _,
            target_dir: _,
            message_format: _,
        } = self;
        let mut args = Vec::new();
        if let Some(path) = manifest_path {
            args.extend([OsString::from("--manifest-path"), path.into()]);
        }
        for (name, given) in [
            ("--locked", *locked),
            ("--offline", *offline),
            ("--frozen", *frozen),
        ] {
            if given {
                args.push(name.into());
            }
        }
        for config in config {
            args.extend([OsString::from("--config"), config.into()]);
        }
        for flag in unstable {
            args.extend([OsString::from("-Z"), flag.into()]);
        }
        args
    }

    /// cargo must speak JSON, so that the executable is known from its own words; with
    /// `json-render-diagnostics` it still shows diagnostics on stderr as it always does.
    fn cargo_message_format(&self) -> String {
        if self.json() {
            let names = self
                .message_format
                .iter()
                .filter_map(ValueEnum::to_possible_value);
            return names
                .map(|name| name.get_name().to_owned())
                .collect::<Vec<_>>()
                .join(",");
        }
        if self.message_format.contains(&MessageFormat::Short) {
            "json-render-diagnostics,json-diagnostic-short".to_owned()
        } else {
            "json-render-diagnostics".to_owned()
        }
    }

    /// Refuses formats that exclude each other, as cargo does.
    ///
    /// # Errors
    /// [`TwoFormats`].
    pub fn check_message_format(&self) -> Result<(), TwoFormats> {
        let text =
            |format: &MessageFormat| matches!(format, MessageFormat::Human | MessageFormat::Short);
        let texts = self
            .message_format
            .iter()
            .filter(|format| text(format))
            .count();
        if texts > 1 || (texts == 1 && self.json()) {
            return Err(TwoFormats);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_gets_the_flags_that_build_gets() {
        let options = CargoOptions {
            manifest_path: Some("a b/Cargo.toml".into()),
            locked: true,
            config: vec!["net.retry=1".to_owned()],
            unstable: vec!["build-std".to_owned()],
            target_dir: Some("t".into()),
            ..CargoOptions::default()
        };
        let metadata = options.metadata_args();
        assert_eq!(
            metadata,
            [
                "--manifest-path",
                "a b/Cargo.toml",
                "--locked",
                "--config",
                "net.retry=1",
                "-Z",
                "build-std"
            ]
        );
        let build = options.build_args(Common::default());
        assert_eq!(build[..metadata.len()], metadata);
        assert!(build.contains(&"--target-dir".into()));
    }
}
