//! Which records are sent: Airflow's `logging_level` and `namespace_levels`.
//!
//! The supervisor sends both to every child in the environment and filters nothing itself.

use std::fmt;

/// The variable that holds the general level. The supervisor always sets it.
pub(crate) const LEVEL_VARIABLE: &str = "AIRFLOW__LOGGING__LOGGING_LEVEL";
/// The variable that holds the levels of single loggers.
pub(crate) const NAMESPACES_VARIABLE: &str = "AIRFLOW__LOGGING__NAMESPACE_LEVELS";

/// The levels that Airflow's log has, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Rust's trace level, which Airflow does not have: sent as `debug`.
    Trace,
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    /// The level's name in a record: any other text makes the supervisor drop it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trace | Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The level of a name as Airflow's configuration has it, in any case.
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            // Python's NOTSET lets everything through.
            "NOTSET" | "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" | "WARNING" => Self::Warning,
            "ERROR" | "EXCEPTION" => Self::Error,
            "CRITICAL" | "FATAL" => Self::Critical,
            _ => return None,
        })
    }
}

impl From<log::Level> for Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Trace => Self::Trace,
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warning,
            log::Level::Error => Self::Error,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The general level and those of single loggers.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    general: Level,
    /// By dotted prefixes.
    namespaces: Vec<(String, Level)>,
}

impl Levels {
    /// Reads the two settings. Unknown names are skipped, as Airflow's own parser does.
    pub(crate) fn parse(general: &str, namespaces: &str) -> Self {
        let namespaces = namespaces
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter_map(|entry| entry.split_once('='))
            .filter_map(|(logger, level)| {
                Some((dotted(logger.trim()), Level::parse(level.trim())?))
            })
            .collect();
        Self {
            general: Level::parse(general.trim()).unwrap_or(Level::Info),
            namespaces,
        }
    }

    /// The settings that the supervisor put into the environment.
    pub(crate) fn from_environment() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        Self::parse(&read(LEVEL_VARIABLE), &read(NAMESPACES_VARIABLE))
    }

    /// The lowest level that this logger may send.
    pub(crate) fn of(&self, logger: &str) -> Level {
        self.namespaces
            .iter()
            .filter(|(prefix, _)| is_below(logger, prefix))
            .max_by_key(|(prefix, _)| prefix.len())
            .map_or(self.general, |(_, level)| *level)
    }
}

/// Whether the logger is the prefix or below it, in whole segments. Compares `a::b` and `a.b` as equals.
fn is_below(logger: &str, prefix: &str) -> bool {
    let mut logger = dotted_chars(logger);
    for expected in prefix.chars() {
        if logger.next() != Some(expected) {
            return false;
        }
    }
    matches!(logger.next(), None | Some('.'))
}

/// The characters of a logger's name with `::` as one dot.
fn dotted_chars(logger: &str) -> impl Iterator<Item = char> {
    let mut chars = logger.chars().peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        if c == ':' && chars.next_if_eq(&':').is_some() {
            return Some('.');
        }
        Some(c)
    })
}

/// A logger's name as Airflow writes them: Rust's `a::b` is `a.b`.
pub(crate) fn dotted(logger: &str) -> String {
    dotted_chars(logger).collect()
}

#[cfg(test)]
mod tests {
    use super::{Level, Levels, dotted};

    #[test]
    fn the_longest_prefix_wins() {
        let levels = Levels::parse(
            "warning",
            "my_crate=DEBUG, my_crate.db=error other::deep=Info\nbad x=LOUD",
        );
        assert_eq!(levels.of("my_crate"), Level::Debug);
        assert_eq!(levels.of("my_crate::http"), Level::Debug);
        assert_eq!(levels.of("my_crate::db::pool"), Level::Error);
        assert_eq!(levels.of("my_crate_two"), Level::Warning);
        assert_eq!(levels.of("other::deep"), Level::Info);
        assert_eq!(levels.of("x"), Level::Warning);
    }

    #[test]
    fn an_absent_level_is_info() {
        assert_eq!(Levels::parse("", "").of("x"), Level::Info);
        assert_eq!(Levels::parse("nonsense", "").of("x"), Level::Info);
        assert_eq!(Levels::parse("NOTSET", "").of("x"), Level::Trace);
    }

    #[test]
    fn names_are_dotted() {
        assert_eq!(dotted("a::b::c"), "a.b.c");
        assert_eq!(dotted("a:b.c"), "a:b.c");
    }
}
