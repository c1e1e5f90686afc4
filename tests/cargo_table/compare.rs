//! Runs `cargo build` and `cargo airflow-bundle` one after the other in one folder, and compares.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use serde_json::Value;

use crate::cases::Case;
use crate::project::{self, Outcome, Project};

/// The test project.
const PROJECT: &str = "cargo-table";

/// Goes through all cases, two at a time, and says what failed, with the name of the case.
pub fn failures<C: Sync>(cases: &[C], judge: fn(&C) -> Option<String>) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(failure) = judge(case) {
                        failed.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

/// What differs, if anything does.
pub fn failure(case: &Case) -> Option<String> {
    let differences = compare(case);
    (!differences.is_empty()).then(|| format!("{}:\n  {}", case.name, differences.join("\n  ")))
}

/// A copy of the project with the files of the case.
pub fn prepare(case: &Case) -> Project {
    let project = Project::copy(PROJECT);
    for (path, text) in case.files {
        project.write(path, &filled_in(text, &project));
    }
    if case.locked {
        project.cargo("generate-lockfile --offline").run().ok();
    }
    project
}

/// The triple of this machine.
fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(project::host)
}

/// `HOST` is the triple of this machine, `ROOT` the folder of the project.
fn filled_in(text: &str, project: &Project) -> String {
    text.replace("HOST", host())
        .replace("ROOT", project.root().to_str().unwrap())
}

/// cargo, with the variables and the folder of the case. Both of the compared commands are started so.
pub fn cargo(case: &Case, project: &Project, words: &str) -> Outcome {
    let mut run = project.cargo("").folder(&project.path(case.folder));
    for word in words.split_whitespace() {
        run = run.arg(filled_in(word, project));
    }
    for (name, value) in case.env {
        run = run.env(name, filled_in(value, project));
    }
    run.run()
}

fn compare(case: &Case) -> Vec<String> {
    let project = prepare(case);
    let format = "--message-format json";
    let built = cargo(
        case,
        &project,
        &format!("build {format} {} {}", case.args, case.cargo),
    );
    if case.fails {
        return compare_failed(case, &project, &built);
    }
    if built.code != 0 {
        return vec![format!("cargo build: {} {}", built.code, built.stderr)];
    }
    let by_cargo = executables(&built.json(), &project);
    let bytes: Vec<_> = by_cargo
        .iter()
        .map(|one| fs::read(project.path(one)).unwrap())
        .collect();
    let mut differences = Vec::new();
    let expected: BTreeSet<_> = case
        .built
        .iter()
        .map(|path| filled_in(path, &project))
        .collect();
    if by_cargo != expected {
        differences.push(format!("cargo itself built {by_cargo:?}, not {expected:?}"));
    }

    let packed = cargo(
        case,
        &project,
        &format!("airflow-bundle {format} {}", case.args),
    );
    if packed.code != 0 {
        differences.push(format!("{} {}", packed.code, packed.stderr));
        return differences;
    }
    let messages = packed.json();
    let built_again: Vec<_> = messages
        .iter()
        .filter(|message| message["reason"] == "compiler-artifact" && message["fresh"] != true)
        .map(|message| message["target"]["name"].to_string())
        .collect();
    if !built_again.is_empty() {
        differences.push(format!("built again: {built_again:?}"));
    }
    let by_ours = executables(&messages, &project);
    if by_ours != by_cargo {
        differences.push(format!("cargo built {by_cargo:?}, ours {by_ours:?}"));
    }
    let bundles: Vec<_> = messages
        .iter()
        .filter(|message| message["reason"] == "airflow-bundle")
        .collect();
    let from: BTreeSet<_> = bundles
        .iter()
        .filter_map(|bundle| relative(&bundle["executable"], &project))
        .collect();
    if from != by_cargo {
        differences.push(format!("cargo built {by_cargo:?}, packed were {from:?}"));
        return differences;
    }
    for bundle in bundles {
        let packed = fs::read(bundle["path"].as_str().unwrap()).unwrap();
        let name = relative(&bundle["executable"], &project).unwrap();
        let index = by_cargo.iter().position(|one| *one == name).unwrap();
        if !packed.starts_with(&bytes[index]) || packed.len() == bytes[index].len() {
            differences.push(format!("{name}: other bytes than cargo's"));
        }
    }
    let manifests = messages.iter().filter_map(|message| message.get("dags"));
    let manifests: Vec<_> = manifests.map(Value::to_string).collect();
    if !case.tasks.is_empty()
        && manifests
            .iter()
            .all(|manifest| !manifest.contains(case.tasks))
    {
        differences.push(format!("no {} in {manifests:?}", case.tasks));
    }
    differences
}

/// cargo refuses: so must we, with its code and its words.
fn compare_failed(case: &Case, project: &Project, built: &Outcome) -> Vec<String> {
    let packed = cargo(case, project, &format!("airflow-bundle {}", case.args));
    let first = built
        .stderr
        .lines()
        .find(|line| line.starts_with("error"))
        .unwrap_or("no error");
    let mut differences = Vec::new();
    if built.code == 0 || packed.code != built.code {
        let codes = (built.code, packed.code);
        differences.push(format!(
            "codes {codes:?}\n{}\n{}",
            built.stderr, packed.stderr
        ));
    }
    if !packed.stderr.contains(first) {
        differences.push(format!("not cargo's words: {first}\n{}", packed.stderr));
    }
    differences
}

/// The executables that cargo's messages name, relative to the project.
fn executables(messages: &[Value], project: &Project) -> BTreeSet<String> {
    let artifacts = messages
        .iter()
        .filter(|message| message["reason"] == "compiler-artifact");
    artifacts
        .filter_map(|artifact| relative(&artifact["executable"], project))
        .collect()
}

fn relative(path: &Value, project: &Project) -> Option<String> {
    let path = Path::new(path.as_str()?);
    let path = path.strip_prefix(project.root()).unwrap_or(path);
    Some(path.to_str().unwrap().to_owned())
}
