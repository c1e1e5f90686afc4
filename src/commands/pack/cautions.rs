//! Warnings about an executable that works on this machine and probably not on workers.

use std::path::PathBuf;

use super::program::Program;
use crate::executable::Executable;
use crate::shell::Shell;

/// cargo and other programs put this file into a folder whose content can be made again, such as the target folder.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Warns of everything that is likely to fail elsewhere.
pub fn warn(examined: &Executable, program: &Program<'_>, shell: &mut Shell) {
    for caution in examined.cautions(&build_folders(program)) {
        shell.warn(format!("`{}`: {caution}", program.path.display()));
    }
}

/// Folders that no other machine has: cargo's own, and those that it builds in.
fn build_folders(program: &Program<'_>) -> Vec<PathBuf> {
    let executable = std::path::absolute(&program.path).ok();
    let tagged = executable.as_deref().and_then(|executable| {
        let mut folders = executable.ancestors().skip(1);
        folders.find(|folder| folder.join(CACHE_TAG).is_file())
    });
    let cargo_home = std::env::var_os("CARGO_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let named = program.build_folders.iter().map(PathBuf::as_path);
    let folders = named.chain(tagged).chain(cargo_home.as_deref());
    // A path that stands in an executable may have been resolved, or not.
    folders
        .flat_map(|folder| [std::path::absolute(folder).ok(), folder.canonicalize().ok()])
        .flatten()
        // Everything lies below the root of a file system.
        .filter(|folder| folder.parent().is_some())
        .collect()
}
