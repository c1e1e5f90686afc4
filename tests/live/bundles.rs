//! The test projects as a user would have them: copied, built and packed by the real subcommand.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::packer::{packer, succeeded};
use crate::release::{folder, root};

/// What these projects depend on is not optimized, which would take two minutes: Airflow sees no difference.
const PLAIN_DEPENDENCIES: &str = "profile.release.package.'*'.opt-level=0";

/// Packs a test project into `bundles`, and copies its Dag files into `dags`. A project with a `manifest.json` is packed with
/// that, because its executable prints none.
pub fn pack(project: &str, bundles: &Path, dags: &Path) {
    let source = root().join("test-projects").join(project);
    let copy = folder().join("projects").join(project);
    let _ = fs::remove_dir_all(&copy);
    copy_folder(&source, &copy);
    if copy.join("dags").exists() {
        copy_folder(&copy.join("dags"), dags);
    }
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
                "--out-dir",
            ])
            .arg(bundles)
            .args(manifest.into_iter().flatten())
            .env("CARGO_TARGET_DIR", folder().join("build"))
            .current_dir(&copy),
        "the test project must build",
    );
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
