//! The SDK of this repository for the copied projects: in place of the published one, in the versions of the
//! workspace's `Cargo.lock`, and built only once.
//!
//! It is built into a folder that is kept between runs. Each project gets a build folder of its own, in which
//! cargo finds all that by hard links; so no test waits for the build of another, and each may remove what it likes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::project::{Project, REPOSITORY, host};

/// The argument by which cargo, and the program, take the SDK from this repository. Release builds do not optimize it, nor
/// what it depends on: that would take most of the time of these tests, which look at what is packed, not at its speed.
pub fn patch() -> String {
    static WRITTEN: OnceLock<String> = OnceLock::new();
    let argument = WRITTEN.get_or_init(|| {
        let settings = format!(
            "[patch.crates-io]\nairflow-sdk.path = '{REPOSITORY}/sdk'\n\
             [profile.release.package.'*']\nopt-level = 0\n"
        );
        let file = kept().join("settings.toml");
        fs::create_dir_all(kept()).unwrap();
        fs::write(&file, settings).unwrap();
        format!("--config={}", file.to_str().expect("a path in UTF-8"))
    });
    argument.clone()
}

/// Writes the lock file of a copy of `test-projects/<name>`.
pub fn lock(name: &str, project: &Project) {
    static LOCKS: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    let locks = locks.get_or_insert_default();
    let text = locks.entry(name.to_owned()).or_insert_with(|| {
        project.lock(&[&patch()]);
        fs::read_to_string(project.path("Cargo.lock")).unwrap()
    });
    project.write("Cargo.lock", text);
}

/// Fills a build folder with the SDK as `cargo build <flags>` needs it.
pub fn fill(build_dir: &Path, flags: &str) {
    static DONE: Mutex<Option<(Project, HashSet<String>)>> = Mutex::new(None);
    // Held to the end: nothing is linked while it is being built.
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (project, done) = done.get_or_insert_with(|| (prepared(), HashSet::new()));
    let target = kept().join("target");
    if !done.contains(flags) {
        let build = project.cargo("build --quiet --package airflow-sdk");
        let build = build.arg(patch()).args(flags);
        build.env("CARGO_TARGET_DIR", &target).run().ok();
        done.insert(flags.to_owned());
    }
    let folder = folder(flags);
    link(&target.join(&folder), &build_dir.join(folder));
}

/// Where cargo builds with these flags. With `--target`, the host's tools are in the one for no flags.
fn folder(flags: &str) -> String {
    match flags.split_once(' ') {
        Some(("--target", "host-tuple")) => host(),
        Some(("--profile", name)) => name.to_owned(),
        _ if flags == "--release" => "release".to_owned(),
        _ if flags.is_empty() => "debug".to_owned(),
        _ => panic!("where does cargo build with `{flags}`?"),
    }
}

/// The folder that is kept between runs.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pack-sdk")
}

/// The project from which the SDK is built: the one with a profile of its own.
fn prepared() -> Project {
    const NAME: &str = "custom-profile";
    let mut project = Project::copy_to(NAME, &kept().join("project"));
    project.offline = true;
    lock(NAME, &project);
    project
}

/// Links all that cargo would not build again.
fn link(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, name) = (entry.path(), entry.file_name());
        let to = to.join(&name);
        let name = name.to_str().unwrap();
        if entry.file_type().unwrap().is_dir() {
            // Of no use for other packages.
            if name != "incremental" {
                link(&from, &to);
            }
        } else if name.starts_with(".cargo") {
            // Locks.
        } else if from
            .components()
            .any(|part| part.as_os_str() == ".fingerprint")
            || name.starts_with('.')
        {
            // cargo goes by the times, and writes to these files if it builds again.
            let modified = entry.metadata().unwrap().modified().unwrap();
            fs::copy(&from, &to).unwrap();
            let file = fs::File::options().append(true).open(&to).unwrap();
            file.set_modified(modified).unwrap();
        } else {
            fs::hard_link(&from, &to).unwrap();
        }
    }
}
