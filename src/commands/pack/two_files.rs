//! What to do where one file cannot serve the releases of Airflow that were asked for.

use std::path::Path;

use airflow_protocol::record::METADATA_FLAG;
use clap::ValueEnum as _;

use super::program::Program;
use crate::packing::{Airflow, PackError, PinError};
use crate::plan::{Destination, Introspection};
use crate::settings::{AIRFLOW, OUT_DIR, SOURCE};

/// The folder for bundles where none was asked for.
const FOLDER: &str = "bundles";

/// Adds to an error about the releases who has asked for them, and the way out.
pub fn explain(
    error: PackError,
    program: &Program<'_>,
    introspection: &Introspection,
) -> anyhow::Error {
    let PackError::Airflow(_, _, reason) = &error else {
        return error.into();
    };
    let asked = match program.airflow {
        Some(airflow) => format!("{error}, as {} says", airflow.from),
        None => error.to_string(),
    };
    let advice = match reason {
        PinError::Arguments(_) => two_files(program, introspection),
        PinError::OwnVersion(..) => format!(
            "leave out `{}`, so that the manifest's own version says for which releases the bundle is",
            AIRFLOW.flag
        ),
        _ if program.airflow.is_none() => {
            "build with another `airflow-sdk`, or pack with a `cargo airflow-bundle` that knows its versions".to_owned()
        }
        _ => format!(
            "build with an `airflow-sdk` that knows the release, or choose another one with `{}`",
            AIRFLOW.flag
        ),
    };
    let reason = anyhow::anyhow!("{reason};\n{advice}");
    reason.context(asked)
}

/// The commands for two files of the same executable, which is there already, in two folders.
fn two_files(program: &Program<'_>, introspection: &Introspection) -> String {
    let [older, newer] = [Airflow::V3_3, Airflow::V3_4].map(|airflow| {
        let words = command(program, introspection, airflow);
        let words = words.iter().map(String::as_str);
        shlex::try_join(words.clone()).unwrap_or_else(|_| words.collect::<Vec<_>>().join(" "))
    });
    format!(
        "make two files, in two folders; for Airflow 3.3 the tasks of these handlers get no arguments, and fail:\n  {newer}\n  {older}"
    )
}

fn command(program: &Program<'_>, introspection: &Introspection, airflow: Airflow) -> Vec<String> {
    let mut words = vec!["cargo".to_owned(), "airflow-bundle".to_owned()];
    let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
    add("--executable", &program.path.to_string_lossy());
    add(SOURCE.flag, &program.source.value.to_string_lossy());
    if let Some(file) = &introspection.manifest_file {
        add(METADATA_FLAG, &file.to_string_lossy());
    }
    let value = airflow.to_possible_value();
    let release = value.as_ref().map_or("", |value| value.get_name());
    let folder = match &program.destination.value {
        Destination::Folder { root, .. } => root.as_path(),
        Destination::File(_) | Destination::BesideExecutable => Path::new(FOLDER),
    };
    // Beside each other, because workers scan the folders below theirs too.
    let folder = format!("{}-{release}", folder.to_string_lossy());
    add(AIRFLOW.flag, release);
    add(OUT_DIR.flag, &folder);
    words
}
