//! The releases of Airflow that bundles are made and judged for.

use airflow_protocol::Release;
use clap::ValueEnum;

/// The releases of Airflow that a user means, as in `--airflow both`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Airflow {
    /// Airflow 3.3 alone.
    #[value(name = "3.3")]
    V3_3,
    /// Airflow 3.4 alone.
    #[value(name = "3.4")]
    V3_4,
    /// Airflow 3.3 and 3.4.
    Both,
}

impl Airflow {
    /// The releases, the oldest first.
    pub const fn releases(self) -> &'static [Release] {
        match self {
            Self::V3_3 => &[Release::AIRFLOW_3_3],
            Self::V3_4 => &[Release::AIRFLOW_3_4],
            Self::Both => &Release::ALL,
        }
    }
}

/// The setting in which each release is told its folder of bundles, for the end of a sentence. Several settings have the names of their
/// releases.
pub fn folder_settings(releases: &[Release]) -> String {
    let setting = |release: &Release| match releases {
        [_] => format!("`{}`", release.folder_setting),
        _ => format!("`{}` ({release})", release.folder_setting),
    };
    let settings: Vec<_> = releases.iter().map(setting).collect();
    settings.join(" or ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a failed expectation is a failed test")]

    use super::*;

    /// The values of the flag are the numbers of the releases, and the word for all of them.
    #[test]
    fn a_value_is_named_by_its_releases() {
        for value in Airflow::value_variants() {
            let name = value.to_possible_value().expect("no value is hidden");
            match value.releases() {
                [release] => assert_eq!(name.get_name(), release.number),
                all => assert_eq!((name.get_name(), all), ("both", &Release::ALL[..])),
            }
        }
    }
}
