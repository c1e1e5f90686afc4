//! New files with random names.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::platform;

/// How many letters and digits stand between the beginning and the end of a name.
pub const RANDOM: usize = 6;

/// Makes an empty file in `folder`, mode 0600, whose name begins and ends as given. Dropped, it is removed.
///
/// # Errors
/// The operating system's error, without the random name that `tempfile` would add: it would tell the user nothing.
pub fn create(folder: &Path, prefix: &str, suffix: &str) -> io::Result<NamedTempFile> {
    let mut plain = None;
    tempfile::Builder::new()
        .prefix(prefix)
        .suffix(suffix)
        .rand_bytes(RANDOM)
        .make_in(folder, |path| {
            platform::create_private(path).inspect_err(|error| plain = error.raw_os_error())
        })
        .map_err(|error| plain.map_or(error, io::Error::from_raw_os_error))
}
