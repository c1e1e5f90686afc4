//! A bundle beside its Dag in a Git Dag bundle: a run keeps the executable of its version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::airflow::Airflow;
use crate::bundles;
use crate::packer::succeeded;
use crate::release::{self, Settings};

const DAG: &str = "versioned";
const PROJECT: &str = "sdk-versioned";
const PATIENCE: Duration = Duration::from_mins(3);

/// A Git repository with one Dag and one bundle.
pub struct Repository(PathBuf);

impl Repository {
    /// Makes it in `home`, with the first version.
    pub fn make(home: &Path) -> Self {
        let repository = Self(home.join("repository"));
        bundles::copy_dags(PROJECT, &repository.0);
        fs::create_dir(repository.0.join("bin")).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit(&[]);
        repository
    }

    /// Packs a version with some features and commits it.
    fn commit(&self, features: &[&str]) {
        let bundle = bundles::packed(PROJECT, features);
        fs::copy(bundle, self.0.join("bin").join(PROJECT)).unwrap();
        self.git(&["add", "--all"]);
        let user = ["-c", "user.name=live", "-c", "user.email=live@example.com"];
        self.git(&[&user[..], &["commit", "--quiet", "--message", "a version"]].concat());
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        succeeded(git.arg("-C").arg(&self.0).args(args), "git must work");
    }

    /// Adds the Dag bundle, as the documentation teaches it, and its coordinator, which has another name than the one that is there.
    pub fn add_to(&self, settings: &mut Settings) {
        let mut taught = release::settings(&release::ini_block("docs/deploy.md", "\n### In Git\n"));
        let mut take = |key: &str| {
            let place = taught.iter().position(|(_, other, _)| other == key);
            taught.remove(place.unwrap()).2
        };
        let mut dag_bundle = take("dag_bundle_config_list")[0].take();
        let coordinator = take("coordinators")["rust"].take();
        assert_eq!(take("queue_to_coordinator"), json!({"rust": "rust"}));
        assert_eq!(dag_bundle["kwargs"]["tracking_ref"], "main");
        dag_bundle["name"] = DAG.into();
        dag_bundle["kwargs"]["repo_url"] = self.0.to_str().unwrap().into();
        // A new version is looked for every five minutes otherwise.
        dag_bundle["kwargs"]["refresh_interval"] = 5.into();
        for (_, key, value) in &mut *settings {
            match &**key {
                "dag_bundle_config_list" => value.as_array_mut().unwrap().push(dag_bundle.take()),
                "coordinators" => value[DAG] = coordinator.clone(),
                "queue_to_coordinator" => value[DAG] = DAG.into(),
                _ => panic!("{key}"),
            }
        }
        // With two coordinators of one class Airflow asks which one starts the files of a Dag bundle.
        let parsing = json!({"dags-folder": "rust", "rust": "rust", DAG: DAG});
        let key = "dag_bundle_to_coordinator".to_owned();
        settings.push(("[sdk]".to_owned(), key, parsing));
    }
}

/// A run of the first version, a second version, and the first run again.
pub fn everything(airflow: &Airflow, repository: &Repository) {
    let api = &airflow.api;
    airflow.wait_for_dags(&[DAG]);
    let finished = |run: &str, attempt: u64| {
        let wanted = ("success".to_owned(), attempt);
        let ended = |(state, number): &(String, u64)| {
            *number == attempt && matches!(&**state, "success" | "failed")
        };
        let states = api.wait(DAG, run, PATIENCE, |states| {
            states.get("version").is_some_and(ended)
        });
        let number = u32::try_from(attempt).unwrap();
        let log = api.log(DAG, run, "version", number);
        assert_eq!(states["version"], wanted, "{run}: {log:#?}");
        api.xcom(DAG, run, "version", "return_value")
    };
    let version_of = |path: &str| api.get(path)["bundle_version"].clone();
    let version_of_run = |run: &str| version_of(&format!("/dags/{DAG}/dagRuns/{run}"));
    let current = || version_of(&format!("/dags/{DAG}"));

    api.trigger(DAG, "old", &json!({}));
    assert_eq!(finished("old", 1), json!(1));
    let first = current();
    assert_eq!(version_of_run("old"), first);
    assert_ne!(first, Value::Null);

    repository.commit(&["second"]);
    let deadline = Instant::now() + PATIENCE;
    while current() == first {
        assert!(Instant::now() < deadline, "the second version is not seen");
        std::thread::sleep(Duration::from_millis(500));
    }
    api.trigger(DAG, "new", &json!({}));
    api.clear(DAG, "old", "version");
    assert_eq!(finished("new", 1), json!(2));
    assert_eq!(version_of_run("new"), current());
    // The try has overwritten what the first one returned.
    assert_eq!(finished("old", 2), json!(1));
    assert_eq!(version_of_run("old"), first);
}
