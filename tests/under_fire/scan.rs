//! The scans of the released Airflows, without pause.

use std::fs;
use std::path::Path;

use airflow_protocol::Release;
use serde_json::{Value, json};

use crate::packer::set_mode;
use crate::python::{self, Script};
use crate::releases::RELEASES;
use crate::site::{Content, Site};

pub const ROOT: u32 = 0;

/// One loop for each release: a worker's search, and in 3.4 that of the Dag processor too.
pub struct Scans([(Release, Script); RELEASES.len()]);

impl Scans {
    /// Loads what they need.
    pub fn load() -> Self {
        Self(RELEASES.map(|(requirements, release)| {
            let python = python::environment(requirements);
            (release, Script::start(&python, "scan_bundles.py"))
        }))
    }

    /// Scans `root`, below which the bundle of the site stands, as `user`, a number.
    pub fn start(&mut self, site: &Site, root: &Path, user: u32) {
        for (_, script) in &mut self.0 {
            let started = script.ask(&json!({
                "root": root,
                "bundle": site.bundle(),
                "dag_id": "sales",
                "allowed": Content::BOTH.map(|content| site.digest(content)),
                "user": user,
            }));
            assert_eq!(started, json!({ "started": true }));
        }
    }

    /// What was found since the start.
    pub fn stop(&mut self) -> [(Release, Value); RELEASES.len()] {
        self.0
            .each_mut()
            .map(|(release, script)| (*release, script.ask(&json!({}))))
    }

    /// Fails if anything was found that must not be, or after fewer scans than `least`.
    #[track_caller]
    pub fn found_nothing_wrong(&mut self, least: u64) {
        for (release, report) in self.stop() {
            println!("{release}: {report}");
            assert_eq!(report["problems"], json!({}), "{release}");
            assert!(
                report["scans"].as_u64().unwrap() > least,
                "{release}: {report}"
            );
            assert_eq!(
                report["seen"].as_object().unwrap().len(),
                2,
                "{release}: {report}"
            );
        }
    }
}

/// What the kills must never lead to is reported if it is there.
#[test]
fn the_scans_report_what_must_not_be() {
    let site = Site::new();
    site.packed(Content::A);
    let mut scans = Scans::load();
    let mut must_say = |in_3_3: &[&str], in_3_4: &[&str]| {
        scans.start(&site, &site.folder(), ROOT);
        for (release, report) in scans.stop() {
            let problems = report["problems"].as_object().unwrap();
            let words = match release {
                Release::AIRFLOW_3_3 => in_3_3,
                _ => in_3_4,
            };
            assert_eq!(
                problems.is_empty(),
                words.is_empty(),
                "{release}: {problems:?}"
            );
            for words in words {
                let said = problems.keys().any(|problem| problem.contains(words));
                assert!(said, "{release}: {words}: {problems:?}");
            }
        }
    };
    must_say(&[], &[]);
    let second = site.folder().join(".airflow-bundle-abcDEF.tmp");
    fs::copy(site.bundle(), &second).unwrap();
    must_say(
        &[".airflow-bundle-abcDEF.tmp"],
        &[".airflow-bundle-abcDEF.tmp"],
    );
    // 3.3 passes over what is not executable.
    set_mode(&second, 0o600);
    must_say(&[], &["the scan finds [", ".airflow-bundle-abcDEF.tmp"]);
    // The Dag processor passes over a name with a suffix.
    fs::rename(&second, site.folder().join("second")).unwrap();
    must_say(&[], &["the scan finds [", "the Dag processor lists ["]);
    fs::remove_file(site.folder().join("second")).unwrap();
    // 3.4 makes it executable.
    set_mode(&site.bundle(), 0o644);
    let nothing = "the coordinator finds nothing";
    must_say(&["the scan finds []", nothing], &[]);
    set_mode(&site.bundle(), 0o755);
    let whole = fs::read(site.bundle()).unwrap();
    fs::write(site.bundle(), &whole[..whole.len() - 1]).unwrap();
    let neither = "neither the old nor the new one";
    must_say(&[neither, nothing], &[neither, nothing]);
    fs::remove_file(site.bundle()).unwrap();
    let gone = "the bundle cannot be read";
    must_say(&[gone], &[gone]);
}
