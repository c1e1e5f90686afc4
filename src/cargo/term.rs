//! cargo's `term.*` settings, which hold for this program's own lines too.

use super::config::{Argument, CargoConfig, Setting, unquoted};
use super::options::ColorWhen;

/// The settings that the configuration has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Term {
    /// `term.color`.
    pub color: Option<ColorWhen>,
    /// `term.quiet`.
    pub quiet: Option<bool>,
    /// `term.verbose`.
    pub verbose: Option<bool>,
}

impl Term {
    /// Takes every `--config` before the environment, and the environment before the files. Settings that cannot be read count
    /// as not set: cargo says what is wrong with them.
    pub fn of(config: &CargoConfig) -> Self {
        let mut term = Self::default();
        for argument in config.arguments().iter().rev() {
            term = term.or(Self::of_argument(argument));
        }
        let rest = config.resolved();
        term.or(rest.map_or_else(Self::of_environment, Self::of_files))
    }

    /// `self` where it says something, else `other`.
    fn or(self, other: Self) -> Self {
        Self {
            color: self.color.or(other.color),
            quiet: self.quiet.or(other.quiet),
            verbose: self.verbose.or(other.verbose),
        }
    }

    fn of_argument(argument: &Argument) -> Self {
        let mut term = Self::default();
        match argument.setting() {
            Setting::File(config) => {
                term.color = config.term.color.as_ref().map(|color| color.val.into());
                term.quiet = config.term.quiet.as_ref().map(|value| value.val);
                term.verbose = config.term.verbose.as_ref().map(|value| value.val);
            }
            Setting::Value { key, value } => match key {
                "term.color" => term.color = color(unquoted(value)),
                "term.quiet" => term.quiet = value.parse().ok(),
                "term.verbose" => term.verbose = value.parse().ok(),
                _ => {}
            },
            Setting::Unknown => {}
        }
        term
    }

    /// The files, with the environment before them.
    fn of_files(config: &cargo_config2::Config) -> Self {
        Self {
            color: config.term.color.map(ColorWhen::from),
            quiet: config.term.quiet,
            verbose: config.term.verbose,
        }
    }

    fn of_environment() -> Self {
        let variable = |name| std::env::var(name).ok();
        let flag = |name| variable(name).and_then(|value| value.parse().ok());
        Self {
            color: variable("CARGO_TERM_COLOR").and_then(|word| color(&word)),
            quiet: flag("CARGO_TERM_QUIET"),
            verbose: flag("CARGO_TERM_VERBOSE"),
        }
    }
}

fn color(word: &str) -> Option<ColorWhen> {
    let all = [ColorWhen::Auto, ColorWhen::Always, ColorWhen::Never];
    all.into_iter().find(|when| when.word() == word)
}

impl From<cargo_config2::Color> for ColorWhen {
    fn from(color: cargo_config2::Color) -> Self {
        match color {
            cargo_config2::Color::Always => Self::Always,
            cargo_config2::Color::Never => Self::Never,
            cargo_config2::Color::Auto => Self::Auto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_on_the_command_line() {
        let color = |when| Term {
            color: Some(when),
            ..Term::default()
        };
        let quiet = Term {
            quiet: Some(true),
            ..Term::default()
        };
        for (config, expected) in [
            ("term.color='never'", color(ColorWhen::Never)),
            ("term . color = \"always\"", color(ColorWhen::Always)),
            ("term.color='blue'", Term::default()),
            ("term.quiet=true", quiet),
            ("build.jobs=1", Term::default()),
            ("no-such-file.toml", Term::default()),
        ] {
            let arguments = CargoConfig::of_arguments(&[config]);
            let found = arguments.arguments().first().map(Term::of_argument);
            assert_eq!(found, Some(expected), "{config}");
        }
    }
}
