//! The releases of Airflow in a variable or a table, in the words of the flag.

use std::error::Error;
use std::fmt;

use clap::ValueEnum as _;

use crate::release::Airflow;
use crate::text::one_line;

/// A text that names no releases.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownReleases(String);

impl fmt::Display for UnknownReleases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is none of", one_line(&self.0))?;
        for (index, value) in Airflow::value_variants().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let value = value.to_possible_value();
            let name = value.as_ref().map_or("", |value| value.get_name());
            write!(f, "{comma} `{name}`")?;
        }
        Ok(())
    }
}

impl Error for UnknownReleases {}

/// Reads `3.3`, `3.4` or `both`.
///
/// # Errors
/// If the text is something else.
pub fn parse_airflow(text: &str) -> Result<Airflow, UnknownReleases> {
    Airflow::from_str(text, false).map_err(|_| UnknownReleases(text.to_owned()))
}
