//! Errors about a source file, which tell where the user has named the file.

use std::path::PathBuf;

use crate::interrupt;
use crate::packing::PackError;
use crate::settings::{Origin, Setting};

/// Adds to an error about the source file which flag, variable or table named the file.
pub fn explain(error: PackError, source: &Setting<PathBuf>) -> anyhow::Error {
    if let Err(interrupted) = interrupt::check() {
        return interrupted.into();
    }
    let named = match &source.from {
        Origin::Default => return error.into(),
        origin => format!(", named by {origin}"),
    };
    match error {
        PackError::OpenSource(..) | PackError::Source(..) => {
            let headline = format!("{error}{named}");
            match error {
                PackError::OpenSource(_, reason) => anyhow::Error::new(reason).context(headline),
                PackError::Source(_, reason) => anyhow::Error::new(reason).context(headline),
                other => other.into(),
            }
        }
        other => other.into(),
    }
}
