//! What reports for programs say of an executable.

use serde::Serialize;

use crate::executable::Executable;

/// What is known of an executable; the same object in every report. What the format does not have is null.
#[derive(Serialize)]
pub(super) struct ExecutableJson<'a> {
    architectures: Vec<String>,
    debug_info_bytes: u64,
    format: String,
    glibc: Option<String>,
    interpreter: Option<&'a str>,
    linkage: Option<String>,
    needed: &'a [String],
    os: String,
    rpath: &'a [String],
    runs_here: bool,
    trailing_bytes: u64,
}

impl<'a> From<&'a Executable> for ExecutableJson<'a> {
    fn from(executable: &'a Executable) -> Self {
        let architectures = executable.architectures.iter();
        Self {
            architectures: architectures.map(ToString::to_string).collect(),
            debug_info_bytes: executable.debug_info_bytes,
            format: executable.format.to_string(),
            glibc: executable.glibc.map(|glibc| glibc.to_string()),
            interpreter: executable.interpreter.as_deref(),
            linkage: executable.linkage.map(|linkage| linkage.to_string()),
            needed: &executable.needed,
            os: executable.platform.to_string(),
            rpath: &executable.rpath,
            runs_here: executable.runs_here(),
            trailing_bytes: executable.trailing_bytes,
        }
    }
}
