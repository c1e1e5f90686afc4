//! "When a task fails" and "From 3.3 to 3.4": each sentence that the documents quote is what a released Airflow prints when the fault
//! is made, and each code is what `verify` says of it.

mod made;

use std::fs;
use std::path::Path;

use airflow_protocol::Release;
use serde_json::json;

use crate::packer::{packer, run};
use crate::python::{self, Script};
use crate::quotes::{Quote, holds, quotes, sections, table, text};
use crate::releases::RELEASES;
use made::{Fault, Made, Printed, Settings, faults};

/// The documents.
const FAULTS: &str = "docs/when-a-task-fails.md";
const UPGRADE: &str = "docs/from-3.3-to-3.4.md";

#[test]
fn each_sentence_is_what_airflow_prints() {
    let text = text(FAULTS);
    let sections = sections(&text);
    let faults = faults();
    let headings: Vec<_> = sections.iter().map(|(heading, _)| *heading).collect();
    for fault in &faults {
        assert!(
            headings.contains(&fault.heading),
            "no section: {}",
            fault.heading
        );
    }
    let mut wrong = Vec::new();
    for (requirements, release) in RELEASES {
        let mut airflow = Script::start(&python::environment(requirements), "show_faults.py");
        let mut all = String::new();
        for (heading, section) in &sections {
            let fault = faults.iter().find(|fault| fault.heading == *heading);
            let fault = fault.unwrap_or_else(|| panic!("nobody makes the fault {heading:?}"));
            let quotes = quotes(section);
            assert!(!quotes.is_empty(), "{heading}: no sentence");
            if !quotes.iter().any(|quote| quote.is_of(release)) {
                continue;
            }
            let temporary = tempfile::tempdir().unwrap();
            let folder = temporary.path().canonicalize().unwrap().join("bundles");
            let printed = fault.meet(&mut airflow, release, &folder);
            let mut complaints = unheld(fault, section, &quotes, release, &printed);
            complaints.extend(unsaid(section, &folder));
            wrong.extend(
                complaints
                    .into_iter()
                    .map(|said| format!("{release}, {heading}: {said}")),
            );
            all.extend(printed.into_values());
        }
        if release == Release::AIRFLOW_3_4 {
            let loud = loud().into_iter().filter(|sentence| !holds(&all, sentence));
            wrong.extend(loud.map(|sentence| format!("{UPGRADE}: nobody prints {sentence}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What a section promises of a release, and is not so.
fn unheld(
    fault: &Fault,
    section: &str,
    quotes: &[Quote<'_>],
    release: Release,
    printed: &Printed,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for quote in quotes.iter().filter(|quote| quote.is_of(release)) {
        let place = quote.place(printed.keys().copied());
        let text = &printed[place];
        let unheld = quote
            .sentences
            .iter()
            .filter(|sentence| !holds(text, sentence));
        wrong.extend(unheld.map(|sentence| format!("{place}: {sentence}\n{text}")));
        let empty = ["task's log is empty", "no task's log"]
            .iter()
            .any(|words| quote.label.contains(words));
        if empty && !printed["the task's log"].is_empty() {
            wrong.push(format!("the task's log is {}", printed["the task's log"]));
        }
    }
    // Who sees an import error looks for its words. That of the program in these bundles has a section of its own.
    if let (Made::Bundle(..), Some(error)) = (&fault.made, printed.get("Dag import errors"))
        && !error.is_empty()
        && !section.contains("Dag import errors")
        && !error.contains("exited with code 1 without")
    {
        wrong.push(format!("the import error is not quoted: {error}"));
    }
    wrong
}

/// The sentences of what breaks loudly on the way to 3.4.
fn loud() -> Vec<String> {
    let text = text(UPGRADE);
    let rows = table(&text, "\n## What breaks loudly\n");
    let quoted = rows.iter().flat_map(|row| row[1].split("`, `"));
    let loud: Vec<_> = quoted.map(str::to_owned).collect();
    assert!(loud.len() > 8, "{loud:?}");
    loud
}

/// Each stub whose Dag 3.4 refuses is refused in these words, and 3.3 takes it.
#[test]
fn stubs_are_refused_as_told() {
    let text = text(UPGRADE);
    let rows = table(&text, "\n### Stubs whose Dag is refused\n");
    assert!(rows.len() > 7, "{rows:?}");
    for (requirements, release) in RELEASES {
        let mut airflow = Script::start(&python::environment(requirements), "show_faults.py");
        for row in &rows {
            let group = if row[1].starts_with("group") {
                GROUP
            } else {
                ""
            };
            let dag = [
                STUBS,
                &format!("    {}: ...\n", row[0]),
                group,
                &format!("    {}\n", row[1]),
                "the_dag = sales()\n",
            ];
            let answer = airflow.ask(&json!({ "serialize": dag.concat() }));
            let error = answer["error"].as_str().unwrap();
            let expected = match release.number {
                "3.3" => error.is_empty(),
                _ => holds(error, row[2]),
            };
            assert!(expected, "{release}: {row:?}: {error}");
        }
    }
}

/// The beginning of a Dag, up to the decorator of a stub.
const STUBS: &str = "from datetime import datetime
from airflow.sdk import dag, task, task_group
@dag(schedule=None)
def sales():
    @task.stub(queue='rust')
    def extract(): ...
    @task.stub(queue='rust')
    def each(i): ...
    @task.stub(queue='rust')
";

/// A group of tasks.
const GROUP: &str = "    @task_group
    def group(i):
        load(i)
";

/// The codes that `verify` says, by the section, and does not say of the folder.
fn unsaid(section: &str, folder: &Path) -> Vec<String> {
    let section = section.replace('\n', " ");
    let mut unsaid = Vec::new();
    for part in section.split("`verify").skip(1) {
        let (flags, rest) = part.split_once('`').unwrap();
        let (sentence, _) = rest.split_once(". ").unwrap_or((rest, ""));
        let ways = [" says `", " warns with `"];
        let Some((_, promised)) = ways.iter().find_map(|way| sentence.split_once(way)) else {
            continue;
        };
        let mut verify = packer();
        verify
            .arg("verify")
            .args(flags.split_whitespace())
            .arg(folder);
        let said = run(&mut verify);
        let said = [said.text(), &said.stderr].concat();
        let promised = promised.split('`').step_by(2);
        let promised = promised.filter(|code| !said.contains(&format!("[{code}]")));
        unsaid.extend(promised.map(|code| format!("`verify` does not say {code}")));
    }
    unsaid
}

/// The text of all files with an ending below a folder.
fn sources(folder: &Path, ending: &str) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path, ending);
        } else if path.extension().is_some_and(|found| found == ending) {
            text += &fs::read_to_string(&path).unwrap();
        }
    }
    text
}

/// What only a whole deployment says stands in the source of the releases that say it, and of no other.
#[test]
fn what_else_airflow_says_is_in_its_source() {
    let text = text(FAULTS);
    let rows = table(&text, "\n## What else Airflow says of a task\n");
    assert!(rows.len() > 5, "{rows:?}");
    for (column, (requirements, release)) in RELEASES.into_iter().enumerate() {
        let python = python::environment(requirements);
        let library = python.parent().unwrap().with_file_name("lib");
        let mut versions = fs::read_dir(library).unwrap();
        let packages = versions
            .next()
            .unwrap()
            .unwrap()
            .path()
            .join("site-packages");
        // The task SDK, the scheduler, the API server.
        let folders = ["sdk", "models", "api_fastapi/execution_api"];
        let source = folders
            .map(|folder| sources(&packages.join("airflow").join(folder), "py"))
            .concat();
        for row in &rows {
            let is_said = holds(&source, row[2]);
            assert_eq!(is_said, row[column] == "yes", "{release}: {row:?}");
        }
    }
}

/// What a bundle says stands in the source of the SDK, or, where the SDK joins a sentence from parts, in what the live tests look for.
#[test]
fn what_a_bundle_says_is_in_its_source() {
    let faults = text(FAULTS);
    let rows = table(&faults, "\n## What a bundle says\n");
    assert!(rows.len() > 10, "{rows:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = ["sdk/src", "crates/airflow-protocol/src"]
        .map(|folder| sources(&root.join(folder), "rs"))
        .concat();
    let live = text("tests/live/arguments.rs");
    for row in rows {
        assert!(holds(&source, row[0]) || holds(&live, row[0]), "{row:?}");
    }
}

/// A release knows the setting of its own, and no other's.
#[test]
fn a_release_knows_its_folder_setting() {
    for (requirements, release) in RELEASES {
        let mut airflow = Script::start(&python::environment(requirements), "show_faults.py");
        for told in Release::ALL {
            let temporary = tempfile::tempdir().unwrap();
            let mut settings = Settings::of(release, temporary.path());
            let kwargs =
                Settings::of(told, temporary.path()).coordinators["rust"]["kwargs"].clone();
            settings.kwargs(&kwargs);
            let request = json!({"settings": settings.variables(), "queue": "rust", "chmod": true});
            let answer = airflow.ask(&json!({ "run": request }));
            let worker = answer["worker"].as_str().unwrap();
            let refused = format!("unexpected keyword argument '{}'", told.folder_setting);
            assert_eq!(
                worker.contains(&refused),
                told != release,
                "{release}, told {told}: {worker}"
            );
            let searched =
                worker.contains("cannot find executable bundle containing dag_id='sales'");
            assert_eq!(
                searched,
                told == release,
                "{release}, told {told}: {worker}"
            );
        }
    }
}
