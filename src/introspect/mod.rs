//! From an executable, or a captured file, to a valid manifest.

mod collector;
mod command;
mod frame;
mod run;
mod run_error;
mod running;
mod several;
mod supervisor;
mod trial;
mod trial_error;

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

pub use command::Asked;
pub use run_error::{RunError, is_foreign};
pub use several::SeveralManifests;
pub use trial_error::TrialError;

use collector::OUTPUT_LIMIT;

use crate::bundle::input::Input;
use crate::executable::{self, SectionError};
use crate::interrupt::AtOnce;
use crate::manifest::{Manifest, ManifestError};
use crate::text;
use crate::utf8;

/// How much of wrong output is shown, in characters.
const SHOWN: usize = 120;

/// Runs an executable and reads the manifest that it prints.
pub fn from_run(asked: &Asked, limit: Duration) -> anyhow::Result<Manifest> {
    let output = match run::run(asked, limit) {
        Ok(output) => output,
        Err(RunError::Interrupted(interrupted)) => return Err(interrupted.into()),
        Err(error) => {
            return Err(error).with_context(|| format!("`{asked}` gave no manifest"));
        }
    };
    parse(&output, Origin::Printed).with_context(|| format!("`{asked}` printed no valid manifest"))
}

/// Starts an executable once as Airflow does, and waits for its answer, at most for `limit`.
pub fn try_out(asked: &Asked, limit: Duration) -> Result<(), TrialError> {
    trial::run(asked, limit)
}

/// Reads the manifest in the link section of `executable`, which was opened from `path`. `None` if it has no such section.
pub fn from_section(executable: &Input, path: &Path) -> anyhow::Result<Option<Manifest>> {
    let record = executable::link_record(executable.file(), 0, executable.size());
    if let Err(SectionError::SeveralRecords { records, .. }) = &record {
        return Err(SeveralManifests::new(path, records).into());
    }
    let record = record.with_context(|| {
        format!(
            "the link section of `{}` holds no usable manifest record",
            path.display()
        )
    })?;
    let Some(record) = record else {
        return Ok(None);
    };
    let manifest = parse(record.json.as_bytes(), Origin::Kept).with_context(|| {
        format!(
            "the link section of `{}` (`{}`) holds no valid manifest",
            path.display(),
            record.section
        )
    })?;
    Ok(Some(manifest))
}

/// Whether `executable` has a link section, usable or not.
pub fn has_section(executable: &Input) -> bool {
    !matches!(
        executable::link_record(executable.file(), 0, executable.size()),
        Ok(None)
    )
}

/// Reads a manifest that was captured elsewhere.
pub fn from_file(path: &Path) -> anyhow::Result<Manifest> {
    let failed = || format!("failed to read the manifest `{}`", path.display());
    if std::fs::metadata(path).with_context(failed)?.is_dir() {
        return Err(anyhow::anyhow!("it is a folder, not a file")).with_context(failed);
    }
    let mut bytes = Vec::new();
    {
        // A pipe may stay silent for ever, and nothing is open that must be cleaned up.
        let _waiting = AtOnce::new();
        std::fs::File::open(path)
            .with_context(failed)?
            .take(OUTPUT_LIMIT as u64 + 1)
            .read_to_end(&mut bytes)
            .with_context(failed)?;
    }
    if bytes.len() > OUTPUT_LIMIT {
        bail!(
            "the manifest `{}` is longer than {} MiB",
            path.display(),
            OUTPUT_LIMIT >> 20
        );
    }
    parse(&bytes, Origin::Kept)
        .with_context(|| format!("`{}` holds no valid manifest", path.display()))
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// An executable has just printed it.
    Printed,
    /// It stands in a file, or in an executable.
    Kept,
}

/// Wrong output: what was wrong, and how the output began.
#[derive(Debug)]
struct WrongOutput {
    problem: Problem,
    beginning: String,
    hint: Option<&'static str>,
}

#[derive(Debug)]
enum Problem {
    Empty(Origin),
    NotUtf8 { line: u64 },
    Manifest(ManifestError),
}

impl fmt::Display for WrongOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Empty(origin) => {
                f.write_str("it is empty; expected a JSON or YAML manifest")?;
                if *origin == Origin::Printed {
                    f.write_str(
                        " (with `airflow-sdk`, `main` ends in `serve()`, which answers the flag)",
                    )?;
                }
                return Ok(());
            }
            Problem::NotUtf8 { line } => write!(f, "line {line}: it is not UTF-8")?,
            Problem::Manifest(error) => write!(f, "{error}")?,
        }
        write!(f, "\nit began: {}", self.beginning)?;
        if let Some(hint) = self.hint {
            write!(f, "\n{hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for WrongOutput {}

fn parse(output: &[u8], origin: Origin) -> Result<Manifest, WrongOutput> {
    let wrong = |problem, hint| WrongOutput {
        problem,
        beginning: text::beginning(output, SHOWN),
        hint,
    };
    let manifest = match utf8::text(output) {
        Ok(manifest) => manifest,
        Err(line) => {
            let utf16 = output.starts_with(b"\xff\xfe") || output.starts_with(b"\xfe\xff");
            let hint = utf16.then_some(
                "it seems to be UTF-16, as some shells redirect output into a file: convert it to \
                 UTF-8",
            );
            return Err(wrong(Problem::NotUtf8 { line }, hint));
        }
    };
    if manifest.trim().is_empty() {
        return Err(wrong(Problem::Empty(origin), None));
    }
    Manifest::parse(manifest).map_err(|error| {
        let hint = if has_manifest_below(manifest) {
            Some(
                "the manifest seems to follow other output: print nothing else to stdout when the \
                 program is run with `--airflow-metadata` (a banner can go to stderr)",
            )
        } else {
            // An output with keys was meant as a manifest.
            let mapping = manifest.trim_start().starts_with('{') || manifest.contains("dags");
            (origin == Origin::Printed && !mapping).then_some(
                "if that is what the program does for its users, its `main` does not know the flag: with `airflow-sdk`, \
                 `main` ends in `serve()`, which answers it; or this is not the program with the tasks (`--bin`, `-p`)",
            )
        };
        wrong(Problem::Manifest(error), hint)
    })
}

/// For the fuzz target: reads `output`, and writes out what is wrong with it.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_printed(output: &[u8]) -> Result<Manifest, String> {
    parse(output, Origin::Printed).map_err(|error| error.to_string())
}

/// For the fuzz target: takes a frame out of `bytes`, if it is whole, or writes out why it is none.
#[cfg(any(test, fuzzing))]
pub(crate) fn take_frame(bytes: &mut &[u8]) -> Result<bool, String> {
    let frame = frame::take(bytes).map_err(|error| error.to_string())?;
    Ok(frame.is_some())
}

/// Whether a valid manifest stands below the first lines, as it does under a banner. The lines above a second manifest are a
/// manifest, not a banner.
fn has_manifest_below(text: &str) -> bool {
    // Each try reads the rest of the text: a megabyte would take many seconds, and is hardly a banner.
    let text = if text.len() < (1 << 16) { text } else { "" };
    let ends = text.match_indices('\n').take(50);
    let mut parts = ends.filter_map(|(at, _)| text.split_at_checked(at + 1));
    parts
        .find_map(|(before, rest)| {
            let first = Manifest::parse(before).is_ok();
            (first || Manifest::parse(rest).is_ok()).then_some(!first)
        })
        .unwrap_or(false)
}
