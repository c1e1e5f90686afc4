//! A copy of a test project, and cargo and other programs run in it, as a user runs them: with the program on `PATH`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test binary uses a part of this; a test that cannot go on has failed"
)]

mod outcome;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

#[allow(unused_imports, reason = "each test binary uses a part of these")]
pub use outcome::{Outcome, is_bundle};
#[allow(unused_imports, reason = "each test binary uses a part of these")]
pub use run::{PROGRAM, REPOSITORY, Run, host, run, succeeded};

/// A test project in a folder of its own.
pub struct Project {
    /// Removed at the end.
    _folder: Option<TempDir>,
    root: PathBuf,
    /// By cargo's variable, where the project itself does not say where cargo builds. Removed at the end.
    pub build_dir: Option<TempDir>,
    /// Whether all that is needed is there, so that cargo has to do without a network.
    pub offline: bool,
}

impl Project {
    /// A copy of `test-projects/<name>` in a folder with a name as users have them, too.
    pub fn copy(name: &str) -> Self {
        Self::copy_as(name, "projekt größe")
    }

    /// A copy in a folder with this name.
    pub fn copy_as(name: &str, folder_name: &str) -> Self {
        let mut project = Self::empty();
        project.root.push(folder_name);
        copy_folder(&test_project(name), &project.root);
        project
    }

    /// A copy that stays where it is, so that cargo finds what it has built before.
    pub fn copy_to(name: &str, root: &Path) -> Self {
        copy_folder(&test_project(name), root);
        Self {
            _folder: None,
            root: root.canonicalize().unwrap(),
            build_dir: None,
            offline: false,
        }
    }

    /// An empty folder.
    pub fn empty() -> Self {
        let folder = TempDir::new().expect("a temp folder");
        // Paths are compared as text, and macOS's temp folder is reached through a link.
        let root = folder.path().canonicalize().unwrap();
        Self {
            _folder: Some(folder),
            root,
            build_dir: None,
            offline: false,
        }
    }

    /// The folder of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the project.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Writes a file of the project, with the folders that lead to it.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Adds to the end of a file.
    pub fn append(&self, relative: &str, text: &str) {
        let old = fs::read_to_string(self.path(relative)).unwrap();
        self.write(relative, &format!("{old}\n{text}\n"));
    }

    /// Replaces a text that must be there.
    pub fn replace(&self, relative: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(relative)).unwrap();
        assert!(text.contains(old), "{relative} holds no {old:?}");
        self.write(relative, &text.replace(old, new));
    }

    /// `cargo <args>`, by the cargo that runs the tests; the arguments hold no spaces.
    pub fn cargo(&self, args: &str) -> Run {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.command(Command::new(cargo)).args(args)
    }

    /// A command in the folder of the project.
    pub fn command(&self, command: Command) -> Run {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let ours = Path::new(PROGRAM).parent().unwrap().to_owned();
        let folders = std::iter::once(ours).chain(std::env::split_paths(&path));
        let mut run = Run::new(command, &self.root);
        run = run.env("PATH", std::env::join_paths(folders).unwrap());
        if self.offline {
            run = run.env("CARGO_NET_OFFLINE", "true");
        }
        match &self.build_dir {
            Some(folder) => run.env("CARGO_BUILD_BUILD_DIR", folder.path()),
            None => run,
        }
    }

    /// Gives the project the versions that this repository was built with, as `Cargo.lock`, by `cargo update <args>`.
    pub fn lock(&self, args: &[&str]) {
        let lock = Path::new(REPOSITORY).join("Cargo.lock");
        fs::copy(lock, self.path("Cargo.lock")).unwrap();
        // Takes out what the project does not use. Else the first build would do that, and say so.
        let update = || {
            let run = self.cargo("update --quiet --workspace");
            args.iter().fold(run, Run::arg)
        };
        if update().arg("--offline").run().code != 0 {
            update().run().ok();
        }
    }
}

fn test_project(name: &str) -> PathBuf {
    Path::new(REPOSITORY).join("test-projects").join(name)
}

/// A configuration file that puts a crate of this repository in the place of the published one.
pub fn patches(names: &[&str]) -> String {
    let patch = |name: &&str| match *name {
        "cargo-airflow-bundle" => format!("{name}.path = '{REPOSITORY}'"),
        _ => format!("{name}.path = '{REPOSITORY}/sdk'"),
    };
    let lines: Vec<_> = names.iter().map(patch).collect();
    format!("[patch.crates-io]\n{}\n", lines.join("\n"))
}

/// Copies what has changed, without what was built or locked in place: cargo goes by the time of the last change.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" || entry.file_name() == "Cargo.lock" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&from, &to);
        } else if fs::read(&to).ok() != fs::read(&from).ok() {
            fs::copy(&from, &to).unwrap();
        }
    }
}
