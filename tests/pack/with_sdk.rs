//! Copies of test projects that find the SDK built, and the program run in them.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::project::{Outcome, PROGRAM, Project, Run};
use crate::sdk;

impl Project {
    /// A copy of `test-projects/<name>`, for builds with the profiles `dev` and `release`.
    pub fn with_sdk(name: &str) -> Self {
        Self::with_sdk_as(name, name)
    }

    /// A copy in a folder with another name.
    pub fn with_sdk_as(name: &str, folder_name: &str) -> Self {
        let mut project = Self::copy_as(name, folder_name);
        // All that is needed was there when this test was built.
        project.offline = true;
        sdk::lock(name, &project);
        // On the file system of what is linked into it.
        project.build_dir = Some(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        project.with_sdk_for("").with_sdk_for("--release")
    }

    /// An empty folder, for a project that does without the SDK.
    pub fn without_sdk() -> Self {
        let mut project = Self::empty();
        project.offline = true;
        project
    }

    /// Has the SDK ready for `cargo build <flags>`, in addition to `dev` and `release`.
    pub fn with_sdk_for(self, flags: &str) -> Self {
        if let Some(folder) = &self.build_dir {
            sdk::fill(folder.path(), flags);
        }
        self
    }

    /// Leaves it to the project where cargo builds, and has the SDK ready in this folder of the project.
    pub fn building_in(mut self, folder: &str, flags: &str) -> Self {
        self.build_dir = None;
        sdk::fill(&self.path(folder), flags);
        self
    }

    /// Removes what was built, but for the SDK.
    pub fn clean(&self) {
        fs::remove_dir_all(self.path("target")).unwrap();
        let folder = self.build_dir.as_ref().expect("a folder of its own").path();
        fs::remove_dir_all(folder).unwrap();
        sdk::fill(folder, "");
    }

    /// The program, in the folder of the project, called as cargo calls it.
    pub fn program(&self) -> Run {
        let run = self.command(Command::new(PROGRAM));
        run.arg("airflow-bundle").arg(sdk::patch())
    }

    /// The program with arguments that hold no spaces themselves.
    pub fn pack(&self, args: &str) -> Outcome {
        self.program().args(args).run()
    }

    /// `cargo build <args>`.
    pub fn cargo_build(&self, args: &str) -> Run {
        self.cargo("build").arg(sdk::patch()).args(args)
    }
}
