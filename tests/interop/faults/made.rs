//! The faults, as they are made, and what a released Airflow prints of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use airflow_protocol::Release;
use serde_json::{Value, json};

use crate::packer::{MANIFEST, assemble, program, replaced, set_mode};
use crate::python::Script;

/// The folder of bundles in the document.
const FOLDER: &str = "/opt/airflow/executable-bundles";
/// The class of the coordinator.
const CLASS: &str = "airflow.sdk.coordinators.executable.ExecutableCoordinator";

/// A fault, as a section of the document has it.
pub struct Fault {
    pub heading: &'static str,
    pub made: Made,
}

/// How a fault is made.
pub enum Made {
    /// With the bundle `sales` in the folder, of these bytes and this mode; without a file there is no folder.
    Bundle(Option<Vec<u8>>, u32),
    /// With a bundle that sleeps, and limits of a second.
    Sleep,
    /// With these settings in the place of those that a release is told.
    Settings(fn(&mut Settings, Release)),
    /// With these lines in `airflow.cfg`.
    Configuration(&'static str),
    /// With a folder that a link leads to again.
    Link,
    /// By a worker that runs the stub as a Python task.
    Stub,
}

/// A program that exits with 1.
const EXITS: &[u8] = b"#!/bin/sh\nexit 1\n";

fn bundle(program: &[u8], manifest: &str) -> Made {
    let bytes = assemble(program, b"", manifest.as_bytes());
    Made::Bundle(Some(bytes), 0o755)
}

fn version(version: &str) -> Made {
    bundle(EXITS, &replaced(MANIFEST, "2026-06-16", version))
}

/// An executable of this machine whose header names another processor.
fn of_another_machine() -> Vec<u8> {
    let mut bytes = fs::read(program("prints_file")).unwrap();
    let machine = if cfg!(target_arch = "aarch64") {
        62_u16
    } else {
        183
    };
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes
}

/// An executable of this machine whose header names a loader that is nowhere.
fn with_another_loader() -> Vec<u8> {
    let mut bytes = fs::read(program("prints_file")).unwrap();
    let found = bytes
        .windows(9)
        .position(|bytes| bytes == b"/ld-linux")
        .unwrap();
    bytes[found..found + 4].copy_from_slice(b"/no-");
    bytes
}

/// The faults of all sections.
pub fn faults() -> Vec<Fault> {
    let all = of_bundles().into_iter().chain(of_settings());
    all.map(|(heading, made)| Fault { heading, made }).collect()
}

fn of_bundles() -> Vec<(&'static str, Made)> {
    let good = assemble(EXITS, b"", MANIFEST.as_bytes());
    let changed = [b"# signed\n", &good[9..]].concat();
    let appended = [&good[..], &[b'-'; 64]].concat();
    vec![
        (
            "No bundle serves the Dag",
            bundle(EXITS, &replaced(MANIFEST, "\"sales\"", "\"other\"")),
        ),
        ("The folder is not there", Made::Bundle(None, 0)),
        (
            "The file may not be executed",
            Made::Bundle(Some(good), 0o644),
        ),
        (
            "The file was changed after packing",
            Made::Bundle(Some(changed), 0o755),
        ),
        (
            "The file was stripped, or appended to",
            Made::Bundle(Some(appended), 0o755),
        ),
        ("The bundle is for another release", version("2026-10-30")),
        ("The bundle is for a release to come", version("2099-01-01")),
        (
            "The manifest ends the worker's search",
            bundle(EXITS, "dags: {\"sales\": {}}\nwhen: !!bool x\n"),
        ),
        (
            "The manifest has an impossible value",
            bundle(EXITS, "dags: {\"sales\": {}}\nwhen: 2026-13-45\n"),
        ),
        (
            "It is for another machine",
            bundle(&of_another_machine(), MANIFEST),
        ),
        (
            "Its interpreter is missing",
            bundle(&with_another_loader(), MANIFEST),
        ),
        ("It ends before it connects", bundle(EXITS, MANIFEST)),
        ("It does not connect in time", Made::Sleep),
        ("A link leads to a folder twice", Made::Link),
    ]
}

fn of_settings() -> Vec<(&'static str, Made)> {
    vec![
        (
            "The settings of 3.3 under 3.4",
            Made::Settings(|settings, _| settings.kwargs(&json!({"executables_root": [FOLDER]}))),
        ),
        (
            "The settings of 3.4 under 3.3",
            Made::Settings(|settings, _| {
                settings.kwargs(&json!({"task_handler_bundle_name": "rust"}));
            }),
        ),
        (
            "No folder is named",
            Made::Settings(|settings, _| settings.kwargs(&json!({}))),
        ),
        (
            "The Dag bundle is not configured",
            Made::Settings(|settings, _| {
                settings.set(
                    "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST",
                    &json!([local("dags-folder", None)]),
                );
            }),
        ),
        (
            "Two coordinators of one class",
            Made::Settings(|settings, _| {
                settings.coordinators["second"] = json!({"classpath": CLASS, "kwargs": {}});
            }),
        ),
        (
            "The queue leads to a coordinator without a name",
            Made::Settings(|settings, _| {
                settings.set("SDK__QUEUE_TO_COORDINATOR", &json!({"rust": "rsut"}));
            }),
        ),
        (
            "The class is wrong",
            Made::Settings(|settings, _| {
                settings.coordinators["rust"]["classpath"] = json!("airflow.sdk.Executables");
            }),
        ),
        (
            "A value is no JSON",
            Made::Settings(|settings, _| settings.coordinators = json!(null)),
        ),
        ("The queue leads to no coordinator", Made::Stub),
        (
            "A heading stands twice",
            Made::Configuration("[sdk]\ncoordinators = {}\n[sdk]\n"),
        ),
        (
            "A key stands twice",
            Made::Configuration("[sdk]\ncoordinators = {}\ncoordinators = {}\n"),
        ),
        (
            "The further lines of a value are not indented",
            Made::Configuration("[sdk]\ncoordinators = {\n}\n"),
        ),
    ]
}

/// The settings of a deployment without fault.
pub struct Settings {
    pub coordinators: Value,
    others: BTreeMap<&'static str, String>,
}

/// A Dag bundle in a local folder.
fn local(name: &str, path: Option<&Path>) -> Value {
    let kwargs = path.map_or_else(|| json!({}), |path| json!({ "path": path }));
    json!({"name": name, "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": kwargs})
}

impl Settings {
    pub fn of(release: Release, folder: &Path) -> Self {
        let place = match release.folder_setting {
            "executables_root" => json!([folder]),
            _ => json!("rust"),
        };
        let kwargs = json!({release.folder_setting: place});
        let mut settings = Self {
            coordinators: json!({"rust": {"classpath": CLASS, "kwargs": kwargs}}),
            others: BTreeMap::new(),
        };
        settings.set("SDK__QUEUE_TO_COORDINATOR", &json!({"rust": "rust"}));
        let bundles = json!([local("dags-folder", None), local("rust", Some(folder))]);
        settings.set("DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", &bundles);
        settings
    }

