//! What is said of an executable that works on this machine, and hardly on workers.

use std::path::PathBuf;

use super::job::Job;
use crate::executable::Executable;
use crate::shell::Shell;

/// cargo and other programs put it into a folder whose content can be made again, such as the target folder.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Warns of all that is likely to fail elsewhere.
pub fn warn(examined: &Executable, job: &Job, shell: &mut Shell) {
    for caution in examined.cautions(&build_folders(job)) {
        shell.warn(format!("`{}`: {caution}", job.executable.display()));
    }
}

/// The folders of this machine that no other one has: cargo's own, and those that it builds in.
fn build_folders(job: &Job) -> Vec<PathBuf> {
    let executable = std::path::absolute(&job.executable).ok();
    let tagged = executable.as_deref().and_then(|executable| {
        let mut folders = executable.ancestors().skip(1);
        folders.find(|folder| folder.join(CACHE_TAG).is_file())
    });
    let cargo_home = std::env::var_os("CARGO_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let named = job.build_folders.iter().map(PathBuf::as_path);
    let folders = named.chain(tagged).chain(cargo_home.as_deref());
    // A path that stands in an executable may have been resolved, or not.
    folders
        .flat_map(|folder| [std::path::absolute(folder).ok(), folder.canonicalize().ok()])
        .flatten()
        // Everything lies below the root of a file system.
        .filter(|folder| folder.parent().is_some())
        .collect()
}
