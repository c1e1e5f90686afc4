//! The test projects as a user would have them: copied, built and packed by the real subcommand.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cargo_airflow_bundle::bundle::reader::Bundle;

use crate::packer::{packer, succeeded};
use crate::release::{self, folder, root};

/// What these projects depend on is not optimized, which would take two minutes: Airflow sees no difference.
const PLAIN_DEPENDENCIES: &str = "profile.release.package.'*'.opt-level=0";

/// How a manifest names the schema version of the oldest release.
const OLDEST: &str = "supervisor_schema_version: \"2026-06-16\"";
/// And that of the first release that sends arguments.
const WITH_ARGUMENTS: &str = "supervisor_schema_version: \"2026-10-30\"";

/// Puts a test project's bundle into `bundles`, and its Dag files into `dags`. Each release gets the same bytes.
pub fn install(project: &str, bundles: &Path, dags: &Path) {
    fs::copy(packed(project, &[]), bundles.join(project)).unwrap();
    copy_dags(project, dags);
}

/// Copies a test project's Dag files, if it has any.
pub fn copy_dags(project: &str, dags: &Path) {
    let source = source(project).join("dags");
    if source.exists() {
        copy_folder(&source, dags);
    }
}

/// The bundle of a test project with some of its features, packed once in a run of the suite. Its schema version is the one that
/// each release knows, unless its handlers take arguments. A project with a `manifest.json` is packed with that, because its executable prints none.
pub fn packed(project: &str, features: &[&str]) -> PathBuf {
    static PACKED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder().join("bundles").join(features.join("-"));
    let bundle = folder.join(project);
    if packed.insert(bundle.clone()) {
        pack(project, features, &folder);
        let manifest = Bundle::open(&bundle).unwrap().manifest().unwrap();
        let manifest = String::from_utf8(manifest).unwrap();
        let takes_arguments = release::V3_4.with_arguments.contains(&project);
        let version = if takes_arguments {
            WITH_ARGUMENTS
        } else {
            OLDEST
        };
        assert!(manifest.contains(version), "{project}: {manifest}");
    }
    bundle
}

/// Builds and packs a copy of a test project, as its user does.
fn pack(project: &str, features: &[&str], bundles: &Path) {
    let copy = folder().join("projects").join(project);
    let _ = fs::remove_dir_all(&copy);
    copy_folder(&source(project), &copy);
    let manifest = copy.join("manifest.json");
    let manifest = manifest.exists().then(|| {
        [
            OsString::from("--airflow-metadata"),
            manifest.into_os_string(),
        ]
    });
    let patch = format!(
        "patch.crates-io.airflow-sdk.path='{}'",
        root().join("sdk").display()
    );
    succeeded(
        packer()
            .args([
                "--release",
                "--config",
                &patch,
                "--config",
                PLAIN_DEPENDENCIES,
                "--features",
                &features.join(","),
                "--out-dir",
            ])
            .arg(bundles)
            .args(manifest.into_iter().flatten())
            .env("CARGO_TARGET_DIR", folder().join("build"))
            .current_dir(&copy),
        "the test project must build",
    );
}

fn source(project: &str) -> PathBuf {
    root().join("test-projects").join(project)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != "target" {
                copy_folder(&entry.path(), &target);
            }
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
