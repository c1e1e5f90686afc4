//! The test project `sdk-minimal`, built in many ways with what can be shared between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::project::{PROGRAM, Project, REPOSITORY, Run, run};

/// The executable whose ids are constants.
pub const DECLARED: &str = "sdk-minimal";
/// The one whose ids are not.
pub const AT_RUN_TIME: &str = "at-run-time";

/// Those whose `bundle!`s stand in one library.
pub const OF_A_LIBRARY: [&str; 2] = ["sales", "audit"];

/// A way to build.
#[derive(Clone, Copy)]
pub struct Variant {
    pub name: &'static str,
    /// Arguments for cargo. Profiles are changed here, not named: all of them share cargo's folder for
    /// `release`, and with it the build scripts and procedural macros.
    pub cargo: &'static [&'static str],
    /// Arguments for the one rustc that links.
    pub rustc: &'static [&'static str],
}

pub const DEV: Variant = Variant {
    name: "dev",
    cargo: &["--profile=dev"],
    rustc: &[],
};

pub const RELEASE: Variant = Variant {
    name: "release",
    cargo: &["--release"],
    rustc: &[],
};

/// What cargo makes of `strip = true`, without building all dependencies once more.
pub const STRIPPED: Variant = Variant {
    name: "stripped",
    cargo: &["--release"],
    rustc: &["-Cstrip=symbols"],
};

/// The linker is told to collect sections, and to strip.
pub const COLLECTED: Variant = Variant {
    name: "gc-sections",
    cargo: &["--release"],
    rustc: &["-Clink-arg=-Wl,--gc-sections", "-Cstrip=symbols"],
};

pub const SMALL: Variant = Variant {
    name: "small",
    cargo: &[
        "--release",
        PLAIN_DEPENDENCIES,
        "--config=profile.release.opt-level='z'",
        "--config=profile.release.lto='fat'",
        "--config=profile.release.codegen-units=1",
        "--config=profile.release.panic='abort'",
        "--config=profile.release.strip=true",
    ],
    rustc: &[],
};

/// A profile other than cargo's own builds all dependencies anew. The record is a constant of the project itself, so their own
/// optimization, which would take most of the time, changes nothing here; with LTO they are optimized all the same.
pub const PLAIN_DEPENDENCIES: &str = "--config=profile.release.package.'*'.opt-level=0";

/// Where the project is copied to and built: kept between runs, for cargo to find what it has built.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("link-section")
}

/// The crate of this repository in place of the published one.
fn patch() -> String {
    format!("--config=patch.crates-io.airflow-sdk.path='{REPOSITORY}/sdk'")
}

/// The project, in one build at a time: they write to the same place.
fn one_at_a_time<T>(work: impl FnOnce(&Project) -> T) -> T {
    static PROJECT: Mutex<Option<Project>> = Mutex::new(None);
    let mut project = PROJECT.lock().unwrap_or_else(PoisonError::into_inner);
    work(project.get_or_insert_with(|| {
        fs::create_dir_all(folder().join("built")).unwrap();
        let project = Project::copy_to(DECLARED, &folder().join("project"));
        project.lock(&[&patch()]);
        project
    }))
}

/// What is built goes to one place, and the host's tools are not built again for each way to strip.
fn in_one_place(run: Run) -> Run {
    run.env("CARGO_TARGET_DIR", folder().join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_STRIP", "none")
}

/// Builds an executable of the project; `linking` are further arguments for the rustc that links it.
pub fn build(binary: &str, variant: Variant, label: &str, linking: &[&str]) -> PathBuf {
    one_at_a_time(|project| {
        let cargo = project.cargo("rustc --quiet --message-format=json-render-diagnostics");
        let cargo = variant.cargo.iter().fold(cargo, Run::arg);
        let cargo = cargo.args("--bin").arg(binary).arg(patch()).arg("--");
        let cargo = variant.rustc.iter().fold(cargo, Run::arg);
        let cargo = linking.iter().fold(cargo, Run::arg);
        let messages = in_one_place(cargo).run().ok().json();
        let executable = messages
            .iter()
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the executable");
        let kept = folder()
            .join("built")
            .join(format!("{binary}-{}-{label}", variant.name));
        // Not over the old file: that one may be running.
        let _ = fs::remove_file(&kept);
        fs::copy(executable, &kept).unwrap();
        kept
    })
}

/// Packs the project's main executable into a folder.
pub fn pack(into: &Path) -> PathBuf {
    one_at_a_time(|project| {
        let packer = project.command(Command::new(PROGRAM));
        let packer = packer.args("airflow-bundle --quiet --release --bin");
        let packer = packer.arg(DECLARED).arg(patch());
        in_one_place(packer.arg("--out-dir").arg(into))
            .run()
            .bundle()
    })
}

/// What an executable says when it is asked for its manifest.
#[track_caller]
pub fn metadata(executable: &Path) -> String {
    let outcome = run(Command::new(executable).arg("--airflow-metadata")).ok();
    assert_eq!(outcome.stderr, "", "{}", executable.display());
    let line = outcome.text().strip_suffix('\n').expect("one line");
    line.to_owned()
}