    fn set(&mut self, key: &'static str, value: &Value) {
        self.others.insert(key, value.to_string());
    }

    pub fn kwargs(&mut self, kwargs: &Value) {
        self.coordinators["rust"]["kwargs"] = kwargs.clone();
    }

    /// As variables. A coordinator that is null is a text that is no JSON.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let coordinators = match &self.coordinators {
            Value::Null => "{'rust': {}}".to_owned(),
            coordinators => coordinators.to_string(),
        };
        let others = self.others.iter().map(|(key, value)| (*key, value.clone()));
        let all = others.chain([("SDK__COORDINATORS", coordinators)]);
        all.map(|(key, value)| (format!("AIRFLOW__{key}"), value))
            .collect()
    }
}

/// What was printed, by the place that has it in the document.
pub type Printed = BTreeMap<&'static str, String>;

impl Fault {
    /// Makes the fault, and has a release meet it. The folder of bundles is one of its own.
    pub fn meet(&self, airflow: &mut Script, release: Release, folder: &Path) -> Printed {
        let mut settings = Settings::of(release, folder);
        let file = folder.join("sales");
        let (mut bytes, mut mode) = (Some(assemble(EXITS, b"", MANIFEST.as_bytes())), 0o755);
        match &self.made {
            Made::Bundle(made, with) => (bytes, mode) = (made.clone(), *with),
            Made::Sleep => {
                bytes = Some(assemble(
                    b"#!/bin/sh\nexec sleep 30\n",
                    b"",
                    MANIFEST.as_bytes(),
                ));
                settings.coordinators["rust"]["kwargs"]["task_startup_timeout"] = json!(1);
                settings.set("CORE__DAGBAG_IMPORT_TIMEOUT", &json!(1));
            }
            Made::Settings(change) => change(&mut settings, release),
            Made::Configuration(text) => {
                let answer = airflow.ask(&json!({"configuration": text}));
                return printed(&answer, folder, &[("on the terminal", "error")]);
            }
            Made::Stub => {
                let answer = airflow.ask(&json!({"execute": DAG}));
                return printed(&answer, folder, &[("the task's log", "error")]);
            }
            Made::Link => {
                fs::create_dir_all(folder.join("team")).unwrap();
                std::os::unix::fs::symlink("team", folder.join("again")).unwrap();
                let answer = airflow.ask(&json!({"list": folder}));
                return printed(&answer, folder, &[("the Dag processor's log", "error")]);
            }
        }
        if let Some(bytes) = bytes {
            fs::create_dir(folder).unwrap();
            fs::write(&file, bytes).unwrap();
            set_mode(&file, mode);
        }
        let variables = settings.variables();
        let request = json!({"settings": variables, "queue": "rust", "chmod": mode & 0o111 != 0});
        let answer = airflow.ask(&json!({ "run": request }));
        let mut all = printed(
            &answer,
            folder,
            &[
                ("the worker's log", "worker"),
                ("the worker's log at DEBUG", "debug"),
                ("the task's log", "task"),
            ],
        );
        // The Dag processor would set the bits.
        if release.parses_bundles && folder.exists() && mode & 0o111 != 0 {
            let request = json!({"settings": variables, "file": file, "folder": folder});
            let answer = airflow.ask(&json!({ "parse": request }));
            all.extend(printed(&answer, folder, &[("Dag import errors", "error")]));
        }
        all
    }
}

fn printed(answer: &Value, folder: &Path, places: &[(&'static str, &str)]) -> Printed {
    let folder = folder.to_str().unwrap();
    let text = |key: &str| answer[key].as_str().unwrap().replace(folder, FOLDER);
    places
        .iter()
        .map(|(place, key)| (*place, text(key)))
        .collect()
}

/// A Dag with one stub.
const DAG: &str = "from airflow.sdk import dag, task
@dag(schedule=None)
def sales():
    @task.stub(queue='rust')
    def extract(): ...
    extract()
the_dag = sales()
";
