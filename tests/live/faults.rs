//! "When a task fails" under a whole Airflow: where the sentences stand that it quotes. `tests/interop/faults` holds each of them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::airflow::Airflow;
use crate::bundles;
use crate::quotes::{holds, quotes, sections, text};

const RUN: &str = "live";
const PATIENCE: Duration = Duration::from_mins(4);
/// The bundle whose bytes are not those that were packed.
const CHANGED: &str = "changed";
/// A Dag that no bundle serves.
const DAG: &str = r#"from airflow.sdk import dag, task


@dag(schedule=None)
def unserved():
    @task.stub(queue="rust")
    def extract(): ...

    @task.stub(queue="python")
    def unrouted(): ...

    extract()
    unrouted()


unserved()
"#;

/// Puts the faults into an Airflow's home.
pub fn add_to(home: &Path) {
    fs::write(home.join("dags/unserved.py"), DAG).unwrap();
    let mut bytes = fs::read(bundles::packed("sdk-pipeline", &[])).unwrap();
    // Any byte of the executable, which is never started.
    bytes[4095] ^= 1;
    fs::write(home.join("bundles").join(CHANGED), bytes).unwrap();
}

/// The sentences of a section of the document, in the names of this Airflow.
fn sentences(airflow: &Airflow, heading: &str) -> Vec<(String, String)> {
    let text = text("docs/when-a-task-fails.md");
    let sections = sections(&text);
    let (_, section) = sections
        .iter()
        .find(|(found, _)| *found == heading)
        .unwrap();
    let folder = airflow.home.join("bundles");
    let here = |sentence: &str| {
        let sentence =
            sentence.replace("/opt/airflow/executable-bundles", folder.to_str().unwrap());
        sentence.replace("'sales'", "'unserved'")
    };
    let quotes = quotes(section);
    let all = quotes.iter().flat_map(|quote| {
        quote
            .sentences
            .iter()
            .map(|sentence| (quote.label.to_owned(), here(sentence)))
    });
    all.collect()
}

/// The import errors of these files, as the document has them.
pub fn import_errors(airflow: &Airflow) -> Vec<[Value; 3]> {
    let sentences = sentences(airflow, "The file was changed after packing");
    let (_, error) = sentences
        .iter()
        .find(|(label, _)| label.contains("Dag import errors"))
        .unwrap();
    let file = airflow.home.join("bundles").join(CHANGED);
    let sales = airflow.home.join("bundles/sales");
    let error = error.replace(sales.to_str().unwrap(), file.to_str().unwrap());
    vec![[json!("rust"), json!(CHANGED), json!(error)]]
}

/// A task without a bundle, and one that nothing sends to a bundle.
pub fn everything(airflow: &Airflow) {
    let api = &airflow.api;
    airflow.wait_for_dags(&["unserved"]);
    api.trigger("unserved", RUN, &json!({}));
    api.wait_for_end("unserved", RUN, PATIENCE);
    let states = api.states("unserved", RUN);
    let failed = ("failed".to_owned(), 1);
    assert!(
        states.len() == 2 && states.values().all(|state| *state == failed),
        "{states:?}"
    );

    // The task's log is empty; the scheduler's has the reason, and the sentence that names none.
    let log = airflow.home.join(format!(
        "logs/dag_id=unserved/run_id={RUN}/task_id=extract/attempt=1.log"
    ));
    assert_eq!(fs::read_to_string(log).unwrap(), "");
    let scheduler = fs::read_to_string(airflow.home.join("scheduler.log")).unwrap();
    let mut expected = sentences(airflow, "No bundle serves the Dag");
    let text = text("docs/when-a-task-fails.md");
    let (introduction, _) = text.split_once("\n## ").unwrap();
    let [mismatch] = quotes(introduction)
        .try_into()
        .unwrap_or_else(|_| panic!("{introduction}"));
    let mismatch = mismatch.sentences[0].replace("sales.", "unserved.");
    expected.push((String::new(), mismatch.clone()));
    for (_, sentence) in expected {
        assert!(holds(&scheduler, &sentence), "{sentence}");
    }
    let events = api.get("/eventLogs?dag_id=unserved&task_id=extract");
    let is_mismatch = |event: &Value| {
        event["event"] == "state mismatch"
            && holds(event["extra"].as_str().unwrap_or_default(), &mismatch)
    };
    let events_list = events["event_logs"].as_array().unwrap();
    assert!(events_list.iter().any(is_mismatch), "{events:#}");

    let records = api.log("unserved", RUN, "unrouted", 1);
    let errors = records.iter().map(|record| &record["error_detail"][0]);
    let errors: Vec<_> = errors
        .map(|error| {
            format!(
                "{}: {}",
                error["exc_type"].as_str().unwrap_or(""),
                error["exc_value"].as_str().unwrap_or("")
            )
        })
        .collect();
    for (_, sentence) in sentences(airflow, "The queue leads to no coordinator") {
        assert!(errors.contains(&sentence), "{records:#?}");
    }
}
