//! What to do where one file cannot serve the releases of Airflow that were asked for.

use std::path::PathBuf;

use super::program::Program;
use crate::packing::{Airflow, PackError, PinError};
use crate::plan::Destination;
use crate::settings::{AIRFLOW, OUT_DIR};

/// The folder for bundles where none was asked for.
const FOLDER: &str = "bundles";

/// Adds to an error about the releases who has asked for them, and the way out.
pub fn explain(error: PackError, program: &Program<'_>) -> anyhow::Error {
    let PackError::Airflow(_, _, reason) = &error else {
        return error.into();
    };
    let asked = match program.airflow {
        Some(airflow) => format!("{error}, as {} says", airflow.from),
        None => error.to_string(),
    };
    let advice = match reason {
        PinError::Arguments(_) => two_files(program),
        PinError::OwnVersion(..) => format!(
            "leave out `{}`, so that the manifest's own version says for which releases the bundle is",
            AIRFLOW.flag
        ),
        _ => format!(
            "build with an `airflow-sdk` that knows the release, or choose another one with `{}`",
            AIRFLOW.flag
        ),
    };
    let reason = anyhow::anyhow!("{reason};\n{advice}");
    reason.context(asked)
}

/// The commands for two files of the same program, in two folders.
fn two_files(program: &Program<'_>) -> String {
    let (older, newer) = (
        command(program, Airflow::V3_3),
        command(program, Airflow::V3_4),
    );
    format!(
        "make two files, in two folders; for Airflow 3.3 the tasks of these handlers get no arguments, and fail:\n  {newer}\n  {older}"
    )
}

fn command(program: &Program<'_>, airflow: Airflow) -> String {
    let mut words = vec!["cargo".to_owned(), "airflow-bundle".to_owned()];
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    let release = match airflow {
        Airflow::V3_3 => "3.3",
        Airflow::V3_4 | Airflow::Both => "3.4",
    };
    if let Some(by_cargo) = &program.by_cargo {
        let target = by_cargo.planned.build_target;
        let kind = if target.target.is_example() {
            "--example"
        } else {
            "--bin"
        };
        add(&["--package", &target.package.name, kind, &target.target.name]);
        match &*by_cargo.profile {
            "dev" => {}
            "release" => add(&["--release"]),
            other => add(&["--profile", other]),
        }
        if let Some(triple) = by_cargo.triple() {
            add(&["--target", triple]);
        }
    } else {
        let executable = program.path.to_string_lossy();
        let source = program.source.value.to_string_lossy();
        add(&["--executable", &executable, "--source", &source]);
    }
    let folder = match &program.destination.value {
        Destination::Folder { root, .. } => root.clone(),
        Destination::File(_) | Destination::BesideExecutable => PathBuf::from(FOLDER),
    };
    // Beside each other, because workers scan the folders below theirs too.
    let folder = format!("{}-{release}", folder.to_string_lossy());
    add(&[AIRFLOW.flag, release, OUT_DIR.flag, &folder]);
    let words = words.iter().map(String::as_str);
    shlex::try_join(words.clone()).unwrap_or_else(|_| words.collect::<Vec<_>>().join(" "))
}
